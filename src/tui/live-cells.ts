/** What still runs as rows of the live region. Pure: facts in, rows out. */
import type { FileChanges } from "../protocol/file-change.ts";
import { type CellContext, patchTitle } from "./cells.ts";
import { formatElapsed } from "./durations.ts";
import { outputRows } from "./output-rows.ts";
import type { RunningOutput } from "./running-output.ts";
import { sanitizeLine } from "./sanitize.ts";
import { BOLD, CYAN, DIM, type Row, row, span } from "./styled.ts";
import { shorten, textWidth } from "./width.ts";
import { wrapHard } from "./wrap.ts";

const OUTPUT_ROWS = 5;
const EXPANDED_OUTPUT_ROWS = 40;
const CALL_ROWS = 3;

export interface LiveCommand {
  /** On one line. */
  readonly line: string;
  readonly elapsedMs: number;
  readonly output: RunningOutput;
}

export function liveCommandRows(
  { line, elapsedMs, output }: LiveCommand,
  isExpanded: boolean,
  { width, marks }: CellContext,
): readonly Row[] {
  const start = `${marks.running} `;
  const elapsed = `  (${formatElapsed(elapsedMs)})`;
  const room = width - textWidth(start) - 2 - elapsed.length;
  const rows: Row[] = [
    [
      span(start, { color: CYAN }),
      span("$ ", DIM),
      span(shorten(line, room, marks.ellipsis), BOLD),
      span(elapsed, DIM),
    ],
  ];
  const most = isExpanded ? EXPANDED_OUTPUT_ROWS : OUTPUT_ROWS;
  const shown = output.tail(most);
  if (shown === "") return rows;
  const above = output.lineCount - shown.split("\n").length;
  if (above > 0) rows.push(row(shorten(`  +${above} lines above`, width, marks.ellipsis), DIM));
  const options = { width, headLines: most, tailLines: 0, omitted: () => "" };
  rows.push(...outputRows(shown, options).slice(-most));
  return rows;
}

export function liveExplorationRow(lines: readonly string[], context: CellContext): Row {
  const { width, marks } = context;
  const start = `${marks.done} `;
  const text = `Explored: ${lines.join(", ")}`;
  return [span(start, DIM), span(shorten(text, width - textWidth(start), marks.ellipsis), DIM)];
}

export function livePatchRow(changes: FileChanges, { width, marks }: CellContext): Row {
  const title = `${marks.running} Editing ${patchTitle(changes)}`;
  return row(shorten(title, width, marks.ellipsis));
}

/** `title` as `mcpTitle` gives it. Arguments hold few blanks, so they are broken anywhere. */
export function liveCallRows(title: string, { width, marks }: CellContext): readonly Row[] {
  const start = `${marks.running} `;
  const indent = textWidth(start);
  // A wide character may leave one column of each row but the last one empty.
  const room = CALL_ROWS * (width - indent) - (CALL_ROWS - 1);
  const text = shorten(title, room, marks.ellipsis);
  return wrapHard([span(text)], { width, first: row(start), rest: row(" ".repeat(indent)) });
}

/** What goes on beside the conversation. `hint`: how to stop it, if a key does. */
export function liveWorkRow(
  { title, elapsedMs, hint }: { title: string; elapsedMs: number; hint: string },
  { width, marks }: CellContext,
): Row {
  const start = `${marks.running} `;
  const end = `  (${formatElapsed(elapsedMs)})${hint === "" ? "" : `${marks.separator}${hint}`}`;
  const shown = shorten(title, Math.max(1, width - textWidth(start + end)), marks.ellipsis);
  return [span(start, { color: CYAN }), span(shown, BOLD), span(end, DIM)];
}

/** The latest heading of reasoning, as `latestHeading` gives it. */
export function liveReasoningRow(heading: string, { width, marks }: CellContext): Row {
  const bold = /^\s*\*\*(.+?)\*\*/su.exec(heading)?.[1];
  const title = sanitizeLine(bold ?? heading.replaceAll("**", ""));
  return row(shorten(title, width, marks.ellipsis), DIM);
}

/** Headings of reasoning are bold lines; the latest one says what it is about. */
export function latestHeading(text: string): string {
  const start = text.lastIndexOf("\n\n**");
  return start === -1 ? text.slice(0, 2000) : text.slice(start + 2);
}
