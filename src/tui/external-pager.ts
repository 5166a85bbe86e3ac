/** The transcript in the pager of the user's choice. */
import type { Environment } from "../config/codex-home.ts";
import { SpawnError } from "../process/spawn.ts";
import { withTemporaryFile } from "./temporary-file.ts";
import { type Lending, type LentEnd, runOnTerminal, wasKilled } from "./terminal-program.ts";
import { describeFileProblem } from "../runtime/file-problem.ts";

/** Undefined: the built-in one. `cat` means none, as it does to git. */
export function pagerOf(env: Environment): string | undefined {
  const pager = env["PAGER"]?.trim() ?? "";
  return pager === "" || pager === "cat" ? undefined : pager;
}

/** The terminal must have been handed over. */
export async function showInPager(
  pager: string,
  lines: readonly string[],
  lending: Lending,
): Promise<LentEnd> {
  const given = { kind: "transcript", name: "transcript.txt", text: `${lines.join("\n")}\n` };
  try {
    const code = await withTemporaryFile(given, (file) => runOnTerminal(pager, file, lending));
    if (code === 0) return {};
    return { problem: `The pager ended with exit code ${code}`, leftBehind: wasKilled(code) };
  } catch (error) {
    if (error instanceof SpawnError) return { problem: error.message };
    return { problem: `Cannot show the transcript: ${describeFileProblem(error)}` };
  }
}
