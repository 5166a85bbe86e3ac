/**
 * Where in a TOML text each key stands. The parser tells places only for syntax errors; this second
 * pass finds them for all the rest. It trusts that the text has been parsed without an error.
 */
import type { TomlPath } from "./toml-value.ts";

/** Lines and columns count characters from 1; offsets count UTF-16 units from 0. */
export interface TomlPosition {
  readonly line: number;
  readonly column: number;
  /** The text of the value, when the path leads to one that is written in one piece. */
  readonly value?: { readonly start: number; readonly end: number };
}

/**
 * The place of the key, or of the array element, at `path`. When that is not in the text: the place
 * of the nearest table or value around it. `undefined` when not even the first key is there.
 */
export function findPosition(text: string, path: TomlPath): TomlPosition | undefined {
  const places = new PositionScanner(text).scan();
  for (let length = path.length; length > 0; length--) {
    const place = places.get(placeKey(path.slice(0, length)));
    if (place !== undefined) return toPosition(text, place);
  }
  return undefined;
}

interface Place {
  readonly key: number;
  readonly value?: { readonly start: number; readonly end: number };
}

type Path = (string | number)[];

function placeKey(path: TomlPath): string {
  return JSON.stringify(path);
}

function toPosition(text: string, place: Place): TomlPosition {
  const before = text.slice(0, place.key);
  const lineStart = before.lastIndexOf("\n") + 1;
  const line = before.split("\n").length;
  const column = Array.from(before.slice(lineStart)).length + 1;
  return { line, column, ...(place.value === undefined ? {} : { value: place.value }) };
}

class PositionScanner {
  readonly #text: string;
  readonly #places = new Map<string, Place>();
  /** How many elements each array of tables has had so far. */
  readonly #tableCounts = new Map<string, number>();
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): ReadonlyMap<string, Place> {
    let table: Path = [];
    for (;;) {
      this.#skipBlanks();
      if (this.#offset >= this.#text.length) return this.#places;
      if (this.#peek() === "[") table = this.#tableHeader();
      else this.#assignment(table);
    }
  }

  #tableHeader(): Path {
    const isArray = this.#text.startsWith("[[", this.#offset);
    this.#offset += isArray ? 2 : 1;
    const path = this.#keyPath([], isArray);
    this.#skipPast(isArray ? "]]" : "]");
    return path;
  }

  #assignment(table: Path): void {
    const path = this.#keyPath(table, false);
    this.#skipPast("=");
    this.#skipBlanks();
    const key = this.#places.get(placeKey(path))?.key ?? this.#offset;
    const start = this.#offset;
    this.#value(path);
    this.#places.set(placeKey(path), { key, value: { start, end: this.#offset } });
  }

  /** Reads `a."b".c` and notes the place of every part that was not there before. */
  #keyPath(table: Path, isArray: boolean): Path {
    const path = [...table];
    for (;;) {
      this.#skipSpaces();
      const start = this.#offset;
      path.push(this.#keyPart());
      this.#skipSpaces();
      const isLast = this.#peek() !== ".";
      this.#note(path, start, isLast);
      if (isLast) {
        if (isArray) this.#startTable(path, start);
        return path;
      }
      this.#enterLastTable(path);
      this.#offset++;
    }
  }

  #note(path: TomlPath, key: number, isLast: boolean): void {
    const name = placeKey(path);
    // A header in its own right is a better place than the first mention in a longer path.
    if (isLast || !this.#places.has(name)) this.#places.set(name, { key });
  }

  #startTable(path: Path, key: number): void {
    const name = placeKey(path);
    const index = this.#tableCounts.get(name) ?? 0;
    this.#tableCounts.set(name, index + 1);
    path.push(index);
    this.#places.set(placeKey(path), { key });
  }

  /** Inside of an array of tables, a path goes on in the table that was opened last. */
  #enterLastTable(path: Path): void {
    const count = this.#tableCounts.get(placeKey(path));
    if (count !== undefined) path.push(count - 1);
  }

  #keyPart(): string {
    const quote = this.#peek();
    const start = this.#offset;
    if (quote === '"' || quote === "'") {
      this.#string();
      const inner = this.#text.slice(start + 1, this.#offset - 1);
      return quote === '"' ? unescapeBasic(inner) : inner;
    }
    this.#skipMatching(/[A-Za-z0-9_-]/);
    return this.#text.slice(start, this.#offset);
  }

  #value(path: Path): void {
    switch (this.#peek()) {
      case '"':
      case "'":
        this.#string();
        return;
      case "[":
        this.#array(path);
        return;
      case "{":
        this.#inlineTable(path);
        return;
      default:
        this.#plainValue();
    }
  }

  /** Up to the blanks behind it, but never back before its beginning: it may be empty. */
  #plainValue(): void {
    const start = this.#offset;
    this.#skipMatching(/[^,\]}#\r\n]/);
    while (this.#offset > start && /[ \t]/.test(this.#text[this.#offset - 1] ?? "")) this.#offset--;
  }

  #array(path: Path): void {
    this.#offset++;
    for (let index = 0; ; index++) {
      this.#skipBlanks();
      if (this.#peek() === "]" || this.#offset >= this.#text.length) break;
      const start = this.#offset;
      const element = [...path, index];
      this.#value(element);
      const end = this.#offset;
      // The scan has to move on whatever the text holds, or it would never end.
      if (end === start) this.#offset++;
      this.#places.set(placeKey(element), { key: start, value: { start, end } });
      this.#skipBlanks();
      if (this.#peek() === ",") this.#offset++;
    }
    this.#offset++;
  }

  #inlineTable(path: Path): void {
    this.#offset++;
    for (;;) {
      this.#skipBlanks();
      if (this.#peek() === "}" || this.#offset >= this.#text.length) break;
      this.#assignment(path);
      this.#skipBlanks();
      if (this.#peek() === ",") this.#offset++;
    }
    this.#offset++;
  }

  /** Any of the four kinds of string. */
  #string(): void {
    const quote = this.#peek();
    const isMultiline = this.#text.startsWith(quote.repeat(3), this.#offset);
    const end = isMultiline ? quote.repeat(3) : quote;
    this.#offset += end.length;
    while (this.#offset < this.#text.length && !this.#text.startsWith(end, this.#offset)) {
      this.#offset += quote === '"' && this.#peek() === "\\" ? 2 : 1;
    }
    this.#offset += end.length;
    // Up to two quotes may stand directly before the closing three.
    if (isMultiline) while (this.#peek() === quote) this.#offset++;
  }

  #skipBlanks(): void {
    for (;;) {
      this.#skipMatching(/[\s\ufeff]/);
      if (this.#peek() !== "#") return;
      this.#skipMatching(/[^\n]/);
    }
  }

  #skipSpaces(): void {
    this.#skipMatching(/[ \t]/);
  }

  #skipMatching(character: RegExp): void {
    while (this.#offset < this.#text.length && character.test(this.#peek())) this.#offset++;
  }

  #skipPast(expected: string): void {
    this.#skipSpaces();
    // As above: whatever the text holds, the scan moves on.
    this.#offset += this.#text.startsWith(expected, this.#offset) ? expected.length : 1;
  }

  #peek(): string {
    return this.#text[this.#offset] ?? "";
  }
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
  e: "\u001b",
  '"': '"',
  "\\": "\\",
};

const ESCAPE = /\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/g;

function unescapeBasic(text: string): string {
  return text.replaceAll(ESCAPE, (whole, hex2, hex4, hex8, short) => {
    const hex: unknown = hex2 ?? hex4 ?? hex8;
    if (typeof hex === "string") {
      const code = Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    }
    return SHORT_ESCAPES[String(short)] ?? whole;
  });
}
