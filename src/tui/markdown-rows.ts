/** Markdown blocks → rows. Text is sanitised here; markup decides only how it looks. */
import { lexer, type Token, type Tokens } from "marked";
import { highlightCode } from "./highlight.ts";
import { sanitizeLine, sanitizeText } from "./sanitize.ts";
import {
  BOLD,
  CYAN,
  DIM,
  PLAIN,
  type Row,
  row,
  rowText,
  rowWidth,
  type Span,
  span,
  type Style,
} from "./styled.ts";
import { textWidth } from "./width.ts";
import { wrapHard, wrapWords } from "./wrap.ts";

export interface MarkdownOptions {
  readonly width: number;
  /** Rules and the like are drawn with ASCII only. */
  readonly isAscii?: boolean;
  /** Nothing is drawn: no tables, no bars and rules but of ASCII. Small terminals are always so. */
  readonly isPlain?: boolean;
}

/** Columns of a row on a terminal of 40. */
const MIN_DRAWN_WIDTH = 39;

const FENCE_END = /\n {0,3}(?:`{3,}|~{3,}) *\n*$/u;
const ENDS_WITH_EMPTY_LINE = /\n[ \t]*\n[ \t]*$/u;

/**
 * Blocks are separated by one empty row; there is none at the start or the end. Between items of a
 * list, and inside of one, there is an empty row where the text has an empty line: so an item is
 * drawn alone as it is in its list. `firstNumber`: of the first item, if the text goes on with an
 * ordered list.
 */
export function markdownRows(
  text: string,
  options: MarkdownOptions,
  firstNumber?: number,
): readonly Row[] {
  const isPlain = options.isPlain === true || options.width < MIN_DRAWN_WIDTH;
  const isAscii = options.isAscii === true || isPlain;
  const tokens: Token[] = lexer(sanitizeText(text));
  const [first] = tokens;
  if (firstNumber !== undefined && first !== undefined && isList(first)) first.start = firstNumber;
  return blockRows(tokens, { ...options, isAscii, isPlain }, {});
}

interface Prefix {
  readonly first?: Row;
  readonly rest?: Row;
}

function blockRows(
  tokens: readonly Token[],
  options: MarkdownOptions,
  prefix: Prefix,
): readonly Row[] {
  const rows: Row[] = [];
  for (const token of tokens) {
    if (token.type === "space" || token.type === "def") {
      if (token.type === "def")
        rows.push(...wrapWords([span(token.raw.trim())], { width: options.width }));
      continue;
    }
    if (rows.length > 0) rows.push([]);
    rows.push(...oneBlock(token, options));
  }
  return withPrefix(rows, prefix);
}

// marked has one type for all tokens, wide open for extensions; each case names what it relies on.
function oneBlock(token: Token, options: MarkdownOptions): readonly Row[] {
  const { width } = options;
  if (isHeading(token)) {
    const marks = span(`${"#".repeat(token.depth)} `, DIM);
    const style: Style = token.depth === 1 ? { bold: true, underline: true } : BOLD;
    return wrapWords([marks, ...inlineSpans(token.tokens, style)], { width });
  }
  if (isParagraph(token)) return textRows(token.tokens, width);
  if (isCode(token)) return codeRows(token, width);
  if (isList(token)) return listRows(token, options);
  if (isQuote(token)) {
    const bar: Row = [span(options.isAscii === true ? "> " : "│ ", DIM)];
    return blockRows(token.tokens, { ...options, width: width - 2 }, { first: bar, rest: bar });
  }
  if (isTable(token)) return tableRows(token, options);
  if (token.type === "hr") {
    return [row((options.isAscii === true ? "-" : "─").repeat(Math.min(width, 40)), DIM)];
  }
  if (isText(token)) return textRows(token.tokens ?? [token], width);
  return wrapHard([span(token.raw.replace(/\n+$/u, ""))], { width });
}

/** Before another item the parser may leave line breaks at the end of a text. */
function textRows(tokens: readonly Token[], width: number): readonly Row[] {
  const rows = wrapWords(inlineSpans(tokens, PLAIN), { width });
  const end = rows.findLastIndex((cells) => cells.length > 0);
  return rows.slice(0, Math.max(1, end + 1));
}

function codeRows(token: Tokens.Code, width: number): readonly Row[] {
  const language = sanitizeLine(token.lang ?? "");
  const isFenced = token.codeBlockStyle !== "indented";
  const fence = row("```", DIM);
  // Before another item the parser takes the empty line for one of code that nothing ends.
  const text = FENCE_END.test(token.raw) ? token.text : token.text.replace(/\n+$/u, "");
  const lines = highlightCode(text, language).flatMap((line) =>
    line.length === 0 ? [[]] : wrapHard(line, { width }),
  );
  return isFenced ? [row(`\`\`\`${language}`, DIM), ...lines, fence] : lines;
}

function listRows(token: Tokens.List, options: MarkdownOptions): readonly Row[] {
  const rows: Row[] = [];
  const start = typeof token.start === "number" ? token.start : 1;
  for (const [index, item] of token.items.entries()) {
    const marker = token.ordered ? `${start + index}. ` : "- ";
    const box = item.task ? (item.checked === true ? "[x] " : "[ ] ") : "";
    const label = `${marker}${box}`;
    const indent = " ".repeat(marker.length);
    const width = Math.max(1, options.width - textWidth(label));
    const body = itemRows(item.tokens, { ...options, width });
    rows.push(
      ...withPrefix(body.length === 0 ? [[]] : body, { first: row(label), rest: row(indent) }),
    );
    const isLast = index === token.items.length - 1;
    if (!isLast && ENDS_WITH_EMPTY_LINE.test(item.raw)) rows.push([]);
  }
  return rows;
}

function itemRows(tokens: readonly Token[], options: MarkdownOptions): readonly Row[] {
  const rows: Row[] = [];
  let isSpaced = false;
  for (const token of tokens) {
    if (token.type === "space") isSpaced = true;
    if (token.type === "space" || isTaskBox(token)) continue;
    if (isSpaced && rows.length > 0) rows.push([]);
    rows.push(...oneBlock(token, options));
    isSpaced = ENDS_WITH_EMPTY_LINE.test(token.raw);
  }
  return rows;
}

/** The box is part of the label. In a list with empty lines it has a paragraph around it. */
function isTaskBox(token: Token): boolean {
  if (token.type === "checkbox") return true;
  return isParagraph(token) && token.tokens.length > 0 && token.tokens.every(isTaskBox);
}

function tableRows(token: Tokens.Table, options: MarkdownOptions): readonly Row[] {
  const header = token.header.map(({ tokens }) => inlineSpans(tokens, BOLD));
  const body = token.rows.map((cells) => cells.map(({ tokens }) => inlineSpans(tokens, PLAIN)));
  const widths = header.map((cell, column) =>
    Math.max(3, rowWidth(cell), ...body.map((cells) => rowWidth(cells[column] ?? []))),
  );
  const total = widths.reduce((sum, width) => sum + width, 0) + 3 * (widths.length - 1);
  if (total > options.width || options.isPlain === true) return recordRows(header, body, options);
  const isAscii = options.isAscii === true;
  const bar = span(isAscii ? " | " : " │ ", DIM);
  const line = widths
    .map((width) => (isAscii ? "-" : "─").repeat(width))
    .join(isAscii ? "-+-" : "─┼─");
  const aligned = (cells: readonly Row[]): Row =>
    widths.flatMap((width, column) => {
      const cell = cells[column] ?? [];
      const padding = " ".repeat(Math.max(0, width - rowWidth(cell)));
      const isLast = column === widths.length - 1;
      const parts =
        token.align[column] === "right"
          ? [span(padding), ...cell]
          : isLast
            ? cell
            : [...cell, span(padding)];
      return column === 0 ? parts : [bar, ...parts];
    });
  return [aligned(header), row(line, DIM), ...body.map(aligned)];
}

/** A table that has no room: every row as a list of its fields. */
function recordRows(
  header: readonly Row[],
  body: readonly (readonly Row[])[],
  { width }: MarkdownOptions,
): readonly Row[] {
  return body.flatMap((cells, index) => [
    ...(index > 0 ? [[]] : []),
    ...cells.flatMap((cell, column) =>
      wrapWords([...(header[column] ?? []), span(": "), ...cell], { width, rest: row("  ") }),
    ),
  ]);
}

function inlineSpans(tokens: readonly Token[], style: Style): readonly Span[] {
  return tokens.flatMap((token) => inlineSpan(token, style));
}

function inlineSpan(token: Token, style: Style): readonly Span[] {
  if (isStrong(token)) return inlineSpans(token.tokens, { ...style, bold: true });
  if (isEmphasis(token)) return inlineSpans(token.tokens, { ...style, italic: true });
  if (isDeleted(token)) return inlineSpans(token.tokens, { ...style, strike: true });
  if (isCodeSpan(token)) return [span(token.text, { ...style, color: CYAN })];
  if (isTaskBox(token)) return [];
  if (token.type === "br") return [span("\n", style)];
  if (isLink(token)) return linkSpans(token, style);
  if (isImage(token)) return [span(`[image: ${token.text}] (${token.href})`, style)];
  if (isText(token) && token.tokens !== undefined) return inlineSpans(token.tokens, style);
  if (isText(token) || token.type === "escape")
    return [span("text" in token ? String(token.text) : token.raw, style)];
  return [span(token.raw, style)];
}

/** The target is always visible. Text that is no web address is not made to look like a link. */
function linkSpans(token: Tokens.Link, style: Style): readonly Span[] {
  const text = inlineSpans(token.tokens, style);
  const label = rowText(text);
  const isWeb = /^https?:\/\//u.test(token.href);
  if (!isWeb) return label === token.href ? text : [...text, span(` (${token.href})`, style)];
  const underlined = inlineSpans(token.tokens, { ...style, underline: true });
  return label === token.href ? underlined : [...underlined, span(` (${token.href})`, style)];
}

function withPrefix(rows: readonly Row[], { first, rest }: Prefix): readonly Row[] {
  if (first === undefined && rest === undefined) return rows;
  return rows.map((cells, index) => {
    const prefix = (index === 0 ? first : rest) ?? [];
    return cells.length === 0 ? trimmed(prefix) : [...prefix, ...cells];
  });
}

/** Without blanks at its end. */
function trimmed(prefix: Row): Row {
  const text = rowText(prefix).trimEnd();
  return text === "" ? [] : [span(text, prefix[0]?.style)];
}

const isHeading = (token: Token): token is Tokens.Heading => token.type === "heading";
const isParagraph = (token: Token): token is Tokens.Paragraph => token.type === "paragraph";
const isCode = (token: Token): token is Tokens.Code => token.type === "code";
const isList = (token: Token): token is Tokens.List => token.type === "list";
const isQuote = (token: Token): token is Tokens.Blockquote => token.type === "blockquote";
const isTable = (token: Token): token is Tokens.Table => token.type === "table";
const isText = (token: Token): token is Tokens.Text => token.type === "text";
const isStrong = (token: Token): token is Tokens.Strong => token.type === "strong";
const isEmphasis = (token: Token): token is Tokens.Em => token.type === "em";
const isDeleted = (token: Token): token is Tokens.Del => token.type === "del";
const isCodeSpan = (token: Token): token is Tokens.Codespan => token.type === "codespan";
const isLink = (token: Token): token is Tokens.Link => token.type === "link";
const isImage = (token: Token): token is Tokens.Image => token.type === "image";
