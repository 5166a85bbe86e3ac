/**
 * The draft: graphemes and atoms in a row, with a cursor between them. An atom stands for a long
 * paste or a picture: it is one thing to the cursor and to Backspace.
 */
import { sanitizeText } from "./sanitize.ts";
import { graphemes } from "./width.ts";

export type Cell =
  | { readonly kind: "grapheme"; readonly text: string }
  | {
      readonly kind: "atom";
      readonly label: string;
      /** What is sent in its place. Undefined: a picture, which is sent beside the text. */
      readonly content: string | undefined;
      readonly imagePath?: string;
    };

/** A joiner or a variation selector, which mean something only behind what they belong to. */
const JOINS_PICTURE = /^(?:\u200d|\ufe0e|\ufe0f)/u;

/** Longer pastes become atoms. */
const MAX_PASTE_CHARACTERS = 1000;
const MAX_PASTE_LINES = 20;

export class TextEditor {
  #cells: Cell[] = [];
  #cursor = 0;
  #killed: readonly Cell[] = [];
  #pasteCount = 0;

  get cells(): readonly Cell[] {
    return this.#cells;
  }

  /** Between 0 and the number of cells. */
  get cursor(): number {
    return this.#cursor;
  }

  get isEmpty(): boolean {
    return this.#cells.length === 0;
  }

  /** With the contents of pastes. */
  get text(): string {
    return this.#cells
      .map((cell) => (cell.kind === "grapheme" ? cell.text : (cell.content ?? "")))
      .join("");
  }

  get imagePaths(): readonly string[] {
    return this.#cells.flatMap((cell) =>
      cell.kind === "atom" && cell.imagePath !== undefined ? [cell.imagePath] : [],
    );
  }

  /** As it is shown. */
  get visibleText(): string {
    return this.#cells.map(visibleTextOf).join("");
  }

  get textBeforeCursor(): string {
    return this.#cells.slice(0, this.#cursor).map(visibleTextOf).join("");
  }

  insert(raw: string): void {
    const text = raw.replaceAll(/\r\n?/gu, "\n");
    const before = this.#cells[this.#cursor - 1];
    if (before?.kind === "grapheme" && JOINS_PICTURE.test(text)) {
      // The rest of a picture whose beginning came alone: only together they are one.
      this.#remove(this.#cursor - 1, this.#cursor);
      this.#insertCells(cellsOf(sanitizeText(before.text + text)));
      return;
    }
    this.#insertCells(cellsOf(sanitizeText(text)));
  }

  paste(raw: string): void {
    const text = sanitizeText(raw.replaceAll(/\r\n?/gu, "\n"));
    if (text.length <= MAX_PASTE_CHARACTERS && text.split("\n").length <= MAX_PASTE_LINES) {
      this.#insertCells(cellsOf(text));
      return;
    }
    this.#pasteCount += 1;
    const label = `[Pasted ${text.length} chars #${this.#pasteCount}]`;
    this.#insertCells([{ kind: "atom", label, content: text }]);
  }

  addImage(path: string, name: string): void {
    const label = `[Image ${sanitizeText(name)}]`;
    this.#insertCells([{ kind: "atom", label, content: undefined, imagePath: path }]);
  }

  /** Replaces everything. */
  setText(text: string): void {
    this.#cells = [...cellsOf(sanitizeText(text))];
    this.#cursor = this.#cells.length;
  }

  setCells(cells: readonly Cell[], cursor = cells.length): void {
    this.#cells = [...cells];
    this.#cursor = cursor;
  }

  clear(): void {
    this.setCells([]);
  }

  /** Puts `text` in place of the last `count` cells before the cursor. */
  replaceBefore(count: number, text: string): void {
    this.#cells.splice(this.#cursor - count, count);
    this.#cursor -= count;
    this.insert(text);
  }

  /** The paste at or before the cursor becomes ordinary text. False when there is none. */
  expandPaste(): boolean {
    for (const index of [this.#cursor, this.#cursor - 1]) {
      const cell = this.#cells[index];
      if (cell?.kind !== "atom" || cell.content === undefined) continue;
      const cells = cellsOf(cell.content);
      this.#cells.splice(index, 1, ...cells);
      this.#cursor = index + cells.length;
      return true;
    }
    return false;
  }

  left(): void {
    this.#cursor = Math.max(0, this.#cursor - 1);
  }

  right(): void {
    this.#cursor = Math.min(this.#cells.length, this.#cursor + 1);
  }

  wordLeft(): void {
    this.#cursor = this.#wordStart();
  }

  wordRight(): void {
    this.#cursor = this.#wordEnd();
  }

  lineStart(): void {
    this.#cursor = this.#lineStartAt(this.#cursor);
  }

  lineEnd(): void {
    this.#cursor = this.#lineEndAt(this.#cursor);
  }

  moveTo(cursor: number): void {
    this.#cursor = Math.max(0, Math.min(this.#cells.length, cursor));
  }

  backspace(): void {
    if (this.#cursor > 0) this.#remove(this.#cursor - 1, this.#cursor);
  }

  deleteForward(): void {
    this.#remove(this.#cursor, this.#cursor + 1);
  }

  /** To the end of the line, or the line break there. */
  killToLineEnd(): void {
    const end = this.#lineEndAt(this.#cursor);
    this.#kill(this.#cursor, end === this.#cursor ? end + 1 : end);
  }

  killToLineStart(): void {
    this.#kill(this.#lineStartAt(this.#cursor), this.#cursor);
  }

  killWordLeft(): void {
    this.#kill(this.#wordStart(), this.#cursor);
  }

  killWordRight(): void {
    this.#kill(this.#cursor, this.#wordEnd());
  }

  yank(): void {
    this.#insertCells(this.#killed);
  }

  #insertCells(cells: readonly Cell[]): void {
    this.#cells.splice(this.#cursor, 0, ...cells);
    this.#cursor += cells.length;
    this.#rejoin();
  }

  /** A combining mark belongs to the letter before it, also when it is typed after it. */
  #rejoin(): void {
    if (this.#cells.every(isSingleAscii)) return;
    const before = this.#cells.slice(0, this.#cursor);
    const after = this.#cells.slice(this.#cursor);
    const joinedBefore = joinGraphemes(before);
    const all = joinGraphemes([...joinedBefore, ...after]);
    this.#cells = all;
    this.#cursor = Math.min(joinedBefore.length, all.length);
  }

  #remove(start: number, end: number): void {
    this.#cells.splice(start, end - start);
    this.#cursor = start;
  }

  #kill(start: number, end: number): void {
    if (start === Math.min(end, this.#cells.length)) return;
    this.#killed = this.#cells.slice(start, end);
    this.#remove(start, end);
  }

  #lineStartAt(index: number): number {
    let start = index;
    while (start > 0 && !isLineBreak(this.#cells[start - 1])) start -= 1;
    return start;
  }

  #lineEndAt(index: number): number {
    let end = index;
    while (end < this.#cells.length && !isLineBreak(this.#cells[end])) end += 1;
    return end;
  }

  #wordStart(): number {
    let index = this.#cursor;
    while (index > 0 && !isWordCell(this.#cells[index - 1])) index -= 1;
    while (index > 0 && isWordCell(this.#cells[index - 1])) index -= 1;
    return index;
  }

  #wordEnd(): number {
    const { length } = this.#cells;
    let index = this.#cursor;
    while (index < length && !isWordCell(this.#cells[index])) index += 1;
    while (index < length && isWordCell(this.#cells[index])) index += 1;
    return index;
  }
}

export function isPicture(cell: Cell): boolean {
  return cell.kind === "atom" && cell.imagePath !== undefined;
}

export function visibleTextOf(cell: Cell): string {
  return cell.kind === "grapheme" ? cell.text : cell.label;
}

function cellsOf(text: string): readonly Cell[] {
  return graphemes(text).map((part) => ({ kind: "grapheme", text: part }) as const);
}

function joinGraphemes(cells: readonly Cell[]): Cell[] {
  const joined: Cell[] = [];
  let run = "";
  for (const cell of cells) {
    if (cell.kind === "grapheme") {
      run += cell.text;
      continue;
    }
    joined.push(...cellsOf(run), cell);
    run = "";
  }
  return [...joined, ...cellsOf(run)];
}

function isSingleAscii(cell: Cell): boolean {
  return cell.kind === "atom" || (cell.text.length === 1 && cell.text < "\u0080");
}

function isLineBreak(cell: Cell | undefined): boolean {
  return cell?.kind === "grapheme" && cell.text === "\n";
}

function isWordCell(cell: Cell | undefined): boolean {
  return cell !== undefined && (cell.kind === "atom" || /^[\p{L}\p{N}\p{M}_]/u.test(cell.text));
}
