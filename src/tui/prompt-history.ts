/** What was typed before: in this session, and in those before it, fetched when it is asked for. */

import { type Cell, isPicture } from "./text-editor.ts";

export interface PromptEntry {
  readonly text: string;
  /** As it was written, with its pastes and pictures; undefined: only the text was stored. */
  readonly cells: readonly Cell[] | undefined;
}

/** Asks for the entry at this offset of the history file; the answer comes as an event. */
export type RequestEntry = (offset: number) => void;

export class PromptHistory {
  /** Newest last. */
  readonly #own: PromptEntry[] = [];
  /** Of the file, by offset. */
  readonly #stored = new Map<number, string>();
  readonly #request: RequestEntry;
  #storedCount = 0;

  constructor(request: RequestEntry) {
    this.#request = request;
  }

  /** The file, as it was when the session began. */
  setStoredCount(count: number): void {
    this.#storedCount = count;
    this.#stored.clear();
  }

  add(entry: PromptEntry): void {
    const hasPicture = entry.cells?.some(isPicture) === true;
    const isNew = entry.text.trim() !== "" && this.#own.at(-1)?.text !== entry.text;
    if (isNew || hasPicture) this.#own.push(entry);
  }

  get length(): number {
    return this.#own.length + this.#storedCount;
  }

  /** 0 is the newest. Undefined when it has to be fetched first, or does not exist. */
  at(age: number): PromptEntry | undefined {
    if (age < this.#own.length) return this.#own[this.#own.length - 1 - age];
    const offset = this.#offset(age);
    if (offset < 0) return undefined;
    const known = this.#stored.get(offset);
    if (known !== undefined) return { text: known, cells: undefined };
    this.#request(offset);
    return undefined;
  }

  /** The answer to a request; which age it has. */
  received(offset: number, text: string | undefined): number {
    this.#stored.set(offset, text ?? "");
    return this.#own.length + (this.#storedCount - 1 - offset);
  }

  /** The newest entry older than `after` that contains `text`. Only what has been fetched. */
  find(text: string, after: number): number | undefined {
    const wanted = text.toLowerCase();
    for (let age = after + 1; age < this.length; age += 1) {
      const entry =
        age < this.#own.length ? this.at(age)?.text : this.#stored.get(this.#offset(age));
      if (entry?.toLowerCase().includes(wanted) === true) return age;
    }
    return undefined;
  }

  /** Asks for the newest `count` of the file. */
  prefetch(count: number): void {
    for (
      let age = this.#own.length;
      age < Math.min(this.length, this.#own.length + count);
      age += 1
    ) {
      this.at(age);
    }
  }

  #offset(age: number): number {
    return this.#storedCount - 1 - (age - this.#own.length);
  }
}

const SECRETS = [
  /\b(?:sk|pk|rk)[-_][\w-]{16,}/u,
  /\bgh[opsru]_\w{20,}/u,
  /\bgithub_pat_\w{20,}/u,
  /\bxox[abprs]-[\w-]{10,}/u,
  /\bAKIA[0-9A-Z]{16}\b/u,
  /\beyJ[\w-]{10,}\.[\w-]{10,}\./u,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/u,
  /\b(?:api[_-]?key|token|secret|password)\b["']?\s*[:=]\s*["']?[^\s"']{12,}/iu,
];

/** Looks like a key or a token: not for a file. */
export function looksSecret(text: string): boolean {
  return SECRETS.some((pattern) => pattern.test(text));
}
