/** Finished things as rows of the scrollback. Pure: facts in, rows out. */
import { modelAdvice } from "../core/model-advice.ts";
import type { McpToolResult, McpInvocation } from "../protocol/event.ts";
import { NO_ANSWER } from "../protocol/silent-turn.ts";
import type { FileChanges } from "../protocol/file-change.ts";
import type { PlanStep } from "../protocol/plan.ts";
import { countChanges, diffRows, formatCount } from "./diff-rows.ts";
import { formatDuration } from "./durations.ts";
import type { Marks } from "./marks.ts";
import { outputRows } from "./output-rows.ts";
import { sanitizeLine, sanitizeText } from "./sanitize.ts";
import { BOLD, CYAN, DIM, GREEN, RED, type Row, row, span, type Style, YELLOW } from "./styled.ts";
import { shorten, textWidth } from "./width.ts";
import { wrapWords } from "./wrap.ts";

export interface CellContext {
  /** Columns that rows may use. */
  readonly width: number;
  readonly marks: Marks;
  /** For paths. */
  readonly cwd: string;
  /** What the user gives to see everything in full; by default a key. */
  readonly fullView?: "Ctrl-T" | "/transcript";
}

const GOOD: Style = { color: GREEN };
const BAD: Style = { color: RED };
const WARNING: Style = { color: YELLOW };

/** Paragraph of text behind a mark; further rows are indented. */
export function markedRows(
  mark: string,
  markStyle: Style,
  text: Row,
  width: number,
): readonly Row[] {
  const first: Row = [span(`${mark} `, markStyle)];
  return wrapWords(text, { width, first, rest: row("  ") });
}

export function userCell(text: string, { width, marks }: CellContext): readonly Row[] {
  return markedRows(
    marks.user,
    { color: CYAN, bold: true },
    [span(sanitizeText(text), BOLD)],
    width,
  );
}

export function noticeCell(text: string, { width, marks }: CellContext): readonly Row[] {
  return markedRows(marks.notice, WARNING, [span(sanitizeText(text))], width);
}

export function doneCell(text: string, { width, marks }: CellContext): readonly Row[] {
  return markedRows(marks.done, GOOD, [span(sanitizeText(text))], width);
}

export function failedCell(text: string, { width, marks }: CellContext): readonly Row[] {
  return markedRows(marks.failed, BAD, [span(sanitizeText(text))], width);
}

export function retryCell(text: string, { width, marks }: CellContext): readonly Row[] {
  return markedRows(marks.retry, WARNING, [span(sanitizeText(text), DIM)], width);
}

export function reasoningCell(text: string, { width }: CellContext): readonly Row[] {
  return wrapWords([span(sanitizeText(text.replaceAll("**", "").trim()), DIM)], { width });
}

/** Cause, what was kept, what to do next. */
export function errorCell(message: string, context: CellContext): readonly Row[] {
  const { width } = context;
  const hint = wrapWords([span(nextStep(message), DIM)], {
    width,
    first: row("  "),
    rest: row("  "),
  });
  return [...failedCell(message, context), ...hint];
}

const KEPT = "Everything before it is kept.";

function nextStep(message: string): string {
  if (/\b401\b|unauthori[sz]ed/iu.test(message)) {
    return 'The key was refused and the request is not repeated. Store another one with "codex login --api-key", then send the message again.';
  }
  const advice = modelAdvice(message);
  if (advice !== undefined) return `${advice} ${KEPT}`;
  if (/\b40[034]\b/u.test(message)) {
    return "The request is not repeated. Everything before it is kept; /model changes the model.";
  }
  return `${KEPT} Send a message to go on.`;
}

export interface CommandFacts {
  /** The command or script, as one or more lines. */
  readonly title: string;
  readonly exitCode: number;
  readonly durationMs: number;
  readonly output: string;
}

const HEAD_LINES = 5;
const TAIL_LINES = 5;
const MAX_TITLE_ROWS = 3;

export function commandCell(facts: CommandFacts, context: CellContext): readonly Row[] {
  const { width, marks } = context;
  const isGood = facts.exitCode === 0;
  const ending = isGood ? formatDuration(facts.durationMs) : describeExit(facts);
  return [
    ...titleRows(
      isGood ? marks.done : marks.failed,
      isGood ? GOOD : BAD,
      facts.title,
      ending,
      context,
    ),
    ...outputRows(facts.output, {
      width,
      headLines: HEAD_LINES,
      tailLines: TAIL_LINES,
      omitted: omittedIn(context),
    }),
  ];
}

function omittedIn({ marks, fullView = "Ctrl-T" }: CellContext): (count: number) => string {
  return (count) => `${marks.ellipsis} +${count} lines (${fullView})`;
}

/** 124 is what a time-out has, and 128 + n what signal n has, as in a shell. */
function describeExit({ exitCode, durationMs }: CommandFacts): string {
  const time = formatDuration(durationMs);
  if (exitCode === -1) return "could not start";
  if (exitCode === 124) return `timed out after ${time}`;
  if (exitCode === 137 || exitCode === 143) return `killed (exit ${exitCode}) after ${time}`;
  return `exit ${exitCode} ${time}`;
}

export interface InterruptedFacts {
  readonly title: string;
  readonly elapsedMs: number;
  readonly lineCount: number;
}

export function interruptedCommandCell(
  facts: InterruptedFacts,
  context: CellContext,
): readonly Row[] {
  const { lineCount } = facts;
  const plural = lineCount === 1 ? "line" : "lines";
  const ending = `stopped after ${formatDuration(facts.elapsedMs)}, it had printed ${lineCount} ${plural}`;
  return titleRows(context.marks.failed, BAD, facts.title, ending, context);
}

function titleRows(
  mark: string,
  markStyle: Style,
  title: string,
  ending: string,
  { width, marks }: CellContext,
) {
  const lines = sanitizeText(title.trim()).split("\n");
  const [first = "", ...others] = lines;
  const rows = [
    ...wrapWords([span("$ ", DIM), span(first, BOLD)], {
      width,
      first: [span(`${mark} `, markStyle)],
      rest: row("    "),
    }),
    ...others.flatMap((line) =>
      wrapWords([span(line, BOLD)], { width, first: row("    "), rest: row("    ") }),
    ),
  ];
  const shown = rows.slice(0, MAX_TITLE_ROWS);
  const last = shown.at(-1) ?? [];
  const more = rows.length > shown.length ? ` ${marks.ellipsis}` : "";
  const withEnding = wrapWords([...last, span(`${more}  ${ending}`, markStyle)], {
    width,
    rest: row("    "),
  });
  return [...shown.slice(0, -1), ...withEnding];
}

export function explorationCell(
  lines: readonly string[],
  { width, marks }: CellContext,
): readonly Row[] {
  return [
    [span(`${marks.done} `, GOOD), span("Explored", BOLD)],
    ...lines.flatMap((line) =>
      wrapWords([span(line, DIM)], { width, first: row("  "), rest: row("    ") }),
    ),
  ];
}

export const INTERRUPTED = "Interrupted";

/** Behind what the user has stopped. */
export function interruptedCell({ width, marks }: CellContext): readonly Row[] {
  return wrapWords([span(`${marks.failed} ${INTERRUPTED}`, { color: YELLOW, bold: true })], {
    width,
  });
}

/** Where the model has ended a turn without a word. */
export function noAnswerCell({ width }: CellContext): readonly Row[] {
  return wrapWords([span(NO_ANSWER, DIM)], { width });
}

const MAX_DIFF_ROWS = 200;

export interface PatchFacts {
  readonly changes: FileChanges;
  readonly success: boolean;
  readonly message: string;
}

export function patchCell(
  { changes, success, message }: PatchFacts,
  context: CellContext,
): readonly Row[] {
  const { width, marks, cwd } = context;
  const title = patchTitle(changes);
  const rows = diffRows(changes, cwd, width);
  if (!success) {
    return [
      ...failedCell(`Could not edit ${title}; nothing was changed`, context),
      ...outputRows(message, {
        width,
        headLines: 10,
        tailLines: 5,
        omitted: omittedIn(context),
      }),
    ];
  }
  const shown = rows.slice(0, MAX_DIFF_ROWS);
  const more = rows.length - shown.length;
  return [
    ...doneCell(`Edited ${title}`, context),
    ...shown,
    ...(more > 0
      ? wrapWords([span(`${marks.ellipsis} +${more} rows (${whereInFull(context)})`, DIM)], {
          width,
        })
      : []),
  ];
}

/** The work tree may have moved on; the full view keeps the patch as it was. */
function whereInFull({ fullView = "Ctrl-T" }: CellContext): string {
  return `${fullView} shows this patch, /diff the work tree`;
}

export function patchTitle(changes: FileChanges): string {
  const count = Object.keys(changes).length;
  return `${count} ${count === 1 ? "file" : "files"} ${formatCount(countChanges(changes))}`;
}

export function planRows(
  steps: readonly PlanStep[],
  explanation: string | null,
  { width, marks }: CellContext,
): readonly Row[] {
  const title = wrapWords(
    [span("Plan", BOLD), span(explanation === null ? "" : ` ${sanitizeLine(explanation)}`, DIM)],
    { width, rest: row("  ") },
  );
  const rows = steps.flatMap(({ step, status }) => {
    const [mark, style] = planMark(status, marks);
    return wrapWords([span(sanitizeLine(step), style)], {
      width,
      first: [span(`  ${mark} `, style)],
      rest: row("    "),
    });
  });
  return [...title, ...rows];
}

function planMark(status: PlanStep["status"], marks: Marks): readonly [string, Style] {
  switch (status) {
    case "completed":
      return [marks.done, DIM];
    case "in_progress":
      return [marks.current, { color: CYAN, bold: true }];
    case "pending":
      return ["-", {}];
  }
}

const RESULT_LINES = 3;

export function mcpTitle({ server, tool, arguments: args }: McpInvocation): string {
  const shown = args === null || args === undefined ? "" : JSON.stringify(args);
  return sanitizeLine(`${server}.${tool}(${shown})`);
}

export interface McpFacts {
  readonly invocation: McpInvocation;
  readonly durationMs: number;
  readonly result: { readonly Ok: McpToolResult } | { readonly Err: string };
}

export function mcpCell(
  { invocation, durationMs, result }: McpFacts,
  context: CellContext,
): readonly Row[] {
  const { width, marks } = context;
  const isGood = "Ok" in result && result.Ok.isError !== true;
  const text = "Ok" in result ? mcpText(result.Ok) : result.Err;
  const ending = `  ${formatDuration(durationMs)}`;
  const mark = isGood ? marks.done : marks.failed;
  const room = width - textWidth(mark) - 1 - textWidth(ending);
  const title = `${shorten(mcpTitle(invocation), room, marks.ellipsis)}${ending}`;
  return [
    ...(isGood ? doneCell(title, context) : failedCell(title, context)),
    ...outputRows(text, {
      width,
      // An error is shown in full.
      headLines: isGood ? RESULT_LINES : Number.MAX_SAFE_INTEGER,
      hasWholeLines: !isGood,
      tailLines: 0,
      omitted: omittedIn(context),
    }),
  ];
}

export function mcpText({ content }: McpToolResult): string {
  return content.map(blockText).join("\n");
}

/** Pictures and sound are named, not printed. */
function blockText(block: unknown): string {
  if (typeof block !== "object" || block === null) return JSON.stringify(block);
  if ("text" in block) return String(block.text);
  if (!("data" in block && typeof block.data === "string")) return JSON.stringify(block);
  const type = "mimeType" in block ? String(block.mimeType) : "unknown type";
  return `[${type}, ${Math.floor((block.data.length * 3) / 4)} bytes]`;
}
