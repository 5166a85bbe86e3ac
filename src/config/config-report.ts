/** What is set, by whom, and what is wrong: for `codex config check`. */
import { readConfigFile } from "./config-file.ts";
import { configFile } from "./codex-home.ts";
import { ConfigError, type ConfigPlace, type ConfigProblem } from "./config-error.ts";
import { type Config, type ConfigInput, flagToml, resolveConfig } from "./config.ts";
import type { Layer } from "./layers.ts";
import { checkProfile, flagSettings, type LoadedSettings } from "./load-settings.ts";
import { parseOverrides, tomlFromJson } from "./overrides.ts";
import { readUsableConfigToml } from "./read-config-toml.ts";
import {
  emptyTable,
  isTable,
  type TomlPath,
  type TomlTable,
  type TomlValue,
} from "./toml-value.ts";

export interface ConfigReport {
  readonly codexHome: string;
  readonly file: string;
  readonly fileExists: boolean;
  readonly profile: string | undefined;
  /** Every key with a value, in the order of the documentation; the user's own names at the end. */
  readonly settings: readonly ReportedSetting[];
  readonly errors: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

export interface ReportedSetting {
  readonly key: readonly string[];
  /** `undefined` for a value that may be a secret: headers, and variables for other programs. */
  readonly value: TomlValue | undefined;
  readonly layer: Layer;
  readonly place: ConfigPlace | undefined;
}

/** Never throws for what is wrong in the configuration: that is what it reports. */
export async function reportConfig(input: ConfigInput): Promise<ConfigReport> {
  const errors: ConfigProblem[] = [];
  const loaded = await loadUsable(input, errors);
  const resolved =
    loaded.settings === undefined ? undefined : tryResolve(loaded.settings, input, errors);
  return {
    codexHome: input.codexHome,
    file: configFile(input.codexHome),
    fileExists: loaded.fileExists,
    profile: loaded.settings?.toml.profile,
    settings: loaded.settings === undefined ? [] : listSettings(loaded.settings, resolved?.config),
    errors,
    warnings: resolved?.warnings ?? loaded.settings?.warnings ?? [],
  };
}

async function loadUsable(input: ConfigInput, errors: ConfigProblem[]) {
  let fileExists = true; // one that cannot be read exists as well
  try {
    const file = readConfigFile(input.codexHome);
    fileExists = file !== undefined;
    const overrides = await parseOverrides(input.overrides ?? []);
    const flags = flagSettings(flagToml(input.flags ?? {}));
    const usable = await readUsableConfigToml({ file, overrides, flags });
    errors.push(...usable.errors);
    return { fileExists, settings: usable.settings };
  } catch (error) {
    collect(error, errors);
    return { fileExists, settings: undefined };
  }
}

function tryResolve(settings: LoadedSettings, input: ConfigInput, errors: ConfigProblem[]) {
  try {
    checkProfile(settings);
    return resolveConfig(settings, input);
  } catch (error) {
    collect(error, errors);
    return undefined;
  }
}

function collect(error: unknown, errors: ConfigProblem[]): void {
  if (!(error instanceof ConfigError)) throw error;
  errors.push(...error.problems);
}

type EffectiveConfig = Omit<Config, "warnings">;

function listSettings(
  settings: LoadedSettings,
  config: EffectiveConfig | undefined,
): ReportedSetting[] {
  const table = tomlFromJson(settings.toml);
  const written = new Map(
    leaves(isTable(table) ? table : emptyTable()).map((leaf) => [leaf.key.join("\0"), leaf]),
  );
  const reported: ReportedSetting[] = [];
  for (const [key, value] of config === undefined ? [] : defaults(config)) {
    const name = key.join("\0");
    const leaf = written.get(name);
    written.delete(name);
    if (leaf !== undefined) reported.push(reportLeaf(leaf, settings));
    else if (!isSetByOlderForm(key, settings)) {
      reported.push({ key, value, layer: "default", place: undefined });
    }
  }
  return [...reported, ...[...written.values()].map((leaf) => reportLeaf(leaf, settings))];
}

interface Leaf {
  readonly key: readonly string[];
  readonly value: TomlValue;
}

function reportLeaf({ key, value }: Leaf, settings: LoadedSettings): ReportedSetting {
  const { layer } = settings.originOf(key);
  const shown = isSecret(key) ? undefined : value;
  return { key, value: shown, layer, place: settings.placeOf(key) };
}

function leaves(table: TomlTable, path: readonly string[] = []): Leaf[] {
  return Object.entries(table).flatMap(([name, value]) => {
    const key = [...path, name];
    return isTable(value) ? leaves(value, key) : [{ key, value }];
  });
}

/** Values that users put there for other programs and servers to see, not for a terminal. */
function isSecret(key: TomlPath): boolean {
  const [first, , third] = key;
  if (first === "mcp_servers") {
    return third === "env" || third === "args" || third === "http_headers";
  }
  if (first === "model_providers") return third === "http_headers" || third === "query_params";
  return first === "shell_environment_policy" && key[1] === "set";
}

/** Set as `sandbox.mode` and the like, and listed as such. */
function isSetByOlderForm(key: readonly string[], { toml }: LoadedSettings): boolean {
  switch (key.join(".")) {
    case "sandbox_mode":
      return toml.sandbox?.mode !== undefined;
    case "sandbox_workspace_write.writable_roots":
      return toml.sandbox?.writable_roots !== undefined;
    case "sandbox_workspace_write.network_access":
      return toml.sandbox?.network_access !== undefined;
    default:
      return false;
  }
}

/** Keys that always have a value, with the one in force. */
function defaults(config: EffectiveConfig): readonly (readonly [readonly string[], TomlValue])[] {
  const { shellEnvironmentPolicy: environment, tui } = config;
  return [
    [["model"], config.model],
    [["model_provider"], config.modelProvider.id],
    [["approval_policy"], config.approvalPolicy],
    [["sandbox_mode"], config.sandboxPolicy.mode],
    [["sandbox_workspace_write", "writable_roots"], []],
    [["sandbox_workspace_write", "network_access"], false],
    [["sandbox_workspace_write", "exclude_tmpdir_env_var"], false],
    [["sandbox_workspace_write", "exclude_slash_tmp"], false],
    [["shell_environment_policy", "inherit"], environment.inherit],
    [["shell_environment_policy", "ignore_default_excludes"], environment.ignoreDefaultExcludes],
    [["shell_environment_policy", "exclude"], environment.exclude],
    [["shell_environment_policy", "include_only"], environment.includeOnly],
    [["shell_environment_policy", "experimental_use_profile"], environment.useProfile],
    [["model_reasoning_effort"], config.modelReasoningEffort],
    [["model_reasoning_summary"], config.modelReasoningSummary],
    [["disable_response_storage"], config.disableResponseStorage],
    [["project_doc_max_bytes"], config.projectDocMaxBytes],
    [["history", "persistence"], config.history.persistence],
    [["file_opener"], config.fileOpener],
    [["hide_agent_reasoning"], config.hideAgentReasoning],
    [["show_raw_agent_reasoning"], config.showRawAgentReasoning],
    [["preferred_auth_method"], config.preferredAuthMethod],
    [["tui", "notifications"], tui.notifications],
    [["tui", "animations"], tui.animations],
    [["tui", "screen_reader"], tui.screenReader],
  ];
}
