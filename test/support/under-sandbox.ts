/** Runs a command under a policy with whatever this platform confines commands with. */
import type { SandboxPolicy, WorkspaceWritePolicy } from "../../src/protocol/sandbox-policy.ts";
import { seatbeltCommand } from "../../src/sandbox/seatbelt.ts";
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

/**
 * The words that start `command` confined by `policy`, applied to the directory `policyCwd`.
 * `environment` is what the command will be run with, where TMPDIR and HOME are looked up.
 */
export function underSandbox(
  policy: SandboxPolicy,
  policyCwd: string,
  command: Command,
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): Command {
  if (platform === "linux") {
    return [helperBinary(), policyCwd, JSON.stringify(policy), "--", ...command];
  }
  if (platform !== "darwin") throw new Error("Cannot confine a command on this platform");
  if (policy.mode === "danger-full-access") return command;
  const context = {
    policyCwd,
    tmpdir: environment["TMPDIR"],
    home: environment["HOME"],
    codexHome: undefined,
  };
  const { program, args } = seatbeltCommand(policy, context, command);
  return [program, ...args];
}

/** Starts in the policy's directory unless `options.cwd` says otherwise. */
export async function spawnCommandUnderSandbox(
  policy: SandboxPolicy,
  policyCwd: string,
  command: Command,
  options: RunOptions = {},
): Promise<RunResult> {
  const words = underSandbox(policy, policyCwd, command, options.env);
  return run(words, { cwd: policyCwd, ...options });
}
