/** What a patch does, as people are shown it and as policies judge it. */
import type { FileChange, FileChanges } from "../protocol/file-change.ts";
import { type FileLines, joinLines } from "./file-lines.ts";
import type { StagedEntry, StagedFiles } from "./staged-files.ts";
import { unifiedHunks } from "./unified-hunks.ts";

export interface AffectedPath {
  /** Absolute, spelled as in the patch; not normalised. */
  readonly path: string;
  readonly kind: "add" | "update" | "delete";
  /** Absolute, without links and `..`. A deleted symlink is its own target. */
  readonly realPath: string;
}

/** One change per file, however often the patch touches it; a file that comes and goes has none. */
export function describeChanges(files: StagedFiles): FileChanges {
  return describeWith(files, describeEntry);
}

/**
 * The same with all that will stand in a file: of every moved one, which is shown as one that goes
 * and one that comes, and around the changes of those whose real path `isWhole` names.
 */
export function describeWhole(
  files: StagedFiles,
  isWhole: (realPath: string) => boolean,
): FileChanges {
  return describeWith(files, (entry, nameOf) => {
    const { after, before, linesBefore } = entry;
    if (after.kind !== "file") {
      const isMoved = entry.movedTo !== undefined && before.kind !== "missing";
      return isMoved ? "delete" : describeEntry(entry, nameOf);
    }
    const whole: FileChange = { add: { content: joinLines(after.lines) } };
    if (entry.movedFrom !== undefined) return whole;
    if (linesBefore === undefined || !isWhole(entry.realPath)) return describeEntry(entry, nameOf);
    // One that writes what is there already has no line to show around.
    const hunks = unifiedHunks(linesBefore, after.lines, Infinity);
    return hunks === "" ? whole : { update: { unified_diff: hunks, move_path: null } };
  });
}

function describeWith(
  files: StagedFiles,
  describe: (entry: StagedEntry, nameOf: NameOf) => FileChange | undefined,
): FileChanges {
  const nameOf = namesIn(files);
  return Object.fromEntries(
    files.entries.flatMap((entry) => {
      const change = describe(entry, nameOf);
      return change === undefined ? [] : [[nameOf(entry), change] as const];
    }),
  );
}

type NameOf = (entry: StagedEntry) => string;

/**
 * As the patch spells them, unless one spelling stands for two files: a link and what it led to
 * before the patch removed it. One of them would go unsaid, so all have their real paths then.
 */
function namesIn(files: StagedFiles): NameOf {
  const spelled = files.entries.map((entry) => files.absolute(entry.path));
  const areClear = new Set(spelled).size === spelled.length;
  return areClear ? (entry) => files.absolute(entry.path) : (entry) => entry.realPath;
}

function describeEntry(entry: StagedEntry, nameOf: NameOf): FileChange | undefined {
  const { after, linesBefore, movedTo } = entry;
  if (entry.movedFrom !== undefined) return undefined;
  if (after.kind === "file") {
    if (linesBefore === undefined) return { add: { content: joinLines(after.lines) } };
    return updateChange(linesBefore, after.lines, null);
  }
  if (entry.before.kind === "missing") return undefined;
  if (movedTo?.after.kind !== "file" || linesBefore === undefined) return "delete";
  return updateChange(linesBefore, movedTo.after.lines, nameOf(movedTo));
}

function updateChange(before: FileLines, after: FileLines, movePath: string | null): FileChange {
  return { update: { unified_diff: unifiedHunks(before, after), move_path: movePath } };
}

/** Every directory entry that is written or removed. */
export function affectedPaths(files: StagedFiles): readonly AffectedPath[] {
  return files.entries.flatMap((entry) => {
    const kind = affectedKind(entry);
    const { realPath } = entry;
    return kind === undefined ? [] : [{ path: files.absolute(entry.path), kind, realPath }];
  });
}

function affectedKind(entry: StagedEntry): AffectedPath["kind"] | undefined {
  if (entry.after.kind === "file") return entry.before.kind === "missing" ? "add" : "update";
  return entry.before.kind === "missing" ? undefined : "delete";
}
