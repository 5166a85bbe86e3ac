/**
 * The start of `codex debug landlock` and `codex debug seatbelt`, which is measured in milliseconds:
 * it loads no more of the command table than its own part.
 */
import type { CommandSpec } from "./command-spec.ts";
import { runDebugCommand } from "./debug-command.ts";
import { DEBUG } from "./debug-spec.ts";
import { type Invocation, UsageError } from "./invocation.ts";
import { readCommandLine } from "./read-command-line.ts";

/**
 * `words` begin with "debug". Undefined when they ask for help or are wrong: that is left to the
 * whole program, which must not be loaded from here (runtime/chunks.ts).
 */
export async function startDebug(words: readonly string[]): Promise<number | undefined> {
  const invocation = readDebug(words);
  return invocation === undefined ? undefined : runDebugCommand(invocation);
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
