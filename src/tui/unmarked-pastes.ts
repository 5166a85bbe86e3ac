/**
 * Pastes of terminals that do not mark them: more keys within a moment than anybody types. They
 * become pastes like marked ones, so that no line break in them sends anything.
 */
import { isControl, isPlain, type Key } from "./key-decoder.ts";

/** More keys than this within the time are a paste, not a person. */
const MAX_TYPED_KEYS = 8;
const MOMENT_MS = 20;
/** Something that never stops must be seen all the same. */
const MAX_HELD_MS = 1000;

export class UnmarkedPastes {
  readonly #deliver: (key: Key) => void;
  /** When the last keys came, as many as count. */
  #times: number[] = [];
  /** Keys of a paste that goes on, or behind an Enter that may be one of a paste. */
  #held: Key[] = [];
  #heldSince = 0;
  /** So many came that what is held is a paste. */
  #isPaste = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(deliver: (key: Key) => void) {
    this.#deliver = deliver;
  }

  /** Keys that came together, at `now` in milliseconds. */
  take(keys: readonly Key[], now: number): void {
    // Where pastes are marked, an Enter straight behind one sends it, whatever else was typed ahead.
    const sending = keys.findIndex(
      (key, index) => isPlain(key, "enter") && keys[index - 1]?.kind === "paste",
    );
    if (sending === -1 || this.#held.length > 0) {
      this.#sort(keys, now);
      return;
    }
    this.#sort(keys.slice(0, sending), now);
    this.#sort(keys.slice(sending, sending + 1), now);
    this.take(keys.slice(sending + 1), now);
  }

  #sort(keys: readonly Key[], now: number): void {
    this.#times = this.#times.filter((time) => now - time <= MOMENT_MS);
    let doubtful = keys.length;
    for (const [index, key] of keys.entries()) {
      if (isPlain(key, "enter") && this.#times.length > 0) doubtful = Math.min(doubtful, index);
      this.#count(key, now);
      this.#isPaste ||= this.#times.length > MAX_TYPED_KEYS;
    }
    if (this.#isPaste || this.#held.length > 0) {
      this.#hold(keys, now);
      return;
    }
    for (const key of keys.slice(0, doubtful)) this.#deliver(key);
    if (doubtful < keys.length) this.#hold(keys.slice(doubtful), now);
  }

  /** What is held is dropped: nobody takes keys any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#held = [];
  }

  #count(key: Key, now: number): void {
    // A marked paste is one thing, and what follows it is typed.
    if (key.kind === "paste") this.#times = [];
    if (key.kind === "paste" || key.kind === "focus") return;
    const count = key.kind === "text" ? key.text.length : 1;
    const counted = Math.min(count, MAX_TYPED_KEYS + 1);
    this.#times.push(...Array.from({ length: counted }, () => now));
    this.#times = this.#times.slice(-MAX_TYPED_KEYS - 1);
  }

  /** A paste for as long as it goes on; what may be none for a moment. */
  #hold(keys: readonly Key[], now: number): void {
    if (this.#held.length === 0) this.#heldSince = now;
    this.#held.push(...keys);
    const isDue = this.#timer !== undefined && !this.#isPaste;
    if (isDue || now - this.#heldSince > MAX_HELD_MS) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#release(), MOMENT_MS);
  }

  #release(): void {
    this.#timer = undefined;
    const keys = this.#isPaste ? joined(this.#held) : this.#held;
    this.#held = [];
    this.#times = [];
    this.#isPaste = false;
    for (const key of keys) this.#deliver(key);
  }
}

/** What is text becomes pastes; every other key stays what it is. */
function joined(keys: readonly Key[]): readonly Key[] {
  const all: Key[] = [];
  let texts: string[] = [];
  const flush = (): void => {
    if (texts.length > 0) all.push({ kind: "paste", text: texts.join("") });
    texts = [];
  };
  for (const key of keys) {
    const text = textOf(key);
    if (text !== undefined) {
      texts.push(text);
      continue;
    }
    flush();
    all.push(key);
  }
  flush();
  return all;
}

function textOf(key: Key): string | undefined {
  if (key.kind === "text") return key.text;
  if (isPlain(key, "enter") || isControl(key, "j")) return "\n";
  return isPlain(key, "tab") ? "\t" : undefined;
}
