/**
 * Puts the layers of a configuration on top of each other: file, profile, `-c`, flags. Remembers
 * which layer each setting came from, so that messages and `codex config check` can tell.
 */
import type { ConfigOverride } from "./overrides.ts";
import { copyTable, copyValue, isTable, setValueAt, type TomlTable } from "./toml-value.ts";

/** Later ones win over earlier ones. */
export const LAYERS = ["default", "file", "profile", "-c", "flag"] as const;
export type Layer = (typeof LAYERS)[number];

/** Who made a setting. */
export interface Origin {
  readonly layer: Layer;
  /** Leads to the setting in the file, or in the profile that the file or a `-c` defines. */
  readonly path: readonly string[];
  /** As the user wrote it, for settings made on the command line: `-m o3`. */
  readonly argument?: string;
}

/** A dedicated flag, as the key that it sets. */
export type FlagSetting = ConfigOverride;

export interface LayeredDocument {
  readonly document: TomlTable;
  /** For a path that nobody has set, the answer is the file. */
  readonly originOf: (path: readonly string[]) => Origin;
}

/**
 * The active profile is the one that a flag, else a `-c`, else the file names; it may set
 * `profileKeys`. A `-c` wins over the profile: it was given for this one run.
 */
export function layerDocuments(
  file: TomlTable,
  profileKeys: readonly string[],
  overrides: readonly ConfigOverride[],
  flags: readonly FlagSetting[],
): LayeredDocument {
  const document = copyTable(file);
  const assignments: Assignment[] = [];
  assign(document, assignments, "-c", overrides);
  const named = flags.find(({ path }) => path[0] === "profile")?.value ?? document["profile"];
  if (typeof named === "string") assignProfile(document, assignments, named, profileKeys);
  // Once more, since the profile may have covered some.
  assign(document, assignments, "-c", overrides);
  assign(document, assignments, "flag", flags);
  return { document, originOf: (path) => findOrigin(assignments, path) };
}

export function layerRank(origin: Origin): number {
  return LAYERS.indexOf(origin.layer);
}

interface Assignment {
  readonly target: readonly string[];
  readonly origin: Origin;
}

function assign(
  document: TomlTable,
  assignments: Assignment[],
  layer: "-c" | "flag",
  settings: readonly ConfigOverride[],
): void {
  for (const { path, value, argument } of settings) {
    setValueAt(document, path, copyValue(value));
    assignments.push({ target: path, origin: { layer, path, argument } });
  }
}

function assignProfile(
  document: TomlTable,
  assignments: Assignment[],
  name: string,
  keys: readonly string[],
): void {
  const profiles = document["profiles"];
  const profile = isTable(profiles) ? profiles[name] : undefined;
  if (!isTable(profile)) return;
  for (const key of keys) {
    const value = profile[key];
    if (value === undefined) continue;
    document[key] = copyValue(value);
    const source = findOrigin(assignments, ["profiles", name, key]);
    assignments.push({ target: [key], origin: { ...source, layer: "profile" } });
  }
}

/** The last setting that wrote to `path`, to a table around it, or to something inside of it. */
function findOrigin(assignments: readonly Assignment[], path: readonly string[]): Origin {
  const last = assignments.findLast(({ target }) => overlaps(target, path));
  if (last === undefined) return { layer: "file", path };
  // A profile sets whole keys, so the path in it is the same one further down.
  const below = path.slice(last.target.length);
  return { ...last.origin, path: [...last.origin.path, ...below] };
}

function overlaps(target: readonly string[], path: readonly string[]): boolean {
  const length = Math.min(target.length, path.length);
  return target.slice(0, length).every((key, index) => key === path[index]);
}
