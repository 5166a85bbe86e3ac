/** All layers to one checked `ConfigToml`. TOML parser and schemas are loaded when they are needed. */
import { ConfigError, type ConfigPlace, type ConfigProblem } from "./config-error.ts";
import type { ConfigFileText } from "./config-file.ts";
import type { DecodedConfig } from "./decode-config.ts";
import { type FlagSetting, type LayeredDocument, layerDocuments } from "./layers.ts";
import type { LoadedSettings } from "./load-settings.ts";
import { type ConfigOverride, printable } from "./overrides.ts";
import { isPlainConfig, PROFILE_KEYS } from "./plain-config.ts";
import { findPosition } from "./toml-positions.ts";
import { emptyTable, type TomlPath, type TomlTable } from "./toml-value.ts";

export interface ConfigSources {
  readonly file: ConfigFileText | undefined;
  readonly overrides: readonly ConfigOverride[];
  readonly flags: readonly FlagSetting[];
}

/** Errors: ConfigError with every problem found, in the order of the file. */
export async function readConfigToml(sources: ConfigSources): Promise<LoadedSettings> {
  const { settings, errors } = await readUsableConfigToml(sources);
  const [first, ...rest] = errors;
  if (first !== undefined) throw new ConfigError([first, ...rest]);
  return settings;
}

/** The settings without those that are wrong. Not for running with: only for showing. */
export interface UsableSettings {
  readonly settings: LoadedSettings;
  readonly errors: readonly ConfigProblem[];
}

/** Errors: ConfigError when the file is no TOML. */
export async function readUsableConfigToml(sources: ConfigSources): Promise<UsableSettings> {
  const { file, overrides, flags } = sources;
  const layered = layerDocuments(await parse(file), PROFILE_KEYS, overrides, flags);
  const placed = placeProblems(file, layered);
  const { toml, errors, warnings } = await decode(layered.document);
  const placeOf = (path: TomlPath) => placed([{ key: path, complaint: "" }])[0]?.place;
  const settings = { toml, warnings: placed(warnings), originOf: layered.originOf, placeOf };
  return { settings, errors: placed(errors) };
}

async function parse(file: ConfigFileText | undefined): Promise<TomlTable> {
  if (file === undefined) return emptyTable();
  const { parseTomlFile } = await import("./parse-toml.ts");
  return parseTomlFile(file.text, file.file);
}

async function decode(document: TomlTable): Promise<DecodedConfig> {
  if (isPlainConfig(document)) return { toml: document, errors: [], warnings: [] };
  const { decodeConfig } = await import("./decode-config.ts");
  return decodeConfig(document);
}

/** Adds places, sorts by them, and drops what a profile's key would say a second time. */
function placeProblems(file: ConfigFileText | undefined, { originOf }: LayeredDocument) {
  return (problems: readonly ConfigProblem[]): readonly ConfigProblem[] => {
    const placed = problems.map((problem) => placeProblem(problem, file, originOf));
    const seen = new Set<string>();
    const different = placed.filter((problem) => {
      const facts = JSON.stringify(problem);
      return !seen.has(facts) && seen.add(facts);
    });
    return different.toSorted((a, b) => lineOf(a) - lineOf(b));
  };
}

function placeProblem(
  problem: ConfigProblem,
  file: ConfigFileText | undefined,
  originOf: LayeredDocument["originOf"],
): ConfigProblem {
  const key = problem.key ?? [];
  const names = key.filter((part) => typeof part === "string");
  const { path, argument } = originOf(names);
  if (argument !== undefined) {
    return { ...problem, place: { kind: "argument", argument: printable(argument) } };
  }
  // Array elements come last in a path, so the part that names them can simply be put back.
  const inSource = [...path, ...key.slice(names.length)];
  return { ...problem, key: inSource, place: filePlace(file, inSource) };
}

function filePlace(file: ConfigFileText | undefined, path: TomlPath): ConfigPlace | undefined {
  if (file === undefined) return undefined;
  const position = findPosition(file.text, path);
  return { kind: "file", file: file.file, line: position?.line, column: position?.column };
}

function lineOf({ place }: ConfigProblem): number {
  return place?.kind === "file" ? (place.line ?? 0) : Number.POSITIVE_INFINITY;
}
