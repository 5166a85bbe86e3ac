/** Carries out a planned patch: every file of it changes, or none does. */
import { posix } from "node:path";
import type { PlannedEdits } from "./plan-edits.ts";
import { byPath, type DirectoryAccess } from "./directory-access.ts";
import { removeLeftovers, removeLeftoversIn } from "./temporary-files.ts";
import { Transaction } from "./transaction.ts";

/**
 * Writes, moves and removes what `edits` say; `cwd` is absolute.
 *
 * Each file is replaced in one step, so that whoever looks, or whatever kills us, finds it old or
 * new. What earlier killed runs left beside the files, and in `cwd` by way of `byPath`, is removed
 * first.
 * Not flushed to the disk: like git, this guards against a killed process, not a lost power supply.
 * Errors: PatchError; everything is as before then, or the kind is "not-undone".
 */
export function writeChanges(
  edits: PlannedEdits,
  cwd: string,
  access: DirectoryAccess = byPath,
): void {
  const directories = directoriesOf(edits);
  // Nothing is written or removed but in the directories of the edits when these alone are allowed.
  const isFree = access === byPath;
  if (isFree) removeLeftovers([cwd, ...directories]);
  else for (const directory of directories) removeLeftoversIn(access, directory);
  const transaction = new Transaction(edits.writes.length + edits.removals.length > 1, access);
  try {
    const announced = [...directories].filter((directory) => isFree && directory !== cwd);
    transaction.announce(cwd, announced);
    for (const removal of edits.removals) if (removal.makesWay) transaction.remove(removal);
    for (const directory of edits.directories) transaction.createDirectory(directory);
    const prepared = edits.writes.map((write) => transaction.prepare(write));
    for (const write of prepared) transaction.replace(write);
    for (const removal of edits.removals) if (!removal.makesWay) transaction.remove(removal);
  } catch (error) {
    transaction.undo(error);
    throw error;
  } finally {
    transaction.removeTemporaryFiles();
  }
}

/** Those that will hold temporary files. */
function directoriesOf(edits: PlannedEdits): ReadonlySet<string> {
  const entries = [...edits.writes, ...edits.removals];
  return new Set(entries.map((entry) => posix.dirname(entry.realPath)));
}
