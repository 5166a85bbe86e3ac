/** Changes of files as rows: header, line numbers of both sides, signs that never depend on colour. */
import { relative } from "node:path";
import { diffWordsWithSpace } from "diff";
import type { FileChange, FileChanges } from "../protocol/file-change.ts";
import { revealLine } from "./sanitize.ts";
import { BOLD, DIM, GREEN, RED, type Row, type Span, span, type Style } from "./styled.ts";
import { wrapHard, wrapWords } from "./wrap.ts";

export interface DiffCount {
  readonly added: number;
  readonly removed: number;
}

export function countChanges(changes: FileChanges): DiffCount {
  let added = 0;
  let removed = 0;
  for (const change of Object.values(changes)) {
    const count = countChange(change);
    added += count.added;
    removed += count.removed;
  }
  return { added, removed };
}

function countChange(change: FileChange): DiffCount {
  if (change === "delete") return { added: 0, removed: 0 };
  if ("add" in change) return { added: contentLines(change.add.content).length, removed: 0 };
  const lines = change.update.unified_diff.split("\n");
  return {
    added: lines.filter((line) => line.startsWith("+")).length,
    removed: lines.filter((line) => line.startsWith("-")).length,
  };
}

/** `(+4 -1)` */
export function formatCount({ added, removed }: DiffCount): string {
  return `(+${added} -${removed})`;
}

/** `files` changes of `cwd`'s project; paths within it are shown relative. */
export function diffRows(changes: FileChanges, cwd: string, width: number): readonly Row[] {
  return Object.entries(changes).flatMap(([path, change], index) => [
    ...(index > 0 ? [[]] : []),
    ...fileHeader(path, change, cwd, width),
    ...changeRows(change, width),
  ]);
}

/** The path is shown in full, however long it is. */
export function fileHeader(
  path: string,
  change: FileChange,
  cwd: string,
  width: number,
): readonly Row[] {
  const count = change === "delete" ? "" : ` ${formatCount(countChange(change))}`;
  return wrapWords(
    [span(`${verbOf(change)} ${nameOf(path, change, cwd)}`, BOLD), span(count, DIM)],
    { width, rest: [span("  ")] },
  );
}

function verbOf(change: FileChange): string {
  if (change === "delete") return "Delete";
  if ("add" in change) return "Add";
  return change.update.move_path === null ? "Update" : "Move";
}

function nameOf(path: string, change: FileChange, cwd: string): string {
  const name = displayPath(path, cwd);
  if (change === "delete" || "add" in change || change.update.move_path === null) return name;
  return `${name} -> ${displayPath(change.update.move_path, cwd)}`;
}

/** In full when it is outside of `cwd`. */
export function displayPath(path: string, cwd: string): string {
  const inside = relative(cwd, path);
  const isInside = inside !== "" && !inside.startsWith("..") && !inside.startsWith("/");
  return revealLine(isInside ? inside : path);
}

function changeRows(change: FileChange, width: number): readonly Row[] {
  if (change === "delete") return [];
  if ("update" in change) return hunkRows(change.update.unified_diff, width);
  const lines = contentLines(change.add.content);
  const numberWidth = String(lines.length).length;
  return lines.flatMap((line, index) =>
    lineRows({ sign: "+", text: line, old: "", new: String(index + 1) }, numberWidth, width),
  );
}

function contentLines(content: string): readonly string[] {
  const text = content.replace(/\n$/u, "");
  return text === "" ? [] : text.split("\n");
}

interface DiffLine {
  readonly sign: "+" | "-" | " ";
  readonly text: string;
  readonly old: string;
  readonly new: string;
  /** The line of the other side, when it is clear which one it is. */
  readonly partner?: string;
}

/** Rows of a unified diff without file headers. */
export function hunkRows(unifiedDiff: string, width: number): readonly Row[] {
  const lines = unifiedDiff.replace(/\n$/u, "").split("\n");
  const parsed: (DiffLine | undefined)[] = [];
  let oldLine = 1;
  let newLine = 1;
  for (const line of lines) {
    const header = /^@@ -(\d+)(?:,\d+)? \+(\d+)/u.exec(line);
    if (header !== null) {
      oldLine = Number(header[1]);
      newLine = Number(header[2]);
      if (parsed.length > 0) parsed.push(undefined);
    } else if (line.startsWith("+")) {
      parsed.push({ sign: "+", text: line.slice(1), old: "", new: String(newLine) });
      newLine += 1;
    } else if (line.startsWith("-")) {
      parsed.push({ sign: "-", text: line.slice(1), old: String(oldLine), new: "" });
      oldLine += 1;
    } else if (!line.startsWith("\\")) {
      parsed.push({ sign: " ", text: line.slice(1), old: String(oldLine), new: String(newLine) });
      oldLine += 1;
      newLine += 1;
    }
  }
  const numberWidth = String(Math.max(oldLine, newLine)).length;
  return pairLines(parsed).flatMap((line) =>
    line === undefined ? [[span("  ...", DIM)]] : lineRows(line, numberWidth, width),
  );
}

/** One removed line followed by one added line: the same line, changed. */
function pairLines(lines: readonly (DiffLine | undefined)[]): readonly (DiffLine | undefined)[] {
  return lines.map((line, index) => {
    if (line === undefined || line.sign === " ") return line;
    const isRemoved = line.sign === "-";
    const other = lines[isRemoved ? index + 1 : index - 1];
    const beyond = lines[isRemoved ? index + 2 : index + 1];
    const before = lines[isRemoved ? index - 1 : index - 2];
    const isPair =
      other !== undefined &&
      other.sign === (isRemoved ? "+" : "-") &&
      beyond?.sign !== "+" &&
      before?.sign !== "-";
    return isPair ? { ...line, partner: other.text } : line;
  });
}

/** Longer lines are not compared word by word. */
const MAX_COMPARED = 200;

function lineRows(line: DiffLine, numberWidth: number, width: number): readonly Row[] {
  const style: Style =
    line.sign === "+" ? { color: GREEN } : line.sign === "-" ? { color: RED } : {};
  const numbers = `${line.old.padStart(numberWidth)} ${line.new.padStart(numberWidth)} `;
  const first: Row = [span(numbers, DIM), span(`${line.sign} `, style)];
  const rest: Row = [span(" ".repeat(numbers.length + 2))];
  const spans = markedSpans(line, style);
  return wrapHard(spans, { width, first, rest });
}

function markedSpans(line: DiffLine, style: Style): readonly Span[] {
  const text = revealLine(line.text);
  const { partner } = line;
  if (partner === undefined || text.length > MAX_COMPARED || partner.length > MAX_COMPARED) {
    return [span(text, style)];
  }
  const other = revealLine(partner);
  const isRemoved = line.sign === "-";
  const parts = isRemoved ? diffWordsWithSpace(text, other) : diffWordsWithSpace(other, text);
  const own = parts.filter((part) => (isRemoved ? !part.added : !part.removed));
  const unchanged = own.filter((part) => !part.added && !part.removed);
  const kept = unchanged.reduce((sum, part) => sum + part.value.trim().length, 0);
  // Two lines that share next to nothing are not the same line changed.
  if (kept * 3 < text.trim().length) return [span(text, style)];
  return own.map((part) =>
    span(
      part.value,
      part.added || part.removed ? { ...style, bold: true, underline: true } : style,
    ),
  );
}
