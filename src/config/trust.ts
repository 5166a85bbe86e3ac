/**
 * `[projects."<path>"] trust_level`: which directories the user trusts. Trust is stored for the
 * root of the repository. Nothing that stands inside of a repository is read to decide on it.
 */
import { lstatSync, realpathSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import type { ConfigProblem } from "./config-error.ts";
import type { ProjectToml } from "./config-toml.ts";

export type TrustLevel = "trusted" | "untrusted";

/**
 * The nearest directory at or above `cwd` that has an entry `.git`, of any kind. A `.git` file is
 * not followed to where it points: a stranger may have written it.
 */
export function findRepositoryRoot(cwd: string): string | undefined {
  for (let directory = cwd; ; directory = dirname(directory)) {
    if (exists(join(directory, ".git"))) return directory;
    if (directory === dirname(directory)) return undefined;
  }
}

/** Where trust in `cwd` is stored: the root of its repository, else the directory itself. */
export function trustRoot(cwd: string): string {
  const real = realPath(cwd);
  return findRepositoryRoot(real) ?? real;
}

/** `undefined` when the user has not decided. Any level but "trusted" counts as untrusted. */
export function findTrust(
  projects: Readonly<Record<string, ProjectToml>>,
  cwd: string,
): TrustLevel | undefined {
  const levels = new Map<string, string>();
  for (const [path, { trust_level: level }] of Object.entries(projects)) {
    if (level !== undefined) levels.set(withoutSlash(path), level);
  }
  for (const directory of [cwd, realPath(cwd), trustRoot(cwd)]) {
    const level = levels.get(withoutSlash(directory));
    if (level !== undefined) return level === "trusted" ? "trusted" : "untrusted";
  }
  return undefined;
}

export function warnAboutTrustLevels(
  projects: Readonly<Record<string, ProjectToml>>,
): ConfigProblem[] {
  return Object.entries(projects)
    .filter(([, { trust_level: level }]) => level !== undefined && !LEVELS.has(level))
    .map(([path]) => ({
      key: ["projects", path, "trust_level"],
      complaint: 'counts as "untrusted": the levels are "trusted" and "untrusted"',
    }));
}

const LEVELS: ReadonlySet<string> = new Set(["trusted", "untrusted"]);

function withoutSlash(path: string): string {
  const normal = normalize(path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
