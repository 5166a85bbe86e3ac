/** What a work tree has that no remote knows: `gitDiffToRemote`. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { CommandRunner } from "../core/tools/command-runner.ts";
import { INVALID_REQUEST, RpcError } from "./rpc-error.ts";

/**
 * Prints the newest commit that a remote-tracking branch has, then the difference to it, files that
 * git does not track yet included. No program that the repository names is run: no external diff,
 * no text conversion, no file watcher, no pager. Submodules have settings of their own, which no
 * option here reaches, so git does not enter them.
 */
const SCRIPT = `
git() { command git --no-pager --no-optional-locks -c core.fsmonitor=false -c core.quotePath=true "$@"; }
git rev-parse --git-dir > /dev/null || exit 4
[ -n "$(git for-each-ref --count=1 refs/remotes)" ] || exit 3
base=$(git rev-list --boundary HEAD --not --remotes | sed -n 's/^-//p' | head -n 1)
[ -n "$base" ] || base=$(git rev-parse --verify HEAD) || exit 4
[ -z "$(git rev-list --max-count=1 "$base" --not --remotes)" ] || exit 3
printf '%s\\n' "$base"
git diff --no-color --no-ext-diff --no-textconv --ignore-submodules=dirty "$base" -- || exit 5
cd "$(git rev-parse --show-toplevel)" || exit 5
git ls-files --others --exclude-standard -z |
  xargs -0 -r -n 1 git --no-pager diff --no-color --no-ext-diff --no-textconv --no-index -- /dev/null
exit 0
`;

const TIMEOUT_MS = 30_000;
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
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const result = await runner.run({
    argv: ["sh", "-c", SCRIPT],
    cwd,
    policyCwd: cwd,
    policy: { mode: "read-only" },
    timeoutMs: TIMEOUT_MS,
    signal: new AbortController().signal,
    onOutput: (stream, chunk) => {
      if (stream !== "stdout") return;
      bytes += chunk.length;
      if (bytes <= MAX_BYTES) pieces.push(Uint8Array.from(chunk));
    },
  });
  if (result.kind === "not-started") throw fail(result.reason);
  if (result.timedOutAfterMs !== null) throw fail("git took too long");
  if (bytes > MAX_BYTES) throw fail("the difference is too large");
  if (result.exitCode === 3) throw fail("no remote has any of its commits");
  if (result.exitCode !== 0) throw fail("not a git repository with commits");
  const text = Buffer.concat(pieces).toString("utf8");
  const end = text.indexOf("\n");
  return { sha: text.slice(0, end), diff: text.slice(end + 1) };
}
