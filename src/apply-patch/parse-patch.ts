/** Patch text to file operations. Nothing here looks at the disk. */
import { PatchError } from "./patch-error.ts";

export interface ChunkLine {
  readonly kind: "context" | "removed" | "added";
  readonly text: string;
}

/** One place of a file that changes. Line numbers count from 1 at the line `*** Begin Patch`. */
export interface UpdateChunk {
  /** The texts behind `@@`, outermost first; each narrows where the search for `lines` begins. */
  readonly anchors: readonly { readonly text: string; readonly patchLine: number }[];
  readonly lines: readonly ChunkLine[];
  /** Patch line of `lines[0]`; the others follow without a gap. */
  readonly firstPatchLine: number;
  readonly atEndOfFile: boolean;
}

export interface AddOperation {
  readonly kind: "add";
  readonly path: string;
  readonly patchLine: number;
  readonly content: string;
}

export interface DeleteOperation {
  readonly kind: "delete";
  readonly path: string;
  readonly patchLine: number;
}

export interface UpdateOperation {
  readonly kind: "update";
  readonly path: string;
  readonly patchLine: number;
  readonly moveTo: string | undefined;
  readonly chunks: readonly UpdateChunk[];
}

export type FileOperation = AddOperation | DeleteOperation | UpdateOperation;

const BEGIN = "*** Begin Patch";
const END = "*** End Patch";
const ADD = "*** Add File: ";
const DELETE = "*** Delete File: ";
const UPDATE = "*** Update File: ";
const MOVE = "*** Move to: ";
const END_OF_FILE = "*** End of File";
const HEREDOC_STARTS: ReadonlySet<string | undefined> = new Set(["<<EOF", "<<'EOF'", '<<"EOF"']);

/**
 * The operations in patch order; none at all for an empty patch.
 *
 * A body still wrapped in its heredoc (`<<EOF` ... `EOF`) is unwrapped, CRLF line ends are accepted.
 * Errors: PatchError of kind `bad-boundary` or `bad-hunk`.
 * Source: spec agent.md 6.2; messages as recorded from Codex 0.23.0.
 */
export function parsePatch(patchText: string): readonly FileOperation[] {
  const cursor = new Cursor(linesInside(patchText));
  const operations: FileOperation[] = [];
  while (cursor.current() !== undefined) operations.push(parseOperation(cursor));
  return operations;
}

/** The lines strictly between the Begin and the End marker. */
function linesInside(patchText: string): readonly string[] {
  const text = patchText.trim();
  const lines = text === "" ? [] : text.split("\n").map(withoutCarriageReturn);
  if (edgeMissing(lines) === undefined) return lines.slice(1, -1);
  const wrapped =
    lines.length >= 4 && HEREDOC_STARTS.has(lines[0]) && lines.at(-1)?.endsWith("EOF") === true;
  const inner = wrapped ? lines.slice(1, -1) : lines;
  const edge = edgeMissing(inner);
  if (edge !== undefined) throw new PatchError({ kind: "bad-boundary", edge });
  return inner.slice(1, -1);
}

function edgeMissing(lines: readonly string[]): "first" | "last" | undefined {
  const first = lines[0];
  if (first !== undefined && first.trim() !== BEGIN) return "first";
  return lines.length > 1 && lines.at(-1)?.trim() === END ? undefined : "last";
}

function withoutCarriageReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

/** Reads forward only; `patchLine` is that of `current()`. */
class Cursor {
  readonly #lines: readonly string[];
  #index = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  get patchLine(): number {
    return this.#index + 2; // The Begin line is 1.
  }

  current(): string | undefined {
    return this.#lines[this.#index];
  }

  advance(): void {
    this.#index += 1;
  }
}

function parseOperation(cursor: Cursor): FileOperation {
  const patchLine = cursor.patchLine;
  const header = (cursor.current() ?? "").trim();
  cursor.advance();
  if (header.startsWith(ADD)) {
    return { kind: "add", path: header.slice(ADD.length), patchLine, content: addedText(cursor) };
  }
  if (header.startsWith(DELETE)) {
    return { kind: "delete", path: header.slice(DELETE.length), patchLine };
  }
  if (header.startsWith(UPDATE)) {
    return parseUpdate(cursor, header.slice(UPDATE.length), patchLine);
  }
  throw badHunk(
    patchLine,
    `'${header}' is not a valid hunk header. Valid hunk headers: ` +
      "'*** Add File: {path}', '*** Delete File: {path}', '*** Update File: {path}'",
  );
}

function addedText(cursor: Cursor): string {
  const parts: string[] = [];
  for (let line = cursor.current(); line?.startsWith("+") === true; line = cursor.current()) {
    parts.push(line.slice(1), "\n");
    cursor.advance();
  }
  return parts.join("");
}

function parseUpdate(cursor: Cursor, path: string, patchLine: number): UpdateOperation {
  const moveTo = parseMoveTo(cursor);
  const chunks: UpdateChunk[] = [];
  for (let line = cursor.current(); line !== undefined; line = cursor.current()) {
    if (line.startsWith("*")) break;
    if (line.trim() === "") cursor.advance();
    else chunks.push(parseChunk(cursor, chunks.length === 0));
  }
  if (chunks.length === 0) {
    throw badHunk(patchLine, `Update file hunk for path '${path}' is empty`);
  }
  return { kind: "update", path, patchLine, moveTo, chunks };
}

/** Only the end is trimmed: a blank in front makes it a context line of a chunk without `@@`. */
function parseMoveTo(cursor: Cursor): string | undefined {
  const line = cursor.current();
  if (line?.startsWith(MOVE) !== true) return undefined;
  const moveTo = line.slice(MOVE.length).trim();
  if (moveTo === "") return undefined;
  cursor.advance();
  return moveTo;
}

function parseChunk(cursor: Cursor, mayLackAnchor: boolean): UpdateChunk {
  const start = cursor.patchLine;
  const anchors = parseAnchors(cursor, mayLackAnchor);
  const firstPatchLine = cursor.patchLine;
  const lines: ChunkLine[] = [];
  let atEndOfFile = false;
  for (let line = cursor.current(); line !== undefined; line = cursor.current()) {
    atEndOfFile = line === END_OF_FILE && lines.length > 0;
    const parsed = line === END_OF_FILE ? undefined : parseChunkLine(line);
    if (parsed !== undefined) lines.push(parsed);
    if (parsed !== undefined || atEndOfFile) cursor.advance();
    if (parsed === undefined) break;
  }
  if (lines.length === 0) {
    // Codex 0.23.0 counts the `@@` line also where it is absent (recorded case update_bad_first).
    throw badHunk(Math.max(firstPatchLine, start + 1), emptyChunkReason(cursor.current()));
  }
  return { anchors, lines, firstPatchLine, atEndOfFile };
}

function emptyChunkReason(foreignLine: string | undefined): string {
  if (foreignLine === undefined || foreignLine === END_OF_FILE) {
    return "Update hunk does not contain any lines";
  }
  return (
    `Unexpected line found in update hunk: '${foreignLine}'. ` +
    "Every line should start with ' ' (context line), '+' (added line), or '-' (removed line)"
  );
}

/** Several stacked `@@` lines narrow the place step by step; one with nothing behind it does not. */
function parseAnchors(cursor: Cursor, mayBeAbsent: boolean): UpdateChunk["anchors"] {
  const anchors: { text: string; patchLine: number }[] = [];
  const start = cursor.patchLine;
  for (let line = cursor.current(); line !== undefined; line = cursor.current()) {
    if (line !== "@@" && !line.startsWith("@@ ")) break;
    const text = line.slice(3);
    if (text.trim() !== "") anchors.push({ text, patchLine: cursor.patchLine });
    cursor.advance();
  }
  if (cursor.patchLine === start && !mayBeAbsent) {
    const found = cursor.current() ?? "";
    throw badHunk(start, `Expected update hunk to start with a @@ context marker, got: '${found}'`);
  }
  return anchors;
}

function parseChunkLine(line: string): ChunkLine | undefined {
  switch (line[0]) {
    case undefined:
      return { kind: "context", text: "" };
    case " ":
      return { kind: "context", text: line.slice(1) };
    case "-":
      return { kind: "removed", text: line.slice(1) };
    case "+":
      return { kind: "added", text: line.slice(1) };
    default:
      return undefined;
  }
}

function badHunk(patchLine: number, reason: string): PatchError {
  return new PatchError({ kind: "bad-hunk", patchLine, reason });
}
