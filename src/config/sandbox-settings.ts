/** The keys that bound what commands may do and see, as the policies that are carried out. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ShellEnvironmentPolicy } from "../process/exec-env.ts";
import {
  DANGER_FULL_ACCESS_POLICY,
  READ_ONLY_POLICY,
  type SandboxPolicy,
} from "../protocol/sandbox-policy.ts";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import type { ShellEnvironmentPolicyToml } from "./config-toml.ts";
import { layerRank } from "./layers.ts";
import type { LoadedSettings } from "./load-settings.ts";
import { quote } from "./toml-value.ts";

/** Where relative paths start. All absolute. */
export interface PathBases {
  /** For `writable_roots` in the file, which lies in it. */
  readonly codexHome: string;
  /** For those given with `-c`. */
  readonly cwd: string;
  /** What `~` stands for. */
  readonly userHome: string;
}

export interface SandboxSettings {
  readonly policy: SandboxPolicy;
  /** False: nothing names a mode. */
  readonly isChosen: boolean;
  readonly warnings: readonly ConfigProblem[];
}

/**
 * `sandbox_mode` and `[sandbox_workspace_write]`, or the `[sandbox]` table. Where both forms set
 * something the higher layer wins, and in one layer the first form. Roots that do not exist are
 * left out with a warning: they grant nothing, and could be made into a link by a command.
 *
 * Errors: ConfigError for a root that is an empty string.
 */
export function resolveSandbox(settings: LoadedSettings, bases: PathBases): SandboxSettings {
  const { toml } = settings;
  const warnings = warnAboutBothForms(settings);
  const mode = preferred(
    settings,
    { path: ["sandbox_mode"], value: toml.sandbox_mode },
    { path: ["sandbox", "mode"], value: toml.sandbox?.mode },
  );
  switch (mode?.value) {
    case undefined:
      return { policy: READ_ONLY_POLICY, isChosen: false, warnings };
    case "read-only":
      return { policy: READ_ONLY_POLICY, isChosen: true, warnings };
    case "danger-full-access":
      return { policy: DANGER_FULL_ACCESS_POLICY, isChosen: true, warnings };
    case "workspace-write":
      return workspaceWrite(settings, bases, warnings);
  }
}

/** Nothing inherited but the core names, and none that looks like a secret, unless the file says so. */
export function resolveShellEnvironment(
  toml: ShellEnvironmentPolicyToml | undefined,
): ShellEnvironmentPolicy {
  return {
    inherit: toml?.inherit ?? "core",
    ignoreDefaultExcludes: toml?.ignore_default_excludes ?? false,
    exclude: toml?.exclude ?? [],
    set: { ...toml?.set },
    includeOnly: toml?.include_only ?? [],
    useProfile: toml?.experimental_use_profile ?? false,
  };
}

interface Setting<T> {
  readonly path: readonly string[];
  readonly value: T | undefined;
}

function preferred<T>(
  { originOf }: LoadedSettings,
  newer: Setting<T>,
  older: Setting<T>,
): { readonly path: readonly string[]; readonly value: T } | undefined {
  if (newer.value === undefined && older.value === undefined) return undefined;
  const olderWins =
    newer.value === undefined ||
    (older.value !== undefined &&
      layerRank(originOf(older.path)) > layerRank(originOf(newer.path)));
  const winner = olderWins ? older : newer;
  return winner.value === undefined ? undefined : { path: winner.path, value: winner.value };
}

function warnAboutBothForms({ toml, originOf, placeOf }: LoadedSettings): ConfigProblem[] {
  if (toml.sandbox === undefined) return [];
  const rank = layerRank(originOf(["sandbox"]));
  const newForm = (["sandbox_mode", "sandbox_workspace_write"] as const).find(
    (key) => toml[key] !== undefined && layerRank(originOf([key])) >= rank,
  );
  if (newForm === undefined) return [];
  const complaint = `${newForm} is set as well, and wins where both say something`;
  return [{ place: placeOf(["sandbox"]), key: ["sandbox"], complaint }];
}

function workspaceWrite(
  settings: LoadedSettings,
  bases: PathBases,
  warnings: ConfigProblem[],
): SandboxSettings {
  const { sandbox: older, sandbox_workspace_write: newer } = settings.toml;
  const roots = preferred(
    settings,
    { path: ["sandbox_workspace_write", "writable_roots"], value: newer?.writable_roots },
    { path: ["sandbox", "writable_roots"], value: older?.writable_roots },
  );
  const network = preferred(
    settings,
    { path: ["sandbox_workspace_write", "network_access"], value: newer?.network_access },
    { path: ["sandbox", "network_access"], value: older?.network_access },
  );
  const policy: SandboxPolicy = {
    mode: "workspace-write",
    writable_roots: roots === undefined ? [] : existingRoots(roots, settings, bases, warnings),
    network_access: network?.value ?? false,
    exclude_tmpdir_env_var: newer?.exclude_tmpdir_env_var ?? false,
    exclude_slash_tmp: newer?.exclude_slash_tmp ?? false,
  };
  return { policy, isChosen: true, warnings };
}

function existingRoots(
  { path, value }: { readonly path: readonly string[]; readonly value: readonly string[] },
  { originOf, placeOf }: LoadedSettings,
  bases: PathBases,
  warnings: ConfigProblem[],
): string[] {
  const { layer } = originOf(path);
  const base = layer === "file" || layer === "profile" ? bases.codexHome : bases.cwd;
  const roots: string[] = [];
  for (const [index, written] of value.entries()) {
    const key = [...path, index];
    if (written === "") {
      const complaint = "expected a path, found an empty string";
      throw new ConfigError([{ place: placeOf(key), key, complaint }]);
    }
    const root = resolve(base, expandHome(written, bases.userHome));
    if (existsSync(root)) {
      roots.push(root);
      continue;
    }
    const complaint = `no such file or directory, left out: ${quote(root)}`;
    warnings.push({ place: placeOf(key), key, complaint });
  }
  return roots;
}

function expandHome(path: string, userHome: string): string {
  if (path === "~") return userHome;
  return path.startsWith("~/") ? join(userHome, path.slice(2)) : path;
}
