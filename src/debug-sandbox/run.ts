/**
 * `codex debug landlock` and `codex debug seatbelt`: one command under the sandbox that tool calls
 * get, with this program's own terminal.
 *
 * On Linux there is no second process: this one confines itself and becomes the command, so its
 * signals, its terminal and its exit status are the command's without anybody in between.
 */
import { readlinkSync, writeSync } from "node:fs";

import { findCodexHome, findUserHome } from "../config/codex-home.ts";
import { ConfigError } from "../config/config-error.ts";
import { loadSandboxConfig } from "../config/sandbox-config.ts";
import { policyWithBytePaths } from "../protocol/byte-path-policy.ts";
import type { Confinement } from "../linux-sandbox/helper-status.ts";
import { kernelNotices, skippedRootNotices } from "../process/confinement-notices.ts";
import { inheritedSoftOpenFiles } from "../linux-sandbox/original-limits.ts";
import { becomeCommand, startPristine } from "../linux-sandbox/become-command.ts";
import { wholeEnvironment } from "../linux-sandbox/inherited-environment.ts";
import { filterEnvironment } from "../process/exec-env.ts";
import { withSandboxMarkers } from "../process/sandbox-environment.ts";
import { restoreFlagsOfNode } from "../runtime/v8-flags.ts";
import type { SandboxMode, SandboxPolicy } from "../protocol/sandbox-policy.ts";
import {
  byteStringFromBytes,
  byteStringFromText,
  quoted,
  readProcList,
  textOf,
  type ByteString,
} from "../runtime/byte-string.ts";

export interface DebugSandboxOptions {
  /** workspace-write, whatever the configuration says. */
  readonly fullAuto: boolean;
  readonly sandbox?: SandboxMode;
  /** "key=value" texts of -c, in order. */
  readonly configOverrides: readonly string[];
  /** Directory to change to first. */
  readonly cd?: string;
  /** Program and arguments; the process's own argument bytes are used for them where it has any. */
  readonly command: readonly string[];
}

/** The exit code when no command ran (1); otherwise this process has become the command. */
export async function runDebugSandbox(
  kind: "landlock" | "seatbelt",
  options: DebugSandboxOptions,
): Promise<number> {
  if (kind === "landlock") startPristine(SPEAKER);
  const seatbelt = kind === "seatbelt" ? await import("./seatbelt.ts") : undefined;
  if (seatbelt?.isSeatbeltAvailable() === false) return complain(seatbelt.NEEDS_MACOS);
  if (options.cd !== undefined) {
    try {
      process.chdir(options.cd);
    } catch (error) {
      return complain(`Cannot enter directory ${quoted(options.cd)}: ${reasonOf(error)}`);
    }
  }
  try {
    return await runConfined(options, seatbelt?.becomeUnderSeatbelt ?? becomeUnderLandlock);
  } catch (error) {
    if (error instanceof ConfigError) return complain(error.message);
    throw error;
  }
}

/** What runs after the policy and the environment are known. */
interface CommandToBecome {
  readonly policy: SandboxPolicy;
  readonly policyCwd: ByteString;
  readonly argv: readonly ByteString[];
  /** After the environment policy, without the markers of a sandbox. */
  readonly environment: readonly ByteString[];
  readonly codexHome: string;
}

type Become = (
  command: CommandToBecome,
  complain: (message: string) => number,
) => number | Promise<number>;

async function runConfined(options: DebugSandboxOptions, become: Become): Promise<number> {
  const cwd = currentDirectory();
  const home = findUserHome(process.env);
  const codexHome = findCodexHome(process.env, home);
  const config = await loadSandboxConfig({
    codexHome,
    cwd: textOf(cwd),
    home,
    overrides: options.configOverrides,
    sandboxMode: options.fullAuto ? "workspace-write" : options.sandbox,
  });
  for (const warning of config.warnings) complain(warning);
  const { entries } = await filterEnvironment(wholeEnvironment(), config.shellEnvironmentPolicy);
  const command: CommandToBecome = {
    policy: config.sandboxPolicy,
    policyCwd: cwd,
    argv: commandBytes(options.command),
    environment: entries,
    codexHome,
  };
  return become(command, complain);
}

/** workspace-write leaves places to look after that no mount can seal: what does not exist yet. */
async function becomeUnderLandlock(command: CommandToBecome): Promise<number> {
  const { policy, environment, codexHome } = command;
  const confined = {
    ...command,
    policy: policyWithBytePaths(policy),
    environment: withSandboxMarkers(environment, policy, "landlock"),
    softOpenFiles: inheritedSoftOpenFiles(),
    codexHome: byteStringFromText(codexHome),
  };
  const reporter = { speaker: SPEAKER, tell, complain };
  if (policy.mode === "workspace-write") {
    restoreFlagsOfNode();
    const { superviseCommand } = await import("./supervise.ts");
    return superviseCommand(confined, reporter);
  }
  return becomeCommand({ ...confined, parentPid: undefined }, reporter);
}

const SPEAKER = "codex";

/** The last words of our own command line, byte for byte; they are the command. */
function commandBytes(command: readonly string[]): readonly ByteString[] {
  const words = readProcList("cmdline");
  if (words === undefined || words.length < command.length) return command.map(byteStringFromText);
  return words.slice(words.length - command.length);
}

/**
 * As the kernel names it, so that no link in the way here counts. A directory that was removed
 * shows as "… (deleted)" and makes nothing writable.
 */
function currentDirectory(): ByteString {
  try {
    return byteStringFromBytes(readlinkSync("/proc/self/cwd", { encoding: "buffer" }));
  } catch {
    return byteStringFromText(process.cwd());
  }
}

function tell(confinement: Confinement): void {
  const notices = [...skippedRootNotices(confinement), ...kernelNotices(confinement)];
  for (const notice of notices) complain(notice);
}

// Written directly: creating process.stderr may set O_NONBLOCK on what the command shares.
function complain(message: string): number {
  try {
    writeSync(2, `${SPEAKER}: ${message}\n`);
  } catch {
    // A closed stderr leaves the exit code to speak.
  }
  return 1;
}

const DIRECTORY_PROBLEMS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "no such directory"],
  ["ENOTDIR", "not a directory"],
  ["EACCES", "permission denied"],
  ["ELOOP", "too many symbolic links"],
]);

function reasonOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    return DIRECTORY_PROBLEMS.get(error.code) ?? error.code;
  }
  return error instanceof Error ? error.message : String(error);
}
