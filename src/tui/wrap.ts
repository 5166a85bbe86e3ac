/** Breaking styled text into rows of a given width. */
import type { Row, Span, Style } from "./styled.ts";
import { PLAIN } from "./styled.ts";
import {
  cutToWidth,
  firstThatFits,
  graphemes,
  isSimple,
  isWideGrapheme,
  textWidth,
} from "./width.ts";

export interface WrapOptions {
  /** Columns, prefix included. At least one column of text is left, whatever the prefix. */
  readonly width: number;
  /** In front of the first row. */
  readonly first?: Row;
  /** In front of every other row. */
  readonly rest?: Row;
}

/**
 * Breaks at blanks, and after wide characters, which need none; words longer than a row are cut.
 * A line break in the text is one in the rows. Blanks at a break are dropped.
 */
export function wrapWords(spans: Row, options: WrapOptions): readonly Row[] {
  const [only] = spans;
  if (only !== undefined && spans.length === 1 && isSimple(only.text)) {
    return wrapSimple(only, options);
  }
  const wrapper = new Wrapper(options);
  addPieces(wrapper, spans);
  return wrapper.end();
}

/** The same rows for most text, without taking it to pieces: a pager lays out megabytes at once. */
function wrapSimple({ text, style = PLAIN }: Span, options: WrapOptions): readonly Row[] {
  const { width, first = [], rest = [] } = options;
  const end = text.trimEnd().length;
  const rows: Row[] = [];
  let prefix = first;
  let start = 0;
  // Blanks before the first word are no place to break.
  let wordStart = text.length - text.trimStart().length;
  for (;;) {
    const room = Math.max(1, width - prefixWidth(prefix));
    if (wordStart - start >= room) start = wordStart;
    const isLast = end - start <= room;
    const blank = isLast ? end : text.lastIndexOf(" ", start + room);
    const stop = isLast || blank > wordStart ? blank : start + room;
    const part = text.slice(start, stop).trimEnd();
    rows.push(part === "" ? [...prefix] : [...prefix, { text: part, style }]);
    if (isLast) return rows;
    start = stop;
    while (text[start] === " ") start += 1;
    wordStart = start;
    prefix = rest;
  }
}

/** Breaks at the edge only and keeps every blank: for code and output. */
export function wrapHard(spans: Row, options: WrapOptions): readonly Row[] {
  const wrapper = new Wrapper(options);
  for (const { text, style } of spans) {
    for (const [index, line] of text.split("\n").entries()) {
      if (index > 0) wrapper.breakLine();
      wrapper.addCut(line, style ?? PLAIN);
    }
  }
  return wrapper.end();
}

type Piece = { readonly text: string; readonly style: Style; readonly width: number } & (
  | { readonly kind: "word" | "blank" | "wide" }
  | { readonly kind: "line-break" }
);

const WORDS_AND_BLANKS = /\n|[^\S\n]+|\S+/gu;

/** Into `wrapper`, one after the other: a list of them would be made for nothing. */
function addPieces(wrapper: Wrapper, spans: Row): void {
  for (const { text, style = PLAIN } of spans) {
    for (const part of text.match(WORDS_AND_BLANKS) ?? []) {
      if (part === "\n") wrapper.add({ kind: "line-break", text: "", style, width: 0 });
      else if (part.trimStart() === "")
        wrapper.add({ kind: "blank", text: part, style, width: textWidth(part) });
      else addWord(wrapper, part, style);
    }
  }
}

function addWord(wrapper: Wrapper, text: string, style: Style): void {
  if (isSimple(text)) {
    wrapper.add({ kind: "word", text, style, width: text.length });
    return;
  }
  let word = "";
  const endWord = (): void => {
    if (word !== "") wrapper.add({ kind: "word", text: word, style, width: textWidth(word) });
    word = "";
  };
  for (const grapheme of graphemes(text)) {
    if (!isWideGrapheme(grapheme)) {
      word += grapheme;
      continue;
    }
    endWord();
    wrapper.add({ kind: "wide", text: grapheme, style, width: textWidth(grapheme) });
  }
  endWord();
}

class Wrapper {
  readonly #options: WrapOptions;
  readonly #rows: Row[] = [];
  #line: Span[] = [];
  #width = 0;
  #blank: Piece | undefined;
  /** Words without a blank between them: they move to the next row together. */
  #word: Piece[] = [];

  constructor(options: WrapOptions) {
    this.#options = options;
  }

  add(piece: Piece): void {
    if (piece.kind === "word") {
      this.#word.push(piece);
      return;
    }
    this.#placeWord();
    if (piece.kind === "line-break") this.breakLine();
    else if (piece.kind === "blank") this.#blank = joinBlanks(this.#blank, piece);
    else {
      this.#word.push(piece);
      this.#placeWord();
    }
  }

  addCut(text: string, style: Style): void {
    let rest = text;
    while (rest !== "") {
      const room = this.#columns() - this.#width;
      let part = cutToWidth(rest, room);
      if (part === "" && this.#width === 0) part = firstThatFits(rest, room);
      if (part !== "") this.#push(part, style, textWidth(part));
      rest = rest.slice(part.length);
      if (rest !== "") this.breakLine();
    }
  }

  breakLine(): void {
    this.#blank = undefined;
    this.#rows.push([...this.#prefix(), ...this.#line]);
    this.#line = [];
    this.#width = 0;
  }

  end(): readonly Row[] {
    this.#placeWord();
    this.breakLine();
    return this.#rows;
  }

  #placeWord(): void {
    const pieces = this.#word.splice(0);
    if (pieces.length === 0) return;
    const width = pieces.reduce((sum, piece) => sum + piece.width, 0);
    const blank = this.#blank;
    this.#blank = undefined;
    const blankWidth = blank?.width ?? 0;
    const isOver = this.#width + blankWidth + width > this.#columns();
    if (isOver && this.#width > 0) this.breakLine();
    else if (blank !== undefined && blankWidth < this.#columns()) {
      this.#push(blank.text, blank.style, blankWidth);
    }
    for (const piece of pieces) {
      if (this.#width + piece.width <= this.#columns()) {
        this.#push(piece.text, piece.style, piece.width);
      } else {
        this.addCut(piece.text, piece.style);
      }
    }
  }

  #push(text: string, style: Style, width: number): void {
    const last = this.#line.at(-1);
    if (last !== undefined && last.style === style) {
      this.#line[this.#line.length - 1] = { text: last.text + text, style };
    } else {
      this.#line.push({ text, style });
    }
    this.#width += width;
  }

  #columns(): number {
    return Math.max(1, this.#options.width - prefixWidth(this.#prefix()));
  }

  #prefix(): Row {
    const { first = [], rest = [] } = this.#options;
    return this.#rows.length === 0 ? first : rest;
  }
}

function joinBlanks(before: Piece | undefined, piece: Piece): Piece {
  if (before === undefined) return piece;
  return { ...piece, text: before.text + piece.text, width: before.width + piece.width };
}

function prefixWidth(prefix: Row): number {
  return prefix.reduce((sum, { text }) => sum + textWidth(text), 0);
}
