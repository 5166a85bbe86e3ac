/**
 * The rows at the bottom that change, and everything above them, which is printed once and then
 * belongs to the terminal.
 *
 * A terminal may have changed its size before what is written here reaches it. It has then broken
 * rows that became too long, or cut them, or will do neither since they came later, and the program
 * cannot know which. So all movement starts from the cursor, no row below it may be broken while it
 * is written, and no more rows are taken away than were drawn: at worst some of the live rows stay
 * behind, but none that was printed is lost. Terminals that count rows broken below the cursor as
 * broken above it, as xterm.js does, leave as many behind.
 */
import { type Row, type Span, toAnsi } from "./styled.ts";
import type { SynchronizedOutput } from "./synchronized-output.ts";
import { isSimple, textWidth } from "./width.ts";

export interface Frame {
  /** Narrower than the terminal; at most as many as the terminal has, less two. */
  readonly rows: readonly Row[];
  /** Where the terminal's own cursor stands; undefined: nowhere. */
  readonly cursor: { readonly row: number; readonly column: number } | undefined;
}

const EMPTY: Frame = { rows: [], cursor: undefined };

const ERASE_ROW_END = "\u001b[K";
const ERASE_BELOW = "\u001b[J";
const WRAP_OFF = "\u001b[?7l";
const WRAP_ON = "\u001b[?7h";
const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";

export class LiveRegion {
  readonly #write: (text: string) => void;
  readonly #hasColors: boolean;
  readonly #synchronized: SynchronizedOutput;
  #frame: Frame = EMPTY;
  /** Where the cursor is, in rows below the first one of the frame. */
  #row = 0;
  #isCursorShown = true;
  #pending = "";

  constructor(write: (text: string) => void, hasColors: boolean, synchronized: SynchronizedOutput) {
    this.#write = write;
    this.#hasColors = hasColors;
    this.#synchronized = synchronized;
  }

  /**
   * Prints `above`, whole lines of bytes, for good, then draws `frame` below it; both reach the
   * terminal in one write.
   */
  draw(above: string, frame: Frame): void {
    if (above !== "") {
      if (this.#frame.rows.length > 0) this.#pending += this.#synchronized.query();
      this.#clear();
      this.#pending += above;
    }
    this.#paint(frame);
    this.#send();
  }

  /** After the terminal has changed its size: takes away what the last frame has become. */
  resized(): void {
    this.#clear();
  }

  /** The terminal belongs to another program from here; `draw` takes it back. */
  suspend(): void {
    this.#clear();
    this.#showCursor(true);
    this.#send();
  }

  /** Leaves the cursor at the start of an empty line. */
  end(): void {
    this.suspend();
  }

  #clear(): void {
    if (this.#frame.rows.length > 0) {
      this.#pending += `${up(this.#row)}\r${eraseFrom(0)}`;
    }
    this.#frame = EMPTY;
    this.#row = 0;
  }

  /** Writes the rows that are not there yet. */
  #paint(frame: Frame): void {
    const before = this.#frame.rows;
    const { rows, cursor } = frame;
    this.#frame = frame;
    if (rows.length < before.length) {
      this.#moveTo(rows.length);
      this.#pending += `\r${eraseFrom(rows.length)}`;
    }
    const cursorRow = cursor?.row ?? 0;
    for (const [index, cells] of rows.entries()) {
      const old = before[index];
      const change = old === undefined ? this.#ansi(cells) : this.#changeOf(old, cells);
      if (old !== undefined && change === "") continue;
      if (old === undefined && index > 0) this.#addRow(index);
      else this.#moveTo(index);
      // Too long for a terminal that is narrower by now, it would move the rows that follow.
      const mayWrap = index < cursorRow || cells.length === 0;
      const start = old === undefined ? "\r" : "";
      this.#pending += mayWrap ? start + change : `${start}${WRAP_OFF}${change}${WRAP_ON}`;
    }
    if (rows.length === 0) {
      this.#showCursor(true);
      return;
    }
    this.#moveTo(cursorRow);
    this.#pending += cursor === undefined ? "\r" : `\r${right(cursor.column)}`;
    this.#showCursor(cursor !== undefined);
  }

  /** To a row that exists. */
  #moveTo(row: number): void {
    this.#pending += row < this.#row ? up(this.#row - row) : down(row - this.#row);
    this.#row = row;
  }

  /** Below the last row. */
  #addRow(row: number): void {
    this.#moveTo(row - 1);
    this.#pending += "\r\n";
    this.#row = row;
  }

  #showCursor(isShown: boolean): void {
    if (this.#isCursorShown !== isShown) this.#pending += isShown ? SHOW_CURSOR : HIDE_CURSOR;
    this.#isCursorShown = isShown;
  }

  /** What turns one row into the other, wherever in it the cursor is; empty: nothing does. */
  #changeOf(before: Row, after: Row): string {
    const { first, last } = differenceOf(before, after);
    if (first === after.length && first === before.length) return "";
    // Text that grows: what stands there already needs no second writing.
    const known = commonStart(before[first], after[first]);
    const start = `\r${right(widthOf(after.slice(0, first)) + known)}`;
    const changed = withoutStart(after.slice(first, after.length - last), known);
    const replaced = withoutStart(before.slice(first, before.length - last), known);
    if (widthOf(changed) === widthOf(replaced)) return start + this.#ansi(changed);
    const rest = withoutStart(after.slice(first), known);
    return `${start}${this.#ansi(rest)}${ERASE_ROW_END}`;
  }

  #ansi(cells: Row): string {
    return toAnsi(cells, this.#hasColors);
  }

  #send(): void {
    const text = this.#pending;
    this.#pending = "";
    if (text !== "") this.#write(this.#synchronized.frame(text));
  }
}

/** How many spans are the same at the start, and how many of the rest at the end. */
function differenceOf(before: Row, after: Row): { readonly first: number; readonly last: number } {
  const most = Math.min(before.length, after.length);
  let first = 0;
  while (first < most && isSame(before[first], after[first])) first += 1;
  let last = 0;
  while (last < most - first && isSame(before.at(-1 - last), after.at(-1 - last))) last += 1;
  return { first, last };
}

function isSame(one: Span | undefined, other: Span | undefined): boolean {
  if (one === undefined || other === undefined || one.text !== other.text) return false;
  return hasSameStyle(one, other);
}

function hasSameStyle(one: Span, other: Span): boolean {
  return one.style === other.style || JSON.stringify(one.style) === JSON.stringify(other.style);
}

/** Characters, each of one column, that both spans begin with; 0 where any might join others. */
function commonStart(one: Span | undefined, other: Span | undefined): number {
  if (one === undefined || other === undefined || !hasSameStyle(one, other)) return 0;
  if (!isSimple(one.text) || !isSimple(other.text)) return 0;
  const most = Math.min(one.text.length, other.text.length);
  let length = 0;
  while (length < most && one.text[length] === other.text[length]) length += 1;
  return length;
}

function withoutStart(cells: Row, length: number): Row {
  const [first, ...rest] = cells;
  if (length === 0 || first === undefined) return cells;
  return [{ ...first, text: first.text.slice(length) }, ...rest];
}

function widthOf(cells: Row): number {
  return cells.reduce((sum, { text }) => sum + textWidth(text), 0);
}

/**
 * From this row of the region on, with the cursor at its start, which stays there. Never all from the
 * first row at once: at the top of its screen tmux takes that for a clear, and what was there into
 * the scrollback. Source: tmux's option scroll-on-clear.
 */
function eraseFrom(row: number): string {
  return row > 0 ? ERASE_BELOW : `${ERASE_ROW_END}${down(1)}${ERASE_BELOW}${up(1)}`;
}

function up(rows: number): string {
  return rows > 0 ? `\u001b[${rows}A` : "";
}

/**
 * A lower terminal may have dropped the rows below the cursor: line feeds make them anew, where
 * CSI B would stay where it is, and the way back up would lead too far.
 */
function down(rows: number): string {
  return "\n".repeat(Math.max(0, rows));
}

function right(columns: number): string {
  return columns > 0 ? `\u001b[${columns}C` : "";
}
