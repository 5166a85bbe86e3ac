/** What a work tree has that no remote knows: `gitDiffToRemote`. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { DIFF_OPTIONS } from "../core/git-script.ts";
import type { CommandRunner } from "../core/tools/command-runner.ts";
import { askForDiff } from "../core/untracked-files.ts";
import { INVALID_REQUEST, RpcError } from "./rpc-error.ts";

/** Prints the newest commit that a remote-tracking branch has, then the difference to it. */
const SCRIPT = `
git rev-parse --git-dir > /dev/null || exit 4
[ -n "$(git for-each-ref --count=1 refs/remotes)" ] || exit 3
base=$(git rev-list --boundary HEAD --not --remotes | sed -n 's/^-//p' | head -n 1)
[ -n "$base" ] || base=$(git rev-parse --verify HEAD) || exit 4
[ -z "$(git rev-list --max-count=1 "$base" --not --remotes)" ] || exit 3
printf '%s\\n' "$base"
git diff ${DIFF_OPTIONS} "$base" -- || exit 5
`;

const MAX_BYTES = 32 * 1024 * 1024;

export interface RemoteDiff {
  readonly sha: string;
  readonly diff: string;
}

/** Read-only and without a network. Errors: RpcError. */
export async function gitDiffToRemote(
  runner: CommandRunner,
  base: string,
  directory: string,
): Promise<RemoteDiff> {
  const cwd = resolve(base, directory);
  const fail = (reason: string): RpcError =>
    new RpcError(
      INVALID_REQUEST,
      `Cannot compare ${JSON.stringify(cwd)} with its remote: ${reason}`,
    );
  if (cwd.includes("\0") || statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw fail("not a directory");
  }
  const answer = await askForDiff(runner, { script: SCRIPT, cwd, maxBytes: MAX_BYTES });
  if (answer.kind === "failed") throw fail(answer.reason);
  const { exitCode, output, isCut } = answer;
  if (isCut) throw fail("the difference is too large");
  if (exitCode === 127) throw fail("git was not found");
  if (exitCode === 3) throw fail("no remote has any of its commits");
  if (exitCode !== 0) throw fail("not a git repository with commits");
  const text = output.toString("utf8");
  const end = text.indexOf("\n");
  return { sha: text.slice(0, end), diff: text.slice(end + 1) };
}
