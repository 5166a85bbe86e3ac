/** Runs a command under a policy with whatever this platform confines commands with. */
import type { SandboxPolicy, WorkspaceWritePolicy } from "../../src/protocol/sandbox-policy.ts";
import { helperBinary } from "./codex-binary.ts";
import { run, type Command, type RunOptions, type RunResult } from "./run.ts";

export const readOnly: SandboxPolicy = { mode: "read-only" };

/** Writes beneath the policy's directory only: neither /tmp nor TMPDIR. */
export function workspaceWrite(changes: Partial<WorkspaceWritePolicy> = {}): SandboxPolicy {
  return {
    mode: "workspace-write",
    writable_roots: [],
    network_access: false,
    exclude_tmpdir_env_var: true,
    exclude_slash_tmp: true,
    ...changes,
  };
}

/** The words that start `command` confined by `policy`, applied to the directory `policyCwd`. */
export function underSandbox(policy: SandboxPolicy, policyCwd: string, command: Command): Command {
  if (process.platform !== "linux") throw new Error("Cannot confine a command on this platform");
  return [helperBinary(), policyCwd, JSON.stringify(policy), "--", ...command];
}

/** Starts in the policy's directory unless `options.cwd` says otherwise. */
export async function spawnCommandUnderSandbox(
  policy: SandboxPolicy,
  policyCwd: string,
  command: Command,
  options: RunOptions = {},
): Promise<RunResult> {
  return run(underSandbox(policy, policyCwd, command), { cwd: policyCwd, ...options });
}
