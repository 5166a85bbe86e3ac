/**
 * What conversations need of the computer and its user, handed in once: core itself asks the
 * process for nothing.
 */
import type { Environment } from "../config/codex-home.ts";
import type { Config } from "../config/config.ts";
import type { RunCommand } from "./tools/command-runner.ts";
import type { ToolProvider } from "./tools/tool.ts";
import type { TurnDiff } from "./tools/tool-services.ts";

export interface Machine {
  /** For keys, addresses and proxies of model providers; commands get none of it from here. */
  readonly env: Environment;
  /** Runs commands with the environment that the configuration gives them. */
  readonly commandRunner: (config: Config) => RunCommand;
  readonly commandPlaces: (config: Config) => {
    readonly tmpdir: string | undefined;
    readonly home: string | undefined;
  };
  readonly hasPlatformSandbox: boolean;
  /** Our own program under the name `apply_patch`. */
  readonly applyPatchProgram: string | null;
  readonly createTurnDiff: () => TurnDiff;
  /** Starts a program of the user's and does not wait for it. Never throws. */
  readonly startDetached: (argv: readonly string[], cwd: string) => void;
  /** MCP servers and their like. */
  readonly createTools: (config: Config) => ToolProvider;
}
