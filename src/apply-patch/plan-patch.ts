/** A patch worked out to the last byte before anything is written, so that it can be judged first. */
import type { FileChanges } from "../protocol/file-change.ts";
import {
  type AffectedPath,
  affectedPaths,
  describeChanges,
  describeWhole,
} from "./describe-changes.ts";
import { diskView, type FileView } from "./file-view.ts";
import { type FileOperation, parsePatch } from "./parse-patch.ts";
import { PatchError } from "./patch-error.ts";
import { type PlannedEdits, planEdits } from "./plan-edits.ts";
import { resolveTarget } from "./real-target.ts";
import { stageOperation } from "./stage-operations.ts";
import { StagedFiles, whyNotAFile } from "./staged-files.ts";
import { describeFsError, strerror } from "./system-error.ts";

export type PatchPlan =
  | {
      readonly ok: true;
      /** For people: keys are absolute, spelled as in the patch where that is clear. */
      readonly changes: FileChanges;
      /** The same for who has to know what will stand in a file; see `describeWhole`. */
      readonly wholeChanges: (isWhole: (realPath: string) => boolean) => FileChanges;
      /** For judging: every directory entry that is written or removed, with its real path. */
      readonly affected: readonly AffectedPath[];
      readonly report: PatchReport;
      readonly edits: PlannedEdits;
    }
  | { readonly ok: false; readonly error: PatchError };

/** Paths as the patch spells them, in patch order, one for each operation. */
export interface PatchReport {
  readonly added: readonly string[];
  /** A moved file by its new path. */
  readonly modified: readonly string[];
  readonly deleted: readonly string[];
}

/**
 * Plans `patchText` for the absolute directory `cwd`. Reads through `view`, writes nothing.
 *
 * Operations apply in patch order, each to the result of the ones before. Never throws for a bad
 * patch or an unreadable file; `error.problem.kind` is "no-operations" for an empty patch.
 */
export function planPatch(patchText: string, cwd: string, view: FileView = diskView): PatchPlan {
  try {
    const operations = parsePatch(patchText);
    if (operations.length === 0) throw new PatchError({ kind: "no-operations" });
    mustBeDirectory(view, cwd);
    const files = new StagedFiles(view, cwd);
    for (const operation of operations) stageOperation(files, operation);
    return {
      ok: true,
      changes: describeChanges(files),
      wholeChanges: (isWhole) => describeWhole(files, isWhole),
      affected: affectedPaths(files),
      report: describeReport(operations),
      edits: planEdits(files),
    };
  } catch (error) {
    if (error instanceof PatchError) return { ok: false, error };
    throw error;
  }
}

/** Also where a shell form says `cd`: what bash would refuse must not be created instead. */
function mustBeDirectory(view: FileView, cwd: string): void {
  const reason = whyNotADirectory(view, cwd);
  if (reason !== undefined) throw new PatchError({ kind: "bad-directory", path: cwd, reason });
}

function whyNotADirectory(view: FileView, path: string): string | undefined {
  try {
    const { look } = resolveTarget(path, { look: view.look, followLast: true });
    if (look.kind === "directory") return undefined;
    return look.kind === "missing" ? whyNotAFile(look) : strerror("ENOTDIR");
  } catch (error) {
    return describeFsError(error);
  }
}

function describeReport(operations: readonly FileOperation[]): PatchReport {
  const pathsOf = (kind: FileOperation["kind"]): readonly string[] =>
    operations.filter((operation) => operation.kind === kind).map(reportedPath);
  return { added: pathsOf("add"), modified: pathsOf("update"), deleted: pathsOf("delete") };
}

function reportedPath(operation: FileOperation): string {
  return operation.kind === "update" ? (operation.moveTo ?? operation.path) : operation.path;
}
