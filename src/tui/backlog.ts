/**
 * Finished rows on their way to the terminal. A slow one is megabytes behind a fast model, so they
 * wait as the bytes that will be written, which is a tenth of what styled rows take.
 */
import { type Row, toAnsi } from "./styled.ts";

/** What a slow terminal gets at once: a key's echo waits for no more than this. */
const PIECE_CHARACTERS = 8 * 1024;
/** What any other one gets. */
const MANY_PIECES = 8;
/** Nobody reads so far ahead: from here on the model has to wait for the terminal. */
const FULL_BYTES = 3 * 1024 * 1024;
const LOW_BYTES = FULL_BYTES / 2;

export class Backlog {
  readonly #hasColors: boolean;
  readonly #onFull: (isFull: boolean) => void;
  #pieces: Buffer[] = [];
  /** The end, not long enough for a piece. */
  #open: string[] = [];
  #openCharacters = 0;
  #bytes = 0;
  #isFull = false;

  /** `onFull` is told whenever it becomes full, and when half of that has been taken. */
  constructor(hasColors: boolean, onFull: (isFull: boolean) => void) {
    this.#hasColors = hasColors;
    this.#onFull = onFull;
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0 && this.#open.length === 0;
  }

  /** More than what even a slow terminal gets at once. */
  get isLong(): boolean {
    return this.#pieces.length > 0;
  }

  add(rows: readonly Row[]): void {
    for (const cells of rows) {
      const line = `${toAnsi(cells, this.#hasColors)}\r\n`;
      this.#open.push(line);
      this.#openCharacters += line.length;
      if (this.#openCharacters >= PIECE_CHARACTERS) this.#closePiece();
    }
    this.#judge();
  }

  /** The next rows, whole ones; empty when there are none. */
  take(isSlow: boolean): string {
    const count = isSlow ? 1 : MANY_PIECES;
    const pieces = this.#pieces.splice(0, count);
    this.#bytes -= pieces.reduce((sum, { length }) => sum + length, 0);
    this.#judge();
    const text = Buffer.concat(pieces).toString();
    return pieces.length < count ? text + this.#takeOpen() : text;
  }

  #closePiece(): void {
    const piece = Buffer.from(this.#takeOpen());
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  #takeOpen(): string {
    const text = this.#open.join("");
    this.#open = [];
    this.#openCharacters = 0;
    return text;
  }

  #judge(): void {
    const isFull = this.#bytes > (this.#isFull ? LOW_BYTES : FULL_BYTES);
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    this.#onFull(isFull);
  }
}
