/**
 * Text that streams in → Markdown blocks that are finished. Only whole lines decide, one after the
 * other, so how the stream was cut into chunks changes nothing. A list is given out item by item.
 */
import { Lexer } from "marked";
import { isItemOf, type ListItem, parseItem } from "./list-item.ts";
import { sanitizeText } from "./sanitize.ts";

export interface StreamedBlock {
  /** One or several whole blocks, or one item of a list, without line breaks at the end. */
  readonly text: string;
  /** The text goes on with the list that the block before it belongs to. */
  readonly place?: ListPlace;
}

export interface ListPlace {
  /** Of the item, if the list is an ordered one. */
  readonly number: number;
  /** There is an empty line between this item and the one before it. */
  readonly isSpaced: boolean;
}

/** The item that is open; the open block holds nothing else. */
interface OpenItem extends ListItem {
  readonly place: ListPlace | undefined;
}

/** A block without end is given out in parts of this many lines. */
const MAX_BLOCK_LINES = 400;
const MAX_BLOCK_CHARACTERS = 64 * 1024;

const BLANK = /^\s*$/u;
const FENCE = /^ {0,3}(`{3,}|~{3,})/u;
/** A line that starts a block of its own wherever it stands at the left margin. */
const STARTS_BLOCK = /^(?:#{1,6}\s|`{3,}|~{3,}|[-*_]{3,}\s*$|(?:[-*+]|1[.)])\s+\S)/u;

const HEADING = /^#{1,6}\s/u;
/** Where a heading is text: in code, and in HTML. */
const MAY_HOLD_HEADING = /[<`~]/u;

/** A line of a paragraph, beyond doubt: it begins with a letter, no mark of a list or a definition. */
const PLAIN = /^\p{L}[^|<[\]:]*$/u;

const BEGINS_WITH_LETTER = /^\p{L}/u;
const BEGINS_WITH_MARKER = /^ *[-*+>\d]/u;
const ITEM_OF_TEXT = /^ {0,3}(?:[-*+]|\d{1,9}[.)]) {1,3}\p{L}/u;

export class MarkdownStream {
  /** Lines of the open block. */
  #lines: string[] = [];
  #characters = 0;
  /** The text after the last line break. */
  #rest: string[] = [];
  #fence: string | undefined;
  #item: OpenItem | undefined;

  /** Finished blocks. */
  push(delta: string): readonly StreamedBlock[] {
    const lineEnd = delta.lastIndexOf("\n");
    if (lineEnd === -1) {
      this.#rest.push(delta);
      return [];
    }
    const lines = `${this.#rest.join("")}${delta.slice(0, lineEnd)}`.split("\n");
    this.#rest = [delta.slice(lineEnd + 1)];
    return lines.flatMap((line) => this.#addLine(line));
  }

  /** What has come of the open block. */
  get open(): StreamedBlock {
    const text = [...this.#lines, this.#rest.join("")].join("\n");
    return placed(text, this.#item?.place);
  }

  /** The end of the text: the open block is finished as it is. */
  end(): readonly StreamedBlock[] {
    const rest = this.#rest.join("");
    const finished = rest === "" ? [] : this.#addLine(rest);
    const blocks = [...finished, ...this.#takeBlock()];
    this.discard();
    return blocks;
  }

  /** The open block is thrown away. */
  discard(): void {
    this.#lines = [];
    this.#rest = [];
    this.#characters = 0;
    this.#fence = undefined;
    this.#item = undefined;
  }

  #addLine(received: string): readonly StreamedBlock[] {
    // As it is drawn: what is taken away, and tabulators, must not move a marker.
    const line = sanitizeText(received.endsWith("\r") ? received.slice(0, -1) : received);
    const finished = this.#fence === undefined ? this.#finishBefore(line) : [];
    if (this.#lines.length === 0 && this.#item === undefined) this.#beginItem(line, undefined);
    this.#lines.push(line);
    this.#characters += line.length + 1;
    return [...finished, ...this.#finishFence(line), ...this.#finishLong()];
  }

  /** Blocks that end where `line` begins. */
  #finishBefore(line: string): readonly StreamedBlock[] {
    if (this.#lines.length === 0 || BLANK.test(line)) return [];
    if (this.#item !== undefined) return this.#finishItem(line, this.#item);
    const isAfterBlank = BLANK.test(this.#lines.at(-1) ?? "");
    if (!isAfterBlank && !STARTS_BLOCK.test(line)) return [];
    if (!this.#surelyBegins(line, isAfterBlank) && !this.#beginsAt(line)) return [];
    return this.#takeBlock();
  }

  /** The open item, if it ends where `line` begins: another item begins, or the list is over. */
  #finishItem(line: string, item: OpenItem): readonly StreamedBlock[] {
    const next = parseItem(line);
    if (next !== undefined && isItemOf(next, item)) {
      const isSpaced = BLANK.test(this.#lines.at(-1) ?? "");
      const finished = this.#takeBlock();
      const isSameList = next.marker === item.marker;
      this.#beginItem(line, isSameList ? { number: item.number + 1, isSpaced } : undefined);
      return finished;
    }
    if (this.#surelyInItem(line, item)) return [];
    const tokens = new Lexer().blockTokens(`${this.#contextIn(item)}\n${line}`);
    return tokens.length >= 2 ? this.#takeBlock() : [];
  }

  /** What decides whether a line goes on with the item: for most the last line alone, at its place. */
  #contextIn(item: OpenItem): string {
    const last = this.#lines.at(-1) ?? "";
    const content = last.slice(item.indent);
    if (this.#lines.length < 3 || item.isEmpty || BEGINS_WITH_MARKER.test(content))
      return this.#lines.join("\n");
    // A line of text that is shorter than the indentation is text all the same.
    const isCutOff = BLANK.test(content) && !BLANK.test(last);
    const marker = "-".padEnd(Math.min(item.indent, 4));
    return `${marker}x\n${" ".repeat(marker.length)}${isCutOff ? "x" : content}`;
  }

  #beginItem(line: string, place: ListPlace | undefined): void {
    const item = parseItem(line);
    if (item === undefined) return;
    this.#item = { ...item, number: place?.number ?? item.number, place };
  }

  /** Lines of text, and those that are indented, need no parser. */
  #surelyInItem(line: string, item: OpenItem): boolean {
    if (line.startsWith(" ".repeat(item.indent))) {
      // An item whose first two lines are empty has ended there.
      return !item.isEmpty || !BLANK.test(this.#lines[1] ?? "");
    }
    if (!BEGINS_WITH_LETTER.test(line)) return false;
    // Text goes on with text; the parser takes what is four blanks behind a marker for code.
    const last = this.#lines.at(-1) ?? "";
    if (this.#lines.length === 1) return ITEM_OF_TEXT.test(last);
    return BEGINS_WITH_LETTER.test(last.slice(item.indent));
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

  #finishFence(line: string): readonly StreamedBlock[] {
    const mark = FENCE.exec(line)?.[1];
    if (this.#fence === undefined) {
      // A fence inside of a list or a quote belongs to it, and ends with it.
      if (mark !== undefined && this.#lines.length === 1) this.#fence = mark;
      return [];
    }
    const isEnd = mark !== undefined && mark.startsWith(this.#fence) && line.trim() === mark;
    if (!isEnd) return [];
    this.#fence = undefined;
    return this.#takeBlock();
  }

  #finishLong(): readonly StreamedBlock[] {
    const isLong =
      this.#lines.length >= MAX_BLOCK_LINES || this.#characters >= MAX_BLOCK_CHARACTERS;
    if (!isLong) return [];
    const opening = this.#fence === undefined ? undefined : this.#lines[0];
    const closing = this.#fence;
    if (closing !== undefined) this.#lines.push(closing);
    const blocks = this.#takeBlock();
    if (opening !== undefined) {
      this.#lines = [opening];
      this.#fence = closing;
    }
    return blocks;
  }

  #takeBlock(): readonly StreamedBlock[] {
    const text = this.#lines.join("\n").replace(/\s+$/u, "");
    const place = this.#item?.place;
    this.#lines = [];
    this.#characters = 0;
    this.#item = undefined;
    return text === "" ? [] : [placed(text, place)];
  }
}

function placed(text: string, place: ListPlace | undefined): StreamedBlock {
  return place === undefined ? { text } : { text, place };
}
