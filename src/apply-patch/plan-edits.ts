/** The staged files as the shortest list of steps on the disk. */
import { posix } from "node:path";
import { joinLines } from "./file-lines.ts";
import type { FileAttributes, FileIdentity, Look } from "./file-view.ts";
import type { PathInPatch, StagedEntry, StagedFiles } from "./staged-files.ts";

/** What `writeChanges` carries out. All `realPath`s are absolute, without links and `..`. */
export interface PlannedEdits {
  /** To be created, outermost first. */
  readonly directories: readonly PlannedDirectory[];
  readonly writes: readonly PlannedWrite[];
  readonly removals: readonly PlannedRemoval[];
}

/** `path` is that of the file it is created for. */
export interface PlannedDirectory extends PathInPatch {
  readonly realPath: string;
}

export interface PlannedWrite extends PathInPatch {
  readonly realPath: string;
  readonly content: string;
  /** undefined: a new file, with what the umask and the directory give. */
  readonly attributes: FileAttributes | undefined;
  /** undefined: nothing may be there. */
  readonly replaces: FileIdentity | undefined;
}

export interface PlannedRemoval extends PathInPatch {
  readonly realPath: string;
  readonly identity: FileIdentity;
  /** A directory of the same name takes its place, so it goes first. */
  readonly makesWay: boolean;
}

export function planEdits(files: StagedFiles): PlannedEdits {
  const writes = files.entries.flatMap(plannedWrite);
  return {
    directories: plannedDirectories(files, writes),
    writes,
    removals: files.entries.flatMap(plannedRemoval),
  };
}

function plannedWrite(entry: StagedEntry): readonly PlannedWrite[] {
  const { path, patchLine, realPath, before, after } = entry;
  if (after.kind !== "file") return [];
  const content = joinLines(after.lines);
  const { attributes } = after;
  return [{ path, patchLine, realPath, content, attributes, replaces: identityIn(before) }];
}

function plannedRemoval(entry: StagedEntry): readonly PlannedRemoval[] {
  const { path, patchLine, realPath, before, after } = entry;
  const identity = identityIn(before);
  if (after.kind === "file" || identity === undefined) return [];
  return [{ path, patchLine, realPath, identity, makesWay: after.kind === "directory" }];
}

function identityIn(look: Look): FileIdentity | undefined {
  return look.kind === "file" || look.kind === "link" ? look.identity : undefined;
}

/** Only those that still hold a file in the end. */
function plannedDirectories(
  files: StagedFiles,
  writes: readonly PlannedWrite[],
): readonly PlannedDirectory[] {
  const neededBy = new Map<string, PlannedWrite>();
  for (const write of writes) {
    let directory = posix.dirname(write.realPath);
    for (; directory !== "/" && !neededBy.has(directory); directory = posix.dirname(directory)) {
      neededBy.set(directory, write);
    }
  }
  return files.newDirectories.flatMap((realPath) => {
    const write = neededBy.get(realPath);
    return write === undefined ? [] : [{ realPath, path: write.path, patchLine: write.patchLine }];
  });
}
