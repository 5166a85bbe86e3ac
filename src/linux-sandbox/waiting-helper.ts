/** The helper that is told over a pipe what to become, warm or cold: see wait-for-command.ts. */
import { HELPER_NAME } from "./arguments.ts";
import { endWith, withLibc, writeLine } from "./become-command.ts";
import { exitNow } from "./exec-program.ts";
import type { Libc } from "./libc.ts";
import { refuse, waitForCommand, type WaitEnd } from "./wait-for-command.ts";

/** Becomes the one command that arrives, or ends. */
export function waitAndBecome(parentPid: number): never {
  const fail = (message: string): never => endWith(HELPER_NAME, 1, refuse(message).message);
  return withLibc(fail, (libc) => endOfWait(libc, waitForCommand(libc, parentPid)));
}

export function endOfWait(libc: Libc, end: WaitEnd): never {
  if (end === "not-needed") return exitNow(libc, 0);
  if (end.exitCode !== 1) writeLine(HELPER_NAME, end.message);
  return exitNow(libc, end.exitCode);
}
