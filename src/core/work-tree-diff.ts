/** What a work tree has that git's index has not: `git diff`, and the files it does not track yet. */
import { findRepositoryRoot } from "../config/trust.ts";
import { DIFF_OPTIONS } from "./git-script.ts";
import type { CommandRunner } from "./tools/command-runner.ts";
import { askForDiff } from "./untracked-files.ts";

export type WorkTreeDiff =
  | { readonly kind: "diff"; readonly text: string; readonly isCut: boolean }
  | { readonly kind: "no-repository" }
  | { readonly kind: "failed"; readonly reason: string };

const SCRIPT = `
git rev-parse --git-dir > /dev/null || exit 4
git diff ${DIFF_OPTIONS} -- || exit 5
`;

/** More than anybody reads. */
const MAX_BYTES = 1024 * 1024;

/** `signal` ends every process of it. */
export async function workTreeDiff(
  runner: CommandRunner,
  cwd: string,
  signal: AbortSignal,
): Promise<WorkTreeDiff> {
  if (findRepositoryRoot(cwd) === undefined) return { kind: "no-repository" };
  const answer = await askForDiff(runner, { script: SCRIPT, cwd, maxBytes: MAX_BYTES, signal });
  if (answer.kind === "failed") return answer;
  const { exitCode, output, isCut } = answer;
  if (exitCode === 127) return { kind: "failed", reason: "git was not found" };
  if (exitCode === 4) return { kind: "failed", reason: "git finds no repository that it may read" };
  if (exitCode !== 0) return { kind: "failed", reason: `git ended with exit code ${exitCode}` };
  return { kind: "diff", text: output.toString("utf8"), isCut };
}
