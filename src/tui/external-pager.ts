/** The transcript in the pager of the user's choice. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../config/codex-home.ts";
import { SpawnError } from "../process/spawn.ts";
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
  const directory = mkdtempSync(join(tmpdir(), "codex-transcript-"));
  const file = join(directory, "transcript.txt");
  try {
    writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o600, flag: "wx" });
    const code = await runOnTerminal(pager, file, lending);
    if (code === 0) return {};
    return { problem: `The pager ended with exit code ${code}`, leftBehind: wasKilled(code) };
  } catch (error) {
    if (error instanceof SpawnError) return { problem: error.message };
    return { problem: `Cannot show the transcript: ${describeFileProblem(error)}` };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
