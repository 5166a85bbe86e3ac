/**
 * Bytes of a terminal → keys. Understands the classic sequences, xterm's modifyOtherKeys, the kitty
 * keyboard protocol and bracketed paste; answers to queries are taken out of the stream.
 */

export type KeyName =
  | "enter"
  | "tab"
  | "escape"
  | "backspace"
  | "delete"
  | "up"
  | "down"
  | "left"
  | "right"
  | "home"
  | "end"
  | "page-up"
  | "page-down";

export type Key =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "key";
      readonly name: KeyName;
      readonly ctrl: boolean;
      readonly alt: boolean;
      readonly shift: boolean;
    }
  /** A letter with Ctrl or Alt, in lower case. */
  | {
      readonly kind: "chord";
      readonly letter: string;
      readonly ctrl: boolean;
      readonly alt: boolean;
    }
  | { readonly kind: "paste"; readonly text: string }
  | { readonly kind: "focus"; readonly isFocused: boolean };

/** Without a modifier. */
export function isPlain(key: Key, name: KeyName): boolean {
  return key.kind === "key" && key.name === name && !key.ctrl && !key.alt && !key.shift;
}

export function isControl(key: Key, letter: string): boolean {
  return key.kind === "chord" && key.ctrl && !key.alt && key.letter === letter;
}

const ESC = "\u001b";
const PASTE_START = `${ESC}[200~`;
const PASTE_END = `${ESC}[201~`;
const MODE_REPORT = /^\u001b\[\?(\d+);(\d+)\$y$/u;
/** No key begins so: the rest of an answer is still on its way. */
const ANSWER_START = /^\u001b\[\?[\d;]*\$?$/u;
/** Longer than any sequence of a key; what is longer is no key. */
const MAX_SEQUENCE = 64;

export class KeyDecoder {
  readonly #utf8 = new TextDecoder("utf-8");
  #pending = "";
  #paste: string[] | undefined;
  readonly #onModeReport: (mode: number, state: number) => void;

  /** What the terminal answers of one of its modes is no key. Source: DECRPM in DEC's VT510 manual. */
  constructor(onModeReport: (mode: number, state: number) => void = () => undefined) {
    this.#onModeReport = onModeReport;
  }

  /** Keys that are complete. What may be the beginning of a sequence is kept for `feed` or `flush`. */
  feed(bytes: Uint8Array): readonly Key[] {
    this.#pending += this.#utf8.decode(bytes, { stream: true });
    return this.#decode(false);
  }

  /** There is an unfinished sequence: call `flush` when nothing follows within some 50 ms. */
  get isWaiting(): boolean {
    return this.#pending !== "" && this.#paste === undefined;
  }

  /** Nothing followed: a lone ESC was the Escape key. */
  flush(): readonly Key[] {
    return this.#decode(true);
  }

  #decode(isFinal: boolean): readonly Key[] {
    const keys: Key[] = [];
    while (this.#pending !== "") {
      if (this.#paste !== undefined) {
        if (!this.#takePaste(keys)) break;
        continue;
      }
      if (this.#pending.startsWith(PASTE_START)) {
        this.#pending = this.#pending.slice(PASTE_START.length);
        this.#paste = [];
        continue;
      }
      const length = this.#pending.startsWith(ESC)
        ? sequenceLength(this.#pending)
        : textLength(this.#pending);
      if (length === undefined && (!isFinal || ANSWER_START.test(this.#pending))) break;
      const token = this.#pending.slice(0, length ?? undefined);
      this.#pending = this.#pending.slice(token.length);
      if (length === undefined && token.length > 1) {
        // Escape, and then something that only looked like the rest of a sequence.
        keys.push(namedKey("escape"));
        this.#pending = token.slice(1);
        continue;
      }
      const [, mode, state] = MODE_REPORT.exec(token) ?? [];
      if (mode === undefined) keys.push(...decodeToken(token));
      else this.#onModeReport(Number(mode), Number(state));
    }
    return keys;
  }

  #takePaste(keys: Key[]): boolean {
    const end = this.#pending.indexOf(PASTE_END);
    if (end === -1) {
      // The end marker may be cut by the border of two reads.
      const kept = Math.max(0, this.#pending.length - PASTE_END.length + 1);
      this.#paste?.push(this.#pending.slice(0, kept));
      this.#pending = this.#pending.slice(kept);
      return false;
    }
    this.#paste?.push(this.#pending.slice(0, end));
    keys.push({ kind: "paste", text: (this.#paste ?? []).join("") });
    this.#pending = this.#pending.slice(end + PASTE_END.length);
    this.#paste = undefined;
    return true;
  }
}

/** Undefined: the sequence is not complete. */
function sequenceLength(text: string): number | undefined {
  const second = text[1];
  if (second === undefined) return undefined;
  if (second === "[") {
    // Function keys of the Linux console, and the oldest way to report a mouse.
    if (text[2] === "[") return text.length < 4 ? undefined : 4;
    if (text[2] === "M") return text.length < 6 ? undefined : 6;
    const match = /^\u001b\[[\u0030-\u003f]*[\u0020-\u002f]*[\u0040-\u007e]/u.exec(text);
    if (match !== null) return match[0].length;
    return text.length > MAX_SEQUENCE ? 2 : undefined;
  }
  if (second === "O") return text.length < 3 ? undefined : 3;
  if (second === "]" || second === "P" || second === "_") {
    const match = /^\u001b[\]P_][^\u0007\u001b]*(?:\u0007|\u001b\\)/u.exec(text);
    return match === null ? (text.length > 4096 ? 2 : undefined) : match[0].length;
  }
  if (second === ESC) {
    // Alt with a key that is a sequence itself, or the Escape key twice.
    const inner = sequenceLength(text.slice(1));
    return inner === undefined
      ? undefined
      : inner > 1 && /^[[O]/u.test(text.slice(2))
        ? 1 + inner
        : 1;
  }
  return 1 + String.fromCodePoint(text.codePointAt(1) ?? 0x20).length;
}

function textLength(text: string): number {
  const match = /^[^\u0000-\u001f\u007f]+/u.exec(text);
  return match === null ? 1 : match[0].length;
}

function decodeToken(token: string): readonly Key[] {
  if (token === ESC) return [namedKey("escape")];
  if (token.startsWith(`${ESC}${ESC}`)) return withAlt(decodeToken(token.slice(1)));
  if (token.startsWith(`${ESC}[`)) return decodeCsi(token.slice(2));
  // Enter of the keypad.
  if (token === `${ESC}OM`) return [namedKey("enter")];
  if (token.startsWith(`${ESC}O`)) return decodeFinal(token.slice(2), 1);
  if (/^\u001b[\]P_]/u.test(token)) return [];
  if (token.startsWith(ESC)) return withAlt(decodePlain(token.slice(1)));
  return decodePlain(token);
}

function decodePlain(text: string): readonly Key[] {
  switch (text) {
    case "\r":
      return [namedKey("enter")];
    case "\t":
      return [namedKey("tab")];
    case "\u007f":
    case "\b":
      return [namedKey("backspace")];
    case "\n":
      return [chord("j", true, false)];
    case "\u0000":
      return [chord(" ", true, false)];
  }
  const code = text.charCodeAt(0);
  if (code < 0x20) return [chord(String.fromCharCode(code + 0x60), true, false)];
  return [{ kind: "text", text }];
}

function withAlt(keys: readonly Key[]): readonly Key[] {
  return keys.map((key) => {
    if (key.kind === "key" || key.kind === "chord") return { ...key, alt: true };
    if (key.kind === "text") return chord(key.text.toLowerCase(), false, true);
    return key;
  });
}

const FINALS: Readonly<Record<string, KeyName>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  H: "home",
  F: "end",
};

const TILDES: Readonly<Record<number, KeyName>> = {
  1: "home",
  3: "delete",
  4: "end",
  5: "page-up",
  6: "page-down",
  7: "home",
  8: "end",
};

function decodeCsi(body: string): readonly Key[] {
  const final = body.at(-1) ?? "";
  const parameters = body.slice(0, -1);
  // Answers, and mice that somebody has left switched on.
  if (/^[?><]/u.test(parameters) || body.startsWith("M") || body.startsWith("[")) return [];
  if (parameters === "" && final === "I") return [{ kind: "focus", isFocused: true }];
  if (parameters === "" && final === "O") return [{ kind: "focus", isFocused: false }];
  if (parameters === "" && final === "Z") return [{ ...namedKey("tab"), shift: true }];
  const numbers = parameters.split(";").map((part) => Number.parseInt(part, 10) || 0);
  const [first = 0, second = 1, third = 0] = numbers;
  // modifyOtherKeys: CSI 27 ; modifiers ; code point ~
  if (final === "~" && first === 27) return decodeCodePoint(third, second);
  // kitty: CSI code point ; modifiers u
  if (final === "u") return decodeCodePoint(first, second);
  if (final === "~") {
    const name = TILDES[first];
    return name === undefined ? [] : [modified(name, second)];
  }
  return decodeFinal(final, numbers.length > 1 ? second : 1);
}

function decodeFinal(final: string, modifiers: number): readonly Key[] {
  const name = FINALS[final];
  return name === undefined ? [] : [modified(name, modifiers)];
}

const CODE_POINTS: Readonly<Record<number, KeyName>> = {
  9: "tab",
  13: "enter",
  27: "escape",
  127: "backspace",
  // The keypad, where it gives no text. Source: kitty's keyboard protocol.
  57414: "enter",
  57417: "left",
  57418: "right",
  57419: "up",
  57420: "down",
  57421: "page-up",
  57422: "page-down",
  57423: "home",
  57424: "end",
  57426: "delete",
};

/** What these have always been with Ctrl: terminals that tell them apart change nothing here. */
const CONTROL_NAMES: Readonly<Record<string, KeyName>> = {
  "[": "escape",
  i: "tab",
  m: "enter",
};

function decodeCodePoint(codePoint: number, modifiers: number): readonly Key[] {
  const name = CODE_POINTS[codePoint];
  if (name !== undefined) return [modified(name, modifiers)];
  // Keys without text have code points of the private use area.
  if (codePoint < 32 || codePoint > 0x10ffff || (codePoint >= 57344 && codePoint <= 63743))
    return [];
  const { ctrl, alt, shift, isOther } = modifiersOf(modifiers);
  // Of the window system: Command-C is no letter.
  if (isOther) return [];
  const character = String.fromCodePoint(codePoint);
  const controlName = ctrl ? CONTROL_NAMES[character.toLowerCase()] : undefined;
  if (controlName !== undefined) return [{ ...namedKey(controlName), alt, shift }];
  if (ctrl || alt) return [chord(character.toLowerCase(), ctrl, alt)];
  return [{ kind: "text", text: shift ? character.toUpperCase() : character }];
}

function modified(name: KeyName, modifiers: number): Extract<Key, { kind: "key" }> {
  const { shift, alt, ctrl } = modifiersOf(modifiers);
  return { kind: "key", name, ctrl, alt, shift };
}

/**
 * Bits of the number less one: 1 Shift, 2 Alt, 4 Ctrl, then Super, Hyper and Meta; the locks above
 * them change nothing. Source: xterm's control sequences, kitty's keyboard protocol.
 */
function modifiersOf(modifiers: number) {
  const bits = Math.max(0, modifiers - 1);
  return {
    shift: (bits & 1) !== 0,
    alt: (bits & 2) !== 0,
    ctrl: (bits & 4) !== 0,
    isOther: (bits & 0b111000) !== 0,
  };
}

function namedKey(name: KeyName): Extract<Key, { kind: "key" }> {
  return { kind: "key", name, ctrl: false, alt: false, shift: false };
}

function chord(letter: string, ctrl: boolean, alt: boolean): Extract<Key, { kind: "chord" }> {
  return { kind: "chord", letter, ctrl, alt };
}
