/** Long text on the alternate screen, the only use of it; what is on the main screen stays there. */
import type { Key } from "./key-decoder.ts";
import type { Marks } from "./marks.ts";
import { type Row, row, span, toAnsi } from "./styled.ts";
import type { TranscriptLine } from "./transcript.ts";
import { isSimple, shorten } from "./width.ts";
import { wrapHard, wrapWords } from "./wrap.ts";

export class Pager {
  readonly #title: string;
  readonly #lines: readonly TranscriptLine[];
  readonly #marks: Marks;
  #rows: readonly Row[] = [];
  #wrappedFor = 0;
  /** Undefined: at the end, which is where the news are. */
  #top: number | undefined;

  /** `lines` are free of control characters. */
  constructor(title: string, lines: readonly TranscriptLine[], marks: Marks) {
    this.#title = title;
    this.#lines = lines;
    this.#marks = marks;
  }

  /** True when the user wants to leave. */
  key(key: Key, screenRows: number): boolean {
    const page = Math.max(1, screenRows - 2);
    if (key.kind === "text") {
      if (key.text === "q") return true;
      if (key.text === "g") this.#top = 0;
      if (key.text === "G") this.#top = undefined;
      if (key.text === " ") this.#scroll(page, page);
      if (key.text === "b") this.#scroll(-page, page);
      if (key.text === "j") this.#scroll(1, page);
      if (key.text === "k") this.#scroll(-1, page);
    }
    if (key.kind === "chord" && key.ctrl)
      return key.letter === "c" || key.letter === "t" || key.letter === "d";
    if (key.kind !== "key") return false;
    if (key.name === "escape") return true;
    if (key.name === "up") this.#scroll(-1, page);
    if (key.name === "down" || key.name === "enter") this.#scroll(1, page);
    if (key.name === "page-up") this.#scroll(-page, page);
    if (key.name === "page-down") this.#scroll(page, page);
    if (key.name === "home") this.#top = 0;
    if (key.name === "end") this.#top = undefined;
    return false;
  }

  /** The whole screen, row by row, without clearing it first. */
  draw(columns: number, screenRows: number, hasColors: boolean): string {
    const width = Math.max(1, columns - 1);
    if (this.#wrappedFor !== width) {
      this.#rows = this.#lines.flatMap((line) => rowsOf(line, width));
      this.#wrappedFor = width;
    }
    const page = Math.max(1, screenRows - 1);
    const last = this.#lastTop(page);
    const top = Math.min(this.#top ?? last, last);
    const shown = this.#rows.slice(top, top + page);
    const percent = last === 0 ? 100 : Math.round((100 * top) / last);
    const { separator, ellipsis } = this.#marks;
    // The way out first: little room cuts the end.
    const keys = ["q leaves", "arrows, Space, b, g, G move "];
    const text = [` ${this.#title}`, `${percent}%`, ...keys].join(separator);
    const footer = row(shorten(text, width, ellipsis), { inverse: true });
    const lines = Array.from({ length: page }, (_, index) => toAnsi(shown[index] ?? [], hasColors));
    const all = [...lines, toAnsi(footer, hasColors)];
    return `\u001b[H${all.map((line) => `${line}\u001b[K`).join("\r\n")}`;
  }

  #scroll(by: number, page: number): void {
    const last = this.#lastTop(page + 1);
    this.#top = Math.max(0, Math.min(last, (this.#top ?? last) + by));
  }

  #lastTop(page: number): number {
    return Math.max(0, this.#rows.length - page);
  }
}

/** Blanks, and the mark of a list. */
const INDENT = /^\s*(?:(?:[-*+]|\d{1,9}[.)])\s+)?/u;

function rowsOf({ text, kind }: TranscriptLine, width: number): readonly Row[] {
  if (text.length <= width && isSimple(text)) return [row(text)];
  if (kind === "verbatim") return wrapHard([span(text)], { width });
  const indent = INDENT.exec(text)?.[0].length ?? 0;
  // What goes on stands below what it goes on with, as long as that leaves room.
  const rest = indent * 2 <= width ? [span(" ".repeat(indent))] : [];
  return wrapWords([span(text)], { width, rest });
}
