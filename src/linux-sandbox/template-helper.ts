/** The helper that never becomes a command: it forks others for its parent, see fork-helpers.ts. */
import { HELPER_NAME } from "./arguments.ts";
import { endWith, withLibc, writeLine } from "./become-command.ts";
import { exitNow } from "./exec-program.ts";
import { forkHelpers } from "./fork-helpers.ts";
import { refuse, waitForCommand } from "./wait-for-command.ts";
import { endOfWait } from "./waiting-helper.ts";

/** Each of the copies comes out of it here, too. */
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
