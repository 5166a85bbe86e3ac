/** Hunks with as many lines around them as people want to see; events carry one per side. */
import type { FileChange, FileChanges } from "../protocol/file-change.ts";

const CONTEXT_LINES = 3;
const HEADER = /^@@ -(\d+)(?:,\d+)? \+(\d+)/u;

interface Hunk {
  readonly body: readonly string[];
  /** How much older lines are numbered than newer ones before it. */
  readonly shift: number;
  /** Its lines in the new file, from 0, the end excluded. */
  readonly start: number;
  readonly end: number;
  /** The same with the context that is wanted. */
  readonly wideStart: number;
  readonly wideEnd: number;
}

/** Changes that were carried out; `read` gives a file as it is now. */
export function withContext(
  changes: FileChanges,
  read: (path: string) => string | undefined,
): FileChanges {
  const entries = Object.entries(changes).map(([path, change]): [string, FileChange] => {
    if (change === "delete" || "add" in change) return [path, change];
    const { unified_diff, move_path } = change.update;
    const text = read(move_path ?? path);
    if (text === undefined) return [path, change];
    return [path, { update: { unified_diff: widerHunks(unified_diff, text), move_path } }];
  });
  return Object.fromEntries(entries);
}

/** `text` is the file with the change in it; one that something else is in by now widens nothing. */
export function widerHunks(unifiedDiff: string, text: string): string {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const hunks = hunksOf(unifiedDiff, lines);
  if (hunks === undefined) return unifiedDiff;
  let out = "";
  for (let first = 0; first < hunks.length;) {
    let last = first;
    while (touches(hunks[last], hunks[last + 1])) last += 1;
    out += joined(hunks.slice(first, last + 1), lines);
    first = last + 1;
  }
  return out;
}

/** Undefined: the lines are not those of the diff. */
function hunksOf(unifiedDiff: string, lines: readonly string[]): readonly Hunk[] | undefined {
  const hunks: Hunk[] = [];
  for (const part of unifiedDiff.split(/^(?=@@ )/mu)) {
    const [header = "", ...body] = part.replace(/\n$/u, "").split("\n");
    const match = HEADER.exec(header);
    const news = body.filter((line) => line.startsWith(" ") || line.startsWith("+"));
    if (match === null || news.length === 0) return undefined;
    const start = Number(match[2]) - 1;
    const end = start + news.length;
    if (news.some((line, index) => line.slice(1) !== lines[start + index])) return undefined;
    const lead = body.findIndex(isChange);
    const trail = body.toReversed().filter(isLine).findIndex(isChange);
    hunks.push({
      body,
      shift: Number(match[1]) - 1 - start,
      start,
      end,
      wideStart: Math.max(0, start - Math.max(0, CONTEXT_LINES - lead)),
      wideEnd: Math.min(lines.length, end + Math.max(0, CONTEXT_LINES - trail)),
    });
  }
  return hunks;
}

function isChange(line: string): boolean {
  return line.startsWith("+") || line.startsWith("-");
}

/** Not the remark that there is no line break at the end. */
function isLine(line: string): boolean {
  return !line.startsWith("\\");
}

function touches(hunk: Hunk | undefined, next: Hunk | undefined): boolean {
  return hunk !== undefined && next !== undefined && next.wideStart <= hunk.wideEnd;
}

function joined(hunks: readonly Hunk[], lines: readonly string[]): string {
  const [first] = hunks;
  const last = hunks.at(-1);
  if (first === undefined || last === undefined) return "";
  const context = (start: number, end: number): readonly string[] =>
    lines.slice(start, end).map((line) => ` ${line}`);
  const body = hunks.flatMap((hunk, index) => [
    ...context(hunks[index - 1]?.end ?? hunk.wideStart, hunk.start),
    ...hunk.body,
  ]);
  body.push(...context(last.end, last.wideEnd));
  const oldCount = body.filter((line) => isLine(line) && !line.startsWith("+")).length;
  const start = first.wideStart + 1;
  const header = `@@ -${start + first.shift},${oldCount} +${start},${last.wideEnd - first.wideStart} @@`;
  return [header, ...body].map((line) => `${line}\n`).join("");
}
