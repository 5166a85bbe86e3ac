/** One operation of a patch after the other, each on the result of the ones before. */
import { applyChunks } from "./apply-hunks.ts";
import { asRead, splitLines } from "./file-lines.ts";
import type {
  AddOperation,
  DeleteOperation,
  FileOperation,
  UpdateOperation,
} from "./parse-patch.ts";
import { PatchError } from "./patch-error.ts";
import { type RealTarget, UnresolvablePathError } from "./real-target.ts";
import {
  type PathInPatch,
  type StagedEntry,
  type StagedFiles,
  type StagedState,
  whyNotAFile,
} from "./staged-files.ts";
import { describeFsError } from "./system-error.ts";

/** Errors: PatchError; `files` is then half staged and of no further use. */
export function stageOperation(files: StagedFiles, operation: FileOperation): void {
  switch (operation.kind) {
    case "add":
      return stageAdd(files, operation);
    case "delete":
      return stageDelete(files, operation);
    case "update":
      return stageUpdate(files, operation);
  }
}

function stageAdd(files: StagedFiles, operation: AddOperation): void {
  const target = writableTarget(files, operation);
  const attributes = target.look.kind === "file" ? target.look.attributes : undefined;
  const lines = splitLines(operation.content);
  const entry = files.change(target, operation, { kind: "file", lines, attributes });
  showAlone(entry);
  entry.linesBefore = undefined;
}

function stageDelete(files: StagedFiles, operation: DeleteOperation): void {
  const target = removableTarget(files, operation);
  showAlone(files.change(target, operation, { kind: "absent" }));
}

function stageUpdate(files: StagedFiles, operation: UpdateOperation): void {
  const { moveTo } = operation;
  const target = attempt("read", operation, () => files.target(operation.path));
  const { lines, attributes } = attempt("read", operation, () => files.contentOf(target));
  const source = removableTarget(files, operation);
  if (moveTo !== undefined && !namesEntry(files, moveTo, source)) {
    const base = source.path === target.path ? lines : asRead(lines);
    const isFirstTouch = files.entryAt(source.path) === undefined;
    const moved = { kind: "file", lines: applyChunks(base, operation), attributes } as const;
    const sourceEntry = files.change(source, operation, { kind: "absent" });
    if (isFirstTouch) sourceEntry.linesBefore = base;
    return stageMoved(files, sourceEntry, { path: moveTo, patchLine: operation.patchLine }, moved);
  }
  const isFirstTouch = files.entryAt(target.path) === undefined;
  const after = { kind: "file", lines: applyChunks(lines, operation), attributes } as const;
  const entry = files.change(target, operation, after);
  if (isFirstTouch) entry.linesBefore = lines;
}

/** The source is staged as absent already, so that its name is free for directories of the new one. */
function stageMoved(
  files: StagedFiles,
  source: StagedEntry,
  at: PathInPatch,
  after: StagedState,
): void {
  const entry = files.change(writableTarget(files, at), at, after);
  const origin = source.movedFrom ?? source;
  showAlone(source);
  showAlone(entry);
  if (entry === origin) return; // Moved away and back: an update in place.
  entry.linesBefore = undefined;
  if (origin.linesBefore === undefined) return;
  origin.movedTo = entry;
  entry.movedFrom = origin;
}

/** Cuts the tie of a move: each end is shown for itself. */
function showAlone(entry: StagedEntry): void {
  if (entry.movedTo !== undefined) entry.movedTo.movedFrom = undefined;
  if (entry.movedFrom !== undefined) entry.movedFrom.movedTo = undefined;
  entry.movedTo = undefined;
  entry.movedFrom = undefined;
}

function namesEntry(files: StagedFiles, moveTo: string, source: RealTarget): boolean {
  try {
    return files.entryTarget(moveTo).path === source.path;
  } catch {
    return false; // Reported when it is resolved for writing.
  }
}

function writableTarget(files: StagedFiles, at: PathInPatch): RealTarget {
  const target = attempt("write", at, () => files.target(at.path));
  if (target.look.kind === "file" || target.look.kind === "missing") return target;
  throw new PatchError({ kind: "write", ...inPatch(at), reason: whyNotAFile(target.look) });
}

function removableTarget(files: StagedFiles, at: PathInPatch): RealTarget {
  const target = attempt("delete", at, () => files.entryTarget(at.path));
  if (target.look.kind === "file" || target.look.kind === "link") return target;
  throw new PatchError({ kind: "delete", ...inPatch(at), reason: whyNotAFile(target.look) });
}

/** Turns whatever the file system or the resolver says into a PatchError. */
function attempt<T>(kind: "read" | "write" | "delete", at: PathInPatch, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const isParent = kind === "write" && error instanceof UnresolvablePathError;
    const problem = isParent && error.reason === "ENOTDIR" ? "create-directories" : kind;
    const reason = describeFsError(error);
    throw new PatchError({ kind: problem, ...inPatch(at), reason }, { cause: error });
  }
}

function inPatch({ path, patchLine }: PathInPatch): PathInPatch {
  return { path, patchLine };
}
