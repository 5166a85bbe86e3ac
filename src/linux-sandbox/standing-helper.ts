/** The helper that stands by: it waits for its command, or forks helpers that do. */
import { HELPER_NAME } from "./arguments.ts";
import { endWith, withLibc, writeLine } from "./become-command.ts";
import { exitNow } from "./exec-program.ts";
import { forkHelpers } from "./fork-helpers.ts";
import type { Libc } from "./libc.ts";
import { refuse, waitForCommand, type WaitEnd } from "./wait-for-command.ts";

/** Becomes the one command that arrives, or ends: see wait-for-command.ts. */
export function waitAndBecome(parentPid: number): never {
  const fail = (message: string): never => endWith(HELPER_NAME, 1, refuse(message).message);
  return withLibc(fail, (libc) => endOfWait(libc, waitForCommand(libc, parentPid)));
}

/** Forks helpers for its parent, see fork-helpers.ts; each of them comes out of it here, too. */
export function serveAsTemplate(parentPid: number): never {
  const fail = (message: string): never => endWith(HELPER_NAME, 1, message);
  return withLibc(fail, (libc) => {
    try {
      if (forkHelpers(libc, parentPid) === "not-needed") return exitNow(libc, 0);
      return endOfWait(libc, waitForCommand(libc, parentPid, true));
    } catch (error) {
      // A copy has no threads to end in an orderly way, as Node would for an error.
      const message = error instanceof Error ? error.message : String(error);
      writeLine(HELPER_NAME, refuse(message).message);
      return exitNow(libc, 1);
    }
  });
}

function endOfWait(libc: Libc, end: WaitEnd): never {
  if (end === "not-needed") return exitNow(libc, 0);
  if (end.exitCode !== 1) writeLine(HELPER_NAME, end.message);
  return exitNow(libc, end.exitCode);
}
