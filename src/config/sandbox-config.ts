/**
 * Only what a sandboxed command needs. `codex debug landlock` is measured in milliseconds: with no
 * `config.toml` and no `-c`, neither the TOML parser nor a schema is loaded here.
 */
import type { ShellEnvironmentPolicy } from "../process/exec-env.ts";
import type { SandboxMode, SandboxPolicy } from "../protocol/sandbox-policy.ts";
import { type ConfigProblem, formatProblem } from "./config-error.ts";
import { readConfigFile } from "./config-file.ts";
import { loadSettings } from "./load-settings.ts";
import { type PathBases, resolveSandbox, resolveShellEnvironment } from "./sandbox-settings.ts";

export interface SandboxConfigInput {
  /** From `findCodexHome`. */
  readonly codexHome: string;
  /** Absolute. */
  readonly cwd: string;
  /** The user's home, for `~`. */
  readonly home: string;
  /** Texts of `-c`, in order. */
  readonly overrides: readonly string[];
  /** From `-s` or `--full-auto`: wins over everything. */
  readonly sandboxMode?: SandboxMode | undefined;
}

export interface SandboxConfig {
  readonly sandboxPolicy: SandboxPolicy;
  readonly shellEnvironmentPolicy: ShellEnvironmentPolicy;
  /** One line each, for standard error. */
  readonly warnings: readonly string[];
}

/**
 * The whole file is checked, not only the keys used here.
 * Errors: ConfigError, with file, line, column and key.
 */
export async function loadSandboxConfig(input: SandboxConfigInput): Promise<SandboxConfig> {
  const file = readConfigFile(input.codexHome);
  const flags = input.sandboxMode === undefined ? {} : { sandbox_mode: input.sandboxMode };
  const settings = await loadSettings(file, input.overrides, flags);
  const bases: PathBases = {
    codexHome: input.codexHome,
    cwd: input.cwd,
    userHome: input.home,
  };
  const { policy, warnings } = resolveSandbox(settings, bases);
  const all: readonly ConfigProblem[] = [...settings.warnings, ...warnings];
  return {
    sandboxPolicy: policy,
    shellEnvironmentPolicy: resolveShellEnvironment(settings.toml.shell_environment_policy),
    warnings: all.map((warning) => formatProblem(warning)),
  };
}
