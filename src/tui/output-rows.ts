/** Output of commands: the head and the tail of it as rows. */
import { sanitizeOutput } from "./sanitize.ts";
import { DIM, PLAIN, type Row, row, span } from "./styled.ts";
import { wrapHard } from "./wrap.ts";

const INDENT: Row = [span("  ")];

export interface OutputOptions {
  readonly width: number;
  readonly headLines: number;
  readonly tailLines: number;
  /** What is said of the lines between. */
  readonly omitted: (count: number) => string;
}

/** Long lines take several rows; a line counts as one all the same. */
export function outputRows(output: string, options: OutputOptions): readonly Row[] {
  const lines = linesOf(output);
  const { headLines, tailLines, omitted, width } = options;
  if (lines.length === 0) return [[...INDENT, span("(no output)", DIM)]];
  if (lines.length <= headLines + tailLines + 1)
    return lines.flatMap((line) => lineRows(line, width));
  const head = lines.slice(0, headLines);
  const tail = tailLines === 0 ? [] : lines.slice(-tailLines);
  const between = omitted(lines.length - head.length - tail.length);
  return [
    ...head.flatMap((line) => lineRows(line, width)),
    [...INDENT, span(between, DIM)],
    ...tail.flatMap((line) => lineRows(line, width)),
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

function lineRows(line: string, width: number): readonly Row[] {
  const pieces = sanitizeOutput(line)[0] ?? [];
  const spans = pieces.map(({ text, style }) =>
    span(text, style === PLAIN ? DIM : { ...DIM, ...style }),
  );
  const rows = wrapHard(
    spans.map(({ text, style }) => span(text, style)),
    { width, first: INDENT, rest: INDENT },
  );
  if (rows.length <= MAX_ROWS_PER_LINE) return rows;
  const more = rows.length - MAX_ROWS_PER_LINE + 1;
  return [...rows.slice(0, MAX_ROWS_PER_LINE - 1), row(`  (line goes on for ${more} rows)`, DIM)];
}
