/** One file of a diff in git's form. */
import { structuredPatch } from "diff";

export interface GitFile {
  /** As it stands behind `a/` and `b/`. */
  readonly name: string;
  /** undefined: the file is not there. */
  readonly content: GitContent | undefined;
}

export interface GitContent {
  /** "100644", "100755" or "120000". */
  readonly mode: string;
  readonly bytes: Uint8Array;
  /** 40 hexadecimal digits. */
  readonly blobId: string;
}

const CONTEXT_LINES = 3;
// Beyond this many changed lines the search for the shortest diff takes seconds; then one hunk has
// everything between the first and the last changed line.
const MAX_EDIT_LENGTH = 3000;
const NO_BLOB = "0".repeat(40);
const NO_FINAL_NEWLINE = "\\ No newline at end of file";

/** "" when both are the same; different names make it a rename. Source: spec agent.md 6.4. */
export function gitStyleDiff(before: GitFile, after: GitFile): string {
  const [old, now] = [before.content, after.content];
  const isRename = before.name !== after.name;
  const isSame = old?.blobId === now?.blobId;
  if (isSame && old?.mode === now?.mode && !isRename) return "";
  const lines = [
    `diff --git ${quoted(`a/${before.name}`)} ${quoted(`b/${after.name}`)}`,
    ...modeLines(old, now),
    ...(isSame && isRename ? renameLines(before.name, after.name) : []),
  ];
  if (!isSame) lines.push(`index ${old?.blobId ?? NO_BLOB}..${now?.blobId ?? NO_BLOB}`);
  return `${lines.join("\n")}\n${isSame ? "" : contentDiff(before, after)}`;
}

function modeLines(old: GitContent | undefined, now: GitContent | undefined): readonly string[] {
  if (now === undefined) return old === undefined ? [] : [`deleted file mode ${old.mode}`];
  if (old === undefined) return [`new file mode ${now.mode}`];
  return old.mode === now.mode ? [] : [`old mode ${old.mode}`, `new mode ${now.mode}`];
}

/** Only where no line differs, because then nothing else says what happened. */
function renameLines(from: string, to: string): readonly string[] {
  return ["similarity index 100%", `rename from ${quoted(from)}`, `rename to ${quoted(to)}`];
}

function contentDiff(before: GitFile, after: GitFile): string {
  const oldName = before.content === undefined ? "/dev/null" : quoted(`a/${before.name}`);
  const newName = after.content === undefined ? "/dev/null" : quoted(`b/${after.name}`);
  const oldText = textOf(before.content);
  const newText = textOf(after.content);
  if (oldText === undefined || newText === undefined) {
    return `Binary files ${oldName} and ${newName} differ\n`;
  }
  const hunks = hunksOf(oldText, newText);
  return hunks === "" ? "" : `--- ${oldName}\n+++ ${newName}\n${hunks}`;
}

/** undefined for what git would not show as text. */
function textOf(content: GitContent | undefined): string | undefined {
  if (content === undefined) return "";
  if (content.bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content.bytes);
  } catch {
    return undefined;
  }
}

interface Hunk {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
  readonly lines: readonly string[];
}

function hunksOf(oldText: string, newText: string): string {
  const options = { context: CONTEXT_LINES, maxEditLength: MAX_EDIT_LENGTH };
  const patch = structuredPatch("", "", oldText, newText, "", "", options);
  const hunks: readonly Hunk[] = patch?.hunks ?? [wholeHunk(oldText, newText)];
  return hunks.map(formatHunk).join("");
}

function formatHunk(hunk: Hunk): string {
  const header = `@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`;
  return `${[header, ...hunk.lines].join("\n")}\n`;
}

/** `start` counts from 1; of an empty range git names the line before it. */
function range(start: number, count: number): string {
  if (count === 1) return String(start);
  return `${count === 0 ? start - 1 : start},${count}`;
}

/** Everything between the equal lines at both ends, with context. */
function wholeHunk(oldText: string, newText: string): Hunk {
  const old = linesOf(oldText);
  const now = linesOf(newText);
  const shorter = Math.min(old.length, now.length);
  let head = 0;
  while (head < shorter && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const start = Math.max(0, head - CONTEXT_LINES);
  const end = old.length - tail;
  const context = old.slice(end, end + CONTEXT_LINES);
  return {
    oldStart: start + 1,
    oldLines: end + context.length - start,
    newStart: start + 1,
    newLines: now.length - tail + context.length - start,
    lines: [
      ...marked(" ", old.slice(start, head)),
      ...marked("-", old.slice(head, end)),
      ...marked("+", now.slice(head, now.length - tail)),
      ...marked(" ", context),
    ],
  };
}

/** With their line feeds. */
function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/gu) ?? [];
}

function marked(mark: string, lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) =>
    line.endsWith("\n") ? [`${mark}${line.slice(0, -1)}`] : [`${mark}${line}`, NO_FINAL_NEWLINE],
  );
}

/** C style, as git does where a name would break the line it stands in. */
function quoted(name: string): string {
  if (!/["\\\p{Cc}]/u.test(name)) return name;
  const escaped = name.replace(/["\\\p{Cc}]/gu, (character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    return [...Buffer.from(character)]
      .map((byte) => `\\${byte.toString(8).padStart(3, "0")}`)
      .join("");
  });
  return `"${escaped}"`;
}
