/**
 * The start of `codex debug landlock` and `codex debug seatbelt`, which is measured in milliseconds:
 * it loads no more of the command table than its own part.
 */
import type { CommandSpec } from "./command-spec.ts";
import { runDebugCommand } from "./debug-command.ts";
import { DEBUG } from "./debug-spec.ts";
import { type Invocation, UsageError } from "./invocation.ts";
import { readCommandLine } from "./read-command-line.ts";

/** `words` begin with "debug". What is asked for help, or wrong, is left to the whole program. */
export async function startDebug(words: readonly string[]): Promise<number> {
  const invocation = readDebug(words);
  if (invocation !== undefined) return runDebugCommand(invocation);
  const { runCli } = await import("./program.ts");
  return runCli(words);
}

const TABLE: CommandSpec = { ...DEBUG, name: "codex", flags: [], commands: [DEBUG] };
const SANDBOXES: ReadonlySet<string> = new Set(["debug landlock", "debug seatbelt"]);

function readDebug(words: readonly string[]): Invocation | undefined {
  try {
    const invocation = readCommandLine(TABLE, words);
    return SANDBOXES.has(invocation?.path.join(" ") ?? "") ? invocation : undefined;
  } catch (error) {
    if (error instanceof UsageError) return undefined; // said by the whole program
    throw error;
  }
}
