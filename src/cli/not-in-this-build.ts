/** The answer of commands whose program is not there yet. */
import { complain } from "./output.ts";

/** Exit code 1: flags and configuration were fine, and nothing was done. */
export function notInThisBuild(command: string): number {
  complain(`"codex ${command}" is not part of this build`);
  return 1;
}
