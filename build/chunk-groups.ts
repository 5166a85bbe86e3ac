/**
 * Which chunks travel together in one asset.
 *
 * Reading and compiling an asset costs about 0.25 ms however small it is, and splitting leaves a
 * chunk for every set of entries that share modules: a start of `debug landlock` would need 34.
 * Chunks of one start are therefore put into one asset, and run together (group-scope.ts); in the
 * other groups each runs only when it is asked for. No chunk is in two assets, since its code cache
 * would be, too; but for those of `debug`, which has copies of all it needs (runtime/chunks.ts).
 */

/** A file of the split bundle. */
export interface SplitModule {
  readonly name: string;
  readonly bytes: number;
  /** The source that a dynamic import names; shared chunks have none. */
  readonly entryPoint: string | undefined;
  /** The chunks that are loaded together with this one. */
  readonly imports: readonly string[];
}

/** Larger chunks are worth an asset of their own: not every start that shares a group needs them. */
const SMALL_BYTES = 40_000;

/** Starts that count most, in order; each takes what those before it have not taken. */
const STARTS = [
  { group: "helper", entryPoint: "src/linux-sandbox/run.ts" },
  { group: "cli", entryPoint: "src/cli/program.ts" },
];

/** The groups of which a start runs every chunk. */
export const START_GROUPS: readonly string[] = STARTS.map(({ group }) => group);

/**
 * A start that shares nothing: its asset has copies of what others need as well, so that it reads
 * one asset, with a code cache of what this start runs and no more.
 */
export const COMPLETE_START = { group: "debug", entryPoint: "src/cli/debug-start.ts" };

/** What this many of the other entries need is in one group. */
const COMMON_FROM = 4;
const COMMON_GROUP = "common";

/** The group of each chunk; a chunk that is not in it has an asset of its own. */
export function groupChunks(modules: readonly SplitModule[]): ReadonlyMap<string, string> {
  const byName = new Map(modules.map((module) => [module.name, module]));
  const groups = new Map<string, string>();
  for (const { group, entryPoint } of STARTS) {
    for (const { name, bytes } of withImports(entryOf(modules, entryPoint), byName)) {
      if (!groups.has(name) && bytes < SMALL_BYTES) groups.set(name, group);
    }
  }
  const users = new Map<string, Set<SplitModule>>();
  const complete = entryOf(modules, COMPLETE_START.entryPoint);
  const others = modules.filter((module) => module.entryPoint !== undefined && module !== complete);
  for (const entry of others) {
    for (const { name, bytes } of withImports(entry, byName)) {
      if (groups.has(name) || bytes >= SMALL_BYTES) continue;
      users.set(name, (users.get(name) ?? new Set()).add(entry));
    }
  }
  for (const { name } of completeStart(modules)) {
    if (!groups.has(name) && !users.has(name)) groups.set(name, COMPLETE_START.group);
  }
  for (const [name, { size }] of users) {
    if (size >= COMMON_FROM) groups.set(name, COMMON_GROUP);
  }
  return groups;
}

/** All chunks of that start, whatever their group; without large ones. */
export function completeStart(modules: readonly SplitModule[]): readonly SplitModule[] {
  const byName = new Map(modules.map((module) => [module.name, module]));
  const entry = entryOf(modules, COMPLETE_START.entryPoint);
  return [...withImports(entry, byName)].filter(({ bytes }) => bytes < SMALL_BYTES);
}

function entryOf(modules: readonly SplitModule[], entryPoint: string): SplitModule {
  const entry = modules.find((module) => module.entryPoint === entryPoint);
  if (entry === undefined) throw new Error(`No chunk starts with "${entryPoint}"`);
  return entry;
}

function withImports(
  entry: SplitModule,
  byName: ReadonlyMap<string, SplitModule>,
): ReadonlySet<SplitModule> {
  const found = new Set([entry]);
  for (const { imports } of found) {
    for (const name of imports) {
      const module = byName.get(name);
      if (module !== undefined) found.add(module);
    }
  }
  return found;
}
