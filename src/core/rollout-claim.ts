/**
 * One process at a time writes a session file. It has the file open for as long as it is in the
 * session: that is the claim. No lock file is left by a process that is killed.
 */
import { closeSync, constants, openSync } from "node:fs";
import { basename } from "node:path";
import { findOtherWriter } from "../process/file-writers.ts";
import { SessionInUseError } from "./resume-error.ts";

/**
 * Never makes a file: one that was removed would begin in the middle of a session. A FIFO in its
 * place must not hold the program.
 */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK;

/**
 * A descriptor to append with. It is open before others are looked for: of two that come at the same
 * moment at least one sees the other, and at worst both are refused.
 * Errors: SessionInUseError; those of open(2).
 */
export function claimRollout(path: string): number {
  const descriptor = openSync(path, APPEND);
  try {
    checkNotInUse(path);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** Errors: SessionInUseError; those of stat(2). */
export function checkNotInUse(path: string): void {
  const pid = findOtherWriter(path);
  if (pid !== undefined) throw new SessionInUseError(sessionName(path), pid);
}

/** The id, if that is in the name of the file. */
function sessionName(path: string): string {
  return /([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.jsonl$/u.exec(basename(path))?.[1] ?? path;
}
