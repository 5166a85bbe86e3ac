/** Output of commands: the head and the tail of it as rows. */
import { sanitizeOutput } from "./sanitize.ts";
import { DIM, PLAIN, type Row, span } from "./styled.ts";
import { wrapHard, wrapWords } from "./wrap.ts";

const INDENT: Row = [span("  ")];

export interface OutputOptions {
  readonly width: number;
  readonly headLines: number;
  readonly tailLines: number;
  /** Lines that take many rows are shown in full too. */
  readonly hasWholeLines?: boolean;
  /** What is said of the lines between. */
  readonly omitted: (count: number) => string;
}

/** Long lines take several rows; a line counts as one all the same. */
export function outputRows(output: string, options: OutputOptions): readonly Row[] {
  const lines = linesOf(output);
  const { headLines, tailLines, omitted, width, hasWholeLines = false } = options;
  const maxRows = hasWholeLines ? Number.MAX_SAFE_INTEGER : MAX_ROWS_PER_LINE;
  if (lines.length === 0) return remarkRows("(no output)", width);
  if (lines.length <= headLines + tailLines + 1)
    return lines.flatMap((line) => lineRows(line, width, maxRows));
  const head = lines.slice(0, headLines);
  const tail = tailLines === 0 ? [] : lines.slice(-tailLines);
  const between = omitted(lines.length - head.length - tail.length);
  return [
    ...head.flatMap((line) => lineRows(line, width, maxRows)),
    ...remarkRows(between, width),
    ...tail.flatMap((line) => lineRows(line, width, maxRows)),
  ];
}

export function countLines(output: string): number {
  return linesOf(output).length;
}

function linesOf(output: string): readonly string[] {
  const text = output.replaceAll(/\r+\n/gu, "\n").replace(/\n+$/u, "");
  return text === "" ? [] : text.split("\n");
}

/** A single line may not fill the screen. */
const MAX_ROWS_PER_LINE = 8;

function lineRows(line: string, width: number, maxRows: number): readonly Row[] {
  const pieces = sanitizeOutput(line)[0] ?? [];
  const spans = pieces.map(({ text, style }) =>
    span(text, style === PLAIN ? DIM : { ...DIM, ...style }),
  );
  const rows = wrapHard(
    spans.map(({ text, style }) => span(text, style)),
    { width, first: INDENT, rest: INDENT },
  );
  if (rows.length <= maxRows) return rows;
  const more = rows.length - maxRows + 1;
  return [...rows.slice(0, maxRows - 1), ...remarkRows(`(line goes on for ${more} rows)`, width)];
}

/** Our own words among those of the command. */
function remarkRows(text: string, width: number): readonly Row[] {
  return wrapWords([span(text, DIM)], { width, first: INDENT, rest: INDENT });
}
