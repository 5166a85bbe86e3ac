/** The checked settings of all layers, at no cost when there are none. */
import { ConfigError, type ConfigPlace, type ConfigProblem } from "./config-error.ts";
import type { ConfigFileText } from "./config-file.ts";
import type { ConfigToml } from "./config-toml.ts";
import { type FlagSetting, layerDocuments, type Origin } from "./layers.ts";
import { type ConfigOverride, parseOverrides, printable } from "./overrides.ts";
import { emptyTable, quote, type TomlPath } from "./toml-value.ts";

/** What dedicated flags may set, under the keys of the file. */
export type FlagToml = Pick<
  ConfigToml,
  "model" | "model_provider" | "approval_policy" | "sandbox_mode" | "profile"
>;

/** What all layers say together. */
export interface LoadedSettings {
  readonly toml: ConfigToml;
  readonly warnings: readonly ConfigProblem[];
  readonly originOf: (path: readonly string[]) => Origin;
  readonly placeOf: (path: TomlPath) => ConfigPlace | undefined;
}

/**
 * `overrides` are texts of `-c`, or settings that have been read from elsewhere.
 * Errors: ConfigError for what is wrong in any layer, and for a profile that does not exist.
 */
export async function loadSettings(
  file: ConfigFileText | undefined,
  overrides: readonly (string | ConfigOverride)[],
  flags: FlagToml,
): Promise<LoadedSettings> {
  const settings =
    file === undefined && overrides.length === 0
      ? flagsAlone(flags)
      : await readAll(file, overrides, flags);
  checkProfile(settings);
  return settings;
}

async function readAll(
  file: ConfigFileText | undefined,
  overrides: readonly (string | ConfigOverride)[],
  flags: FlagToml,
): Promise<LoadedSettings> {
  const parsed = await parseOverrides(overrides);
  const { readConfigToml } = await import("./read-config-toml.ts");
  return readConfigToml({ file, overrides: parsed, flags: flagSettings(flags) });
}

function flagsAlone(flags: FlagToml): LoadedSettings {
  const settings = flagSettings(flags);
  const { originOf } = layerDocuments(emptyTable(), [], [], settings);
  const placeOf = (path: TomlPath): ConfigPlace | undefined => {
    const { argument } = originOf(path.map(String));
    return argument === undefined ? undefined : { kind: "argument", argument: printable(argument) };
  };
  return { toml: flags, warnings: [], originOf, placeOf };
}

const FLAG_NAMES = {
  model: "--model",
  model_provider: "--oss",
  approval_policy: "--ask-for-approval",
  sandbox_mode: "--sandbox",
  profile: "--profile",
} as const satisfies Record<keyof FlagToml, string>;

export function flagSettings(flags: FlagToml): FlagSetting[] {
  return Object.entries(flags).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const name = Object.entries(FLAG_NAMES).find(([flagKey]) => flagKey === key)?.[1];
    return [{ path: [key], value, argument: `${name} ${value}` }];
  });
}

/** Errors: ConfigError when there is no such profile. */
export function checkProfile({ toml, placeOf }: LoadedSettings): void {
  const { profile, profiles } = toml;
  if (profile === undefined || Object.hasOwn(profiles ?? {}, profile)) return;
  const complaint = `config profile ${quote(profile)} not found`;
  throw new ConfigError([{ place: placeOf(["profile"]), key: ["profile"], complaint }]);
}
