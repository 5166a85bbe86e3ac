/** The hunks of a unified diff between a file and what a patch made of it. */
import type { FileLines } from "./file-lines.ts";

const CONTEXT_LINES = 1;
const NO_FINAL_NEWLINE = "\\ No newline at end of file\n";

/**
 * Hunks only, no file header, `contextLines` per side; "" when nothing differs.
 *
 * `after.origins` say which lines are the same, so this takes linear time and never guesses.
 * Source: protocol.md, FileChange.
 */
export function unifiedHunks(
  before: FileLines,
  after: FileLines,
  contextLines = CONTEXT_LINES,
): string {
  const changes = changedRuns(before, after);
  const parts: string[] = [];
  let start = 0;
  for (let end = 1; end <= changes.length; end += 1) {
    const previous = changes[end - 1];
    const next = changes[end];
    if (previous === undefined) break;
    if (next !== undefined && next.oldStart - previous.oldEnd <= 2 * contextLines) continue;
    pushHunk(parts, changes.slice(start, end), { before, after, contextLines });
    start = end;
  }
  return parts.join("");
}

/** Old lines `oldStart..oldEnd` (from 0, end excluded) became new lines `newStart..newEnd`. */
interface ChangedRun {
  readonly oldStart: number;
  readonly oldEnd: number;
  readonly newStart: number;
  readonly newEnd: number;
}

function changedRuns(before: FileLines, after: FileLines): readonly ChangedRun[] {
  const runs: ChangedRun[] = [];
  let oldStart = 0;
  let newStart = 0;
  for (let index = 0; index <= after.texts.length; index += 1) {
    const atEnd = index === after.texts.length;
    const origin = atEnd ? before.texts.length : (after.origins[index] ?? -1);
    if (!atEnd && (origin < 0 || !sameLine(before, origin, after, index))) continue;
    const run = narrowed({ oldStart, oldEnd: origin, newStart, newEnd: index }, before, after);
    if (run.oldStart < run.oldEnd || run.newStart < run.newEnd) runs.push(run);
    oldStart = origin + 1;
    newStart = index + 1;
  }
  return runs;
}

/** Without the equal lines at both ends: a patch may remove a line and write it again. */
function narrowed(run: ChangedRun, before: FileLines, after: FileLines): ChangedRun {
  let { oldStart, oldEnd, newStart, newEnd } = run;
  while (oldStart < oldEnd && newStart < newEnd && sameLine(before, oldStart, after, newStart)) {
    oldStart += 1;
    newStart += 1;
  }
  while (
    oldStart < oldEnd &&
    newStart < newEnd &&
    sameLine(before, oldEnd - 1, after, newEnd - 1)
  ) {
    oldEnd -= 1;
    newEnd -= 1;
  }
  return { oldStart, oldEnd, newStart, newEnd };
}

function sameLine(before: FileLines, old: number, after: FileLines, now: number): boolean {
  return before.texts[old] === after.texts[now] && before.endings[old] === after.endings[now];
}

function pushHunk(
  parts: string[],
  changes: readonly ChangedRun[],
  {
    before,
    after,
    contextLines,
  }: {
    readonly before: FileLines;
    readonly after: FileLines;
    readonly contextLines: number;
  },
): void {
  const first = changes[0];
  const last = changes.at(-1);
  if (first === undefined || last === undefined) return;
  const lead = Math.min(contextLines, first.oldStart);
  const tail = Math.min(contextLines, before.texts.length - last.oldEnd);
  const oldRange = range(first.oldStart - lead, last.oldEnd + tail);
  const newRange = range(first.newStart - lead, last.newEnd + tail);
  parts.push(`@@ -${oldRange} +${newRange} @@\n`);
  let next = first.oldStart - lead;
  for (const change of changes) {
    pushLines(parts, " ", before, next, change.oldStart);
    pushLines(parts, "-", before, change.oldStart, change.oldEnd);
    pushLines(parts, "+", after, change.newStart, change.newEnd);
    next = change.oldEnd;
  }
  pushLines(parts, " ", before, next, last.oldEnd + tail);
}

/** The unified form of lines `start..end`: from 1, the count left out when it is 1. */
function range(start: number, end: number): string {
  const count = end - start;
  if (count === 1) return String(start + 1);
  return `${count === 0 ? start : start + 1},${count}`;
}

function pushLines(
  parts: string[],
  mark: string,
  lines: FileLines,
  start: number,
  end: number,
): void {
  for (let index = start; index < end; index += 1) {
    const ending = lines.endings[index] ?? "";
    parts.push(mark, lines.texts[index] ?? "", ending === "" ? `\n${NO_FINAL_NEWLINE}` : ending);
  }
}
