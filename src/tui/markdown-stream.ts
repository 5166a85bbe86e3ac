/**
 * Text that streams in → Markdown blocks that are finished. Only whole lines decide, one after the
 * other, so how the stream was cut into chunks changes nothing.
 */
import { Lexer } from "marked";

/** A block without end is given out in parts of this many lines. */
const MAX_BLOCK_LINES = 400;
const MAX_BLOCK_CHARACTERS = 64 * 1024;

const BLANK = /^\s*$/u;
const FENCE = /^ {0,3}(`{3,}|~{3,})/u;
/** A line that starts a block of its own wherever it stands at the left margin. */
const STARTS_BLOCK = /^(?:#{1,6}\s|`{3,}|~{3,}|[-*_]{3,}\s*$)/u;

const HEADING = /^#{1,6}\s/u;
/** Where a heading is text: in code, and in HTML. */
const MAY_HOLD_HEADING = /[<`~]/u;

/** A line of a paragraph, beyond doubt: it begins with a letter, no mark of a list or a definition. */
const PLAIN = /^\p{L}[^|<[\]:]*$/u;

export class MarkdownStream {
  /** Lines of the open block. */
  #lines: string[] = [];
  #characters = 0;
  /** The text after the last line break. */
  #rest: string[] = [];
  #fence: string | undefined;

  /** Finished blocks, each the text of one or several whole blocks without line breaks at its end. */
  push(delta: string): readonly string[] {
    const lineEnd = delta.lastIndexOf("\n");
    if (lineEnd === -1) {
      this.#rest.push(delta);
      return [];
    }
    const lines = `${this.#rest.join("")}${delta.slice(0, lineEnd)}`.split("\n");
    this.#rest = [delta.slice(lineEnd + 1)];
    return lines.flatMap((line) => this.#addLine(line.endsWith("\r") ? line.slice(0, -1) : line));
  }

  /** What has come of the open block. */
  get openText(): string {
    return [...this.#lines, this.#rest.join("")].join("\n");
  }

  /** The end of the text: the open block is finished as it is. */
  end(): readonly string[] {
    const rest = this.#rest.join("");
    this.#rest = [];
    const finished = rest === "" ? [] : this.#addLine(rest);
    const block = this.#takeBlock(this.#lines.length);
    return block === undefined ? finished : [...finished, block];
  }

  /** The open block is thrown away. */
  discard(): void {
    this.#lines = [];
    this.#rest = [];
    this.#characters = 0;
    this.#fence = undefined;
  }

  #addLine(line: string): readonly string[] {
    const finished = this.#fence === undefined ? this.#finishBefore(line) : [];
    this.#lines.push(line);
    this.#characters += line.length + 1;
    return [...finished, ...this.#finishFence(line), ...this.#finishLong()];
  }

  /** Blocks that end where `line` begins. */
  #finishBefore(line: string): readonly string[] {
    if (this.#lines.length === 0 || BLANK.test(line)) return [];
    const isAfterBlank = BLANK.test(this.#lines.at(-1) ?? "");
    if (!isAfterBlank && !STARTS_BLOCK.test(line)) return [];
    if (!this.#surelyBegins(line, isAfterBlank) && !this.#beginsAt(line)) return [];
    const block = this.#takeBlock(this.#lines.length);
    return block === undefined ? [] : [block];
  }

  /** Most lines need no parser to tell. */
  #surelyBegins(line: string, isAfterBlank: boolean): boolean {
    if (HEADING.test(line)) return !this.#lines.some((each) => MAY_HOLD_HEADING.test(each));
    // Nothing goes on with a paragraph or a heading after an empty line.
    return (
      isAfterBlank &&
      this.#lines.every((each) => PLAIN.test(each) || BLANK.test(each) || HEADING.test(each))
    );
  }

  /** Whether the last token holds the new line alone, and so does not go on with the open block. */
  #beginsAt(line: string): boolean {
    // What is inside of the blocks decides nothing here.
    const tokens = new Lexer().blockTokens(`${this.#lines.join("\n")}\n${line}`);
    const lastRaw = tokens.at(-1)?.raw ?? "";
    return tokens.length >= 2 && lastRaw.trimStart() === line.trimStart();
  }

  #finishFence(line: string): readonly string[] {
    const mark = FENCE.exec(line)?.[1];
    if (this.#fence === undefined) {
      // A fence inside of a list or a quote belongs to it, and ends with it.
      if (mark !== undefined && this.#lines.length === 1) this.#fence = mark;
      return [];
    }
    const isEnd = mark !== undefined && mark.startsWith(this.#fence) && line.trim() === mark;
    if (!isEnd) return [];
    this.#fence = undefined;
    const block = this.#takeBlock(this.#lines.length);
    return block === undefined ? [] : [block];
  }

  #finishLong(): readonly string[] {
    const isLong =
      this.#lines.length >= MAX_BLOCK_LINES || this.#characters >= MAX_BLOCK_CHARACTERS;
    if (!isLong) return [];
    const opening = this.#fence === undefined ? undefined : this.#lines[0];
    const closing = this.#fence;
    if (closing !== undefined) this.#lines.push(closing);
    const block = this.#takeBlock(this.#lines.length);
    if (opening !== undefined) {
      this.#lines = [opening];
      this.#fence = closing;
    }
    return block === undefined ? [] : [block];
  }

  #takeBlock(count: number): string | undefined {
    const text = this.#lines.splice(0, count).join("\n").replace(/\s+$/u, "");
    this.#characters = 0;
    return BLANK.test(text) ? undefined : text;
  }
}
