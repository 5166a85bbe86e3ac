/** Parts of the command table that several commands have. */
import { SANDBOX_MODES } from "../protocol/sandbox-policy.ts";
import type { CommandSpec, FlagSpec } from "./command-spec.ts";

export const EXIT_CODES = "0 success, 1 failure, 2 wrong usage";

export const CONFIG: FlagSpec = {
  long: "--config",
  short: "-c",
  value: "KEY=VALUE",
  isRepeatable: true,
  mayBeEmpty: true,
  help: 'Set one key of config.toml for this run: a dotted key, and TOML, JSON or text (-c model="o3")',
};

export const SANDBOX: FlagSpec = {
  long: "--sandbox",
  short: "-s",
  value: "MODE",
  choices: SANDBOX_MODES,
  help: "What commands may do",
};

export const FULL_AUTO: FlagSpec = {
  long: "--full-auto",
  conflicts: ["--dangerously-bypass-approvals-and-sandbox"],
  sandbox: "workspace-write",
  help: "Same as -a on-failure -s workspace-write",
};

export const BYPASS: FlagSpec = {
  long: "--dangerously-bypass-approvals-and-sandbox",
  conflicts: ["--full-auto"],
  sandbox: "danger-full-access",
  help: "Ask nothing and run every command without a sandbox; only for machines that are one",
};

export const CD: FlagSpec = {
  long: "--cd",
  short: "-C",
  value: "DIR",
  completion: "directory",
  help: "Work in this directory",
};

/** `codex debug help`, as other command lines have it. */
export const HELP_OF_GROUP: CommandSpec = {
  name: "help",
  summary: "Show this help",
  flags: [],
  arguments: [{ name: "COMMAND", isVariadic: true, help: "Default: the group" }],
  isHidden: true,
  example: "codex help debug landlock",
  exitCodes: EXIT_CODES,
};

/** There is nobody to ask about a single command. */
export function withoutApprovals(flag: FlagSpec): FlagSpec {
  if (flag === FULL_AUTO) return { ...flag, help: "Same as -s workspace-write" };
  return flag === BYPASS ? { ...flag, isHidden: true } : flag;
}
