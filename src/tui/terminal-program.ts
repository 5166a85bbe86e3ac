/** A program of the user's own that takes the terminal for a while: an editor, a pager. */
import type { Environment } from "../config/codex-home.ts";
import { shellExitCode } from "../process/exit-status.ts";
import { spawnChild } from "../process/spawn.ts";

/**
 * Runs it with one file as its argument; the exit code. The terminal must have been handed over.
 * Errors: SpawnError.
 */
export async function runOnTerminal(
  program: string,
  file: string,
  { env, cwd }: { readonly env: Environment; readonly cwd: string },
): Promise<number> {
  const child = await spawnChild({
    program: "/bin/sh",
    // The variable may hold options too, so a shell takes it apart, as other programs do.
    // Ctrl-C reaches the shell as well, and is not for it.
    args: ["-c", `trap : INT; ${program} "$1"`, "sh", file],
    cwd,
    environment: Object.fromEntries(
      Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
    descriptors: [0, 1, 2],
    sharesTerminal: true,
  });
  return shellExitCode(await child.end);
}
