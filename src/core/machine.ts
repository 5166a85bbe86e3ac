/**
 * What conversations need of the computer and its user, handed in once: core itself asks the
 * process for nothing.
 */
import type { Environment } from "../config/codex-home.ts";
import type { Config } from "../config/config.ts";
import type { EventMsg } from "../protocol/event.ts";
import type { CommandRunner } from "./tools/command-runner.ts";
import type { ToolProvider } from "./tools/tool.ts";

export interface Machine {
  /** For keys, addresses and proxies of model providers; commands get none of it from here. */
  readonly env: Environment;
  /** The programs of this session, with the environment that the configuration gives them. */
  readonly createCommands: (config: Config) => SessionCommands;
  readonly hasPlatformSandbox: boolean;
  /**
   * Starts a program of the user's and does not wait for it. Resolves with why it could not be
   * started, or undefined; never rejects.
   */
  readonly startDetached: (argv: readonly string[], cwd: string) => Promise<string | undefined>;
  /** MCP servers. What they have to tell of themselves goes to `emit`, as events of no task. */
  readonly createTools: (config: Config, emit: (msg: EventMsg) => void) => ToolProvider;
}

export interface SessionCommands {
  readonly runner: CommandRunner;
  /** Our own program under the name `apply_patch`; null: patches cannot be carried out. */
  readonly applyPatchProgram: string | null;
}
