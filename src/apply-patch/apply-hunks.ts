/** The chunks of one update applied to the lines of one file. Pure: nothing is read or written. */
import type { SearchMiss, WantedLine } from "./describe-miss.ts";
import type { FileLines } from "./file-lines.ts";
import { LineFinder } from "./find-context.ts";
import { nearestPlace } from "./nearest-place.ts";
import type { ChunkLine, UpdateChunk, UpdateOperation } from "./parse-patch.ts";
import { PatchError } from "./patch-error.ts";

const BYTE_ORDER_MARK = "\uFEFF";

/**
 * The file after the update.
 *
 * Context lines take the patch's own spelling. A written line ends like the line it replaces, else
 * like the one before it; whether the file ends with a line end stays as it was (a file that was
 * empty gets one). A chunk without old lines goes to the end of the file, before a blank last line.
 * Errors: PatchError of kind `anchor-not-found` or `lines-not-found`.
 * Source: spec agent.md 6.3.
 */
export function applyChunks(file: FileLines, update: UpdateOperation): FileLines {
  const finder = new LineFinder(file.texts);
  const placed: PlacedChunk[] = [];
  let cursor = 0;
  for (const chunk of update.chunks) {
    cursor = findAnchors(finder, file, update.path, chunk, cursor);
    const place = placeChunk(finder, file, update.path, chunk, cursor);
    placed.push(place);
    if (place.length > 0) cursor = place.start + place.length;
  }
  return rewrite(file, inFileOrder(placed));
}

/** A chunk whose old lines are the `length` file lines from `start` on. */
interface PlacedChunk {
  readonly start: number;
  readonly length: number;
  readonly lines: readonly ChunkLine[];
}

/** The index after the last anchor. */
function findAnchors(
  finder: LineFinder,
  file: FileLines,
  path: string,
  chunk: UpdateChunk,
  from: number,
): number {
  let cursor = from;
  for (const anchor of chunk.anchors) {
    const found = finder.find([anchor.text], cursor);
    if (found === undefined) {
      const miss = describeMiss(file, path, [anchor], cursor, false);
      throw new PatchError({ kind: "anchor-not-found", ...miss });
    }
    cursor = found + 1;
  }
  return cursor;
}

function placeChunk(
  finder: LineFinder,
  file: FileLines,
  path: string,
  chunk: UpdateChunk,
  from: number,
): PlacedChunk {
  if (chunk.lines.every((line) => line.kind === "added")) {
    const beforeBlank = file.texts.at(-1) === "" ? 1 : 0;
    return { start: file.texts.length - beforeBlank, length: 0, lines: chunk.lines };
  }
  for (const lines of [chunk.lines, withoutBlankEnd(chunk.lines)]) {
    const old = lines.filter((line) => line.kind !== "added").map((line) => line.text);
    const start = chunk.atEndOfFile ? finder.findAtEnd(old, from) : finder.find(old, from);
    if (start !== undefined) return { start, length: old.length, lines };
  }
  const wanted = chunk.lines
    .map((line, offset) => ({ ...line, patchLine: chunk.firstPatchLine + offset }))
    .filter((line) => line.kind !== "added");
  const miss = describeMiss(file, path, wanted, from, chunk.atEndOfFile);
  throw new PatchError({ kind: "lines-not-found", ...miss });
}

/**
 * Models often end a chunk with a blank line that is not in the file: without a blank last old line,
 * and without a blank last new one. The same lines where the last old line is not blank.
 */
function withoutBlankEnd(lines: readonly ChunkLine[]): readonly ChunkLine[] {
  const lastOld = lines.findLastIndex((line) => line.kind !== "added");
  const lastNew = lines.findLastIndex((line) => line.kind !== "removed");
  if (lines[lastOld]?.text !== "") return lines;
  return lines.flatMap((line, index): readonly ChunkLine[] => {
    const staysOld = line.kind !== "added" && index !== lastOld;
    const staysNew = line.kind !== "removed" && !(index === lastNew && line.text === "");
    if (staysOld && staysNew) return [line];
    if (staysOld) return [{ kind: "removed", text: line.text }];
    return staysNew ? [{ kind: "added", text: line.text }] : [];
  });
}

function describeMiss(
  file: FileLines,
  path: string,
  wanted: readonly WantedLine[],
  from: number,
  onlyAtEndOfFile: boolean,
): SearchMiss {
  return {
    path,
    wanted,
    searchedFrom: from + 1,
    onlyAtEndOfFile,
    fileLineCount: file.texts.length,
    nearest: nearestPlace(file.texts, wanted, from),
  };
}

/** Additions at the end of the file may stand in the patch before chunks that apply further up. */
function inFileOrder(placed: readonly PlacedChunk[]): readonly PlacedChunk[] {
  return placed.toSorted((one, other) => one.start - other.start);
}

function rewrite(file: FileLines, placed: readonly PlacedChunk[]): FileLines {
  const writer = new LineWriter(file);
  for (const chunk of placed) {
    writer.copyUpTo(chunk.start);
    writer.write(chunk.lines);
  }
  writer.copyUpTo(file.texts.length);
  return writer.finish();
}

/** Copies and replaces file lines from top to bottom. */
class LineWriter {
  readonly #file: FileLines;
  readonly #texts: string[] = [];
  readonly #endings: string[] = [];
  readonly #origins: number[] = [];
  #next = 0;

  constructor(file: FileLines) {
    this.#file = file;
  }

  copyUpTo(end: number): void {
    for (; this.#next < end; this.#next += 1) {
      this.#emit(this.#file.texts[this.#next] ?? "", this.#endingAt(this.#next), this.#next);
    }
  }

  /** Its old lines are the file lines that come next. */
  write(lines: readonly ChunkLine[]): void {
    const start = this.#texts.length;
    const replacesFirstLine = this.#next === 0;
    let replacedEndings: (string | undefined)[] = [];
    for (const line of lines) {
      switch (line.kind) {
        case "context":
          this.#emit(line.text, this.#endingAt(this.#next), this.#next);
          this.#next += 1;
          replacedEndings = [];
          break;
        case "removed":
          replacedEndings.push(this.#endingAt(this.#next));
          this.#next += 1;
          break;
        case "added":
          this.#emit(line.text, replacedEndings.shift() ?? this.#neighbourEnding(), -1);
          break;
      }
    }
    if (replacesFirstLine && this.#next > 0) this.#keepByteOrderMark(start, lines);
  }

  finish(): FileLines {
    const endings = this.#endings;
    const last = endings.length - 1;
    for (const [index, ending] of endings.entries()) {
      if (ending === "" && index < last) endings[index] = endings[index - 1] ?? "\n";
    }
    if (last >= 0 && this.#file.endings.at(-1) === "") endings[last] = "";
    return { texts: this.#texts, endings, origins: this.#origins };
  }

  #emit(text: string, ending: string | undefined, fileLine: number): void {
    this.#texts.push(text);
    this.#endings.push(ending ?? "\n");
    this.#origins.push(this.#file.origins[fileLine] ?? -1);
  }

  #endingAt(fileLine: number): string | undefined {
    return this.#file.endings[fileLine];
  }

  /** Of the line before, else of the one that follows. */
  #neighbourEnding(): string | undefined {
    return this.#endingAt(this.#next - 1) ?? this.#endingAt(this.#next);
  }

  /** Tools that show a file hide its mark, so a patch that matched without one must not lose it. */
  #keepByteOrderMark(start: number, lines: readonly ChunkLine[]): void {
    const firstOld = lines.find((line) => line.kind !== "added");
    const first = this.#texts[start];
    if (this.#file.texts[0]?.startsWith(BYTE_ORDER_MARK) !== true) return;
    if (firstOld?.text.startsWith(BYTE_ORDER_MARK) === true || first === undefined) return;
    if (!first.startsWith(BYTE_ORDER_MARK)) this.#texts[start] = `${BYTE_ORDER_MARK}${first}`;
  }
}
