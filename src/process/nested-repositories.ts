/**
 * Work trees below a workspace, each with a repository of its own: what `git status` at the top
 * enters (submodules, by the index), linked worktrees, and clones near the top, which editors enter.
 *
 * It is asked before and after each command, so what was read is kept while the disk shows the
 * same inode and change time.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
} from "node:fs";

import {
  findNestedPlaces,
  gitDirectoryOf,
  isGitDirectory,
  type DiskFacts,
} from "../protocol/protected-places.ts";
import { isWithin } from "../protocol/writable-roots.ts";
import { brand, bytesOf, byteStringFromBytes, type ByteString } from "../runtime/byte-string.ts";
import { bytesOfNames, readIndex, TooManyNamesError, type IndexEntries } from "./git-index.ts";
import { readPlace, type Ignored, type Tree } from "./place-tree.ts";

export interface WorkspaceFacts {
  /** Where commands may write; byte strings, as all paths here. */
  readonly directories: readonly string[];
  /** Those of them whose subdirectories are looked into; /tmp is none. */
  readonly searched: readonly string[];
  readonly disk: DiskFacts;
  /**
   * Whether files can be taken to be as their times say. While a command's process runs they can
   * not: what it writes through a mapping shows only at the first write to a page.
   */
  readonly mayRemember: boolean;
}

/** What was there at one moment. */
export interface NestedLook {
  /** Hooks, settings, and each .git that is a file or a link. Undefined: too large to be read. */
  readonly places: ReadonlyMap<ByteString, Tree | undefined>;
  /** Each .git that is a file or a link, with the directory that it leads to. */
  readonly pointers: ReadonlyMap<string, string | undefined>;
  /** Of the places, those that repositories have by themselves; the rest are files they include. */
  readonly own: ReadonlySet<string>;
  /** Of each directory that a pointer leads to, the work tree that the pointer stands in. */
  readonly workTrees: ReadonlyMap<string, string>;
  /** Index files that are too large to be read. */
  readonly unread: ReadonlySet<ByteString>;
}

export const nothingBelow: NestedLook = {
  places: new Map(),
  pointers: new Map(),
  own: new Set(),
  workTrees: new Map(),
  unread: new Set(),
};

/** Equal trees of two looks are the same object where nothing was changed in between. */
export function lookBelow(facts: WorkspaceFacts): NestedLook {
  const { directories, searched, disk } = facts;
  if (!facts.mayRemember) forget();
  nameBytesLeft = MOST_NAME_BYTES;
  const places = new Map<ByteString, Tree | undefined>();
  const pointers = new Map<string, string | undefined>();
  const own = new Set<string>();
  const workTrees = new Map<string, string>();
  const unread = new Set<ByteString>();
  const found = new Set<string>();
  const add = (path: string): void => {
    if (found.has(path) || directories.includes(path)) return;
    if (directories.some((root) => isWithin(path, root))) found.add(path);
  };
  for (const directory of searched) {
    for (const path of repositoriesBelow([directory], CLONE_LIMITS).found) {
      if (path !== directory) add(path);
    }
  }
  for (const directory of directories) {
    const tops = [directory, enclosing(directory, disk)];
    for (const top of tops) {
      if (top !== undefined) for (const path of entered(top, disk, unread)) add(path);
    }
  }
  // It grows meanwhile: a submodule may have submodules.
  for (const workTree of found) {
    const repository = lookAt(workTree, directories, disk);
    if (repository === undefined) continue;
    for (const [path, tree] of repository.places) places.set(path, tree);
    for (const [path, target] of repository.pointers) pointers.set(path, target);
    for (const path of repository.own) own.add(path);
    for (const [target, path] of repository.workTrees) workTrees.set(target, path);
    for (const path of repository.unread) unread.add(path);
    for (const path of repository.entered) add(path);
  }
  return { places, pointers, own, workTrees, unread };
}

/** As much as a look reads of one place. */
export function readNestedPlace(path: ByteString): Tree | undefined {
  return readPlace(path, ignoredBelow(path));
}

/** git's templates, a dozen in each clone, are never run. */
export function ignoredBelow(path: string): Ignored | undefined {
  return path.endsWith("/hooks") ? samples : undefined;
}

const samples: Ignored = { has: (path) => path.endsWith(".sample") };

interface RepositoryLook extends NestedLook {
  /** Work trees that git, or a user of linked ones, enters from this one. */
  readonly entered: readonly string[];
}

interface KnownRepository extends RepositoryLook {
  /** What has to be as it was for all of this to hold still. */
  readonly paths: readonly string[];
  readonly id: string;
}

const repositories = new Map<string, KnownRepository>();

function forget(): void {
  repositories.clear();
  indexes.clear();
}

/** Undefined when there is no repository. */
function lookAt(
  workTree: string,
  directories: readonly string[],
  disk: DiskFacts,
): RepositoryLook | undefined {
  const key = [workTree, ...directories].join("\0");
  const known = repositories.get(key);
  if (known !== undefined && known.id === stampsOf(known.paths)?.id) return known;
  repositories.delete(key);
  const isRepository =
    disk.kindOf(`${workTree}/.git`) !== undefined || isGitDirectory(workTree, disk);
  if (!isRepository) return undefined;
  const paths = pathsThatTell(workTree, disk);
  const stamps = stampsOf(paths); // before reading, so that a change meanwhile is seen later
  const unread = new Set<ByteString>();
  const names = findNestedPlaces([workTree], directories, disk);
  const { sealed, pointers, included } = names;
  const own = new Set([...sealed, ...pointers.keys()]);
  const all = [...own, ...included].map((path) => brand(path));
  const look: RepositoryLook = {
    pointers,
    workTrees: names.workTrees,
    own,
    places: new Map(all.map((path) => [path, readNestedPlace(path)])),
    unread,
    entered: entered(workTree, disk, unread),
  };
  if (stamps?.isSettled === true && unread.size === 0 && included.size === 0) {
    repositories.set(key, { ...look, paths, id: stamps.id });
    const oldest =
      repositories.size > MAX_REMEMBERED ? repositories.keys().next().value : undefined;
    if (oldest !== undefined) repositories.delete(oldest);
  }
  return look;
}

/**
 * A directory's time tells what names come and go in it, a file's what is in it. Empty for
 * repositories that need more than a few files for that.
 */
function pathsThatTell(workTree: string, disk: DiskFacts): readonly string[] {
  const directory = gitDirectoryOf(workTree, disk);
  if (directory === undefined) return [];
  for (const name of ["worktrees", "modules", "commondir", "config.worktree"]) {
    if (disk.kindOf(`${directory}/${name}`) !== undefined) return [];
  }
  const index = readIndexFile(brand(`${directory}/index`), false);
  if (index === "too-large" || (index?.bases.length ?? 0) + (index?.collapsed.length ?? 0) > 0) {
    return [];
  }
  const hooks = disk.namesIn(`${directory}/hooks`).filter((name) => !name.endsWith(".sample"));
  if (hooks.some((name) => disk.kindOf(`${directory}/hooks/${name}`) !== "file")) return [];
  return [
    `${workTree}/.git`,
    directory,
    ...["config", "hooks", "index"].map((name) => `${directory}/${name}`),
    ...hooks.map((name) => `${directory}/hooks/${name}`),
  ];
}

/** Undefined when one of them is a link, or there are none. */
function stampsOf(paths: readonly string[]): Pick<Stamp, "id" | "isSettled"> | undefined {
  if (paths.length === 0) return undefined;
  const stamps = paths.map((path) => stampOf(path, lstatSync));
  if (stamps.some((stamp) => stamp?.isLink === true)) return undefined;
  return {
    id: stamps.map((stamp) => stamp?.id ?? "").join(),
    isSettled: stamps.every((stamp) => stamp === undefined || stamp.isSettled),
  };
}

function entered(workTree: string, disk: DiskFacts, unread: Set<ByteString>): readonly string[] {
  const gitDirectory = gitDirectoryOf(workTree, disk);
  if (gitDirectory === undefined) return [];
  return [
    ...linkedWorktrees(gitDirectory, disk),
    ...enteredByGit(gitDirectory, workTree, disk, unread),
  ].filter((path) => disk.kindOf(`${path}/.git`) !== undefined);
}

/** The repository that a workspace lies in; its index may name submodules in the workspace. */
function enclosing(directory: string, disk: DiskFacts): string | undefined {
  for (let path = directory; path !== "" && path !== "/";) {
    if (disk.kindOf(`${path}/.git`) !== undefined) return path === directory ? undefined : path;
    path = path.slice(0, path.lastIndexOf("/"));
  }
  return undefined;
}

/** Their directories, as the repository has noted them. */
function linkedWorktrees(gitDirectory: string, disk: DiskFacts): readonly string[] {
  return disk.namesIn(`${gitDirectory}/worktrees`).flatMap((name) => {
    const pointer = disk.readText(`${gitDirectory}/worktrees/${name}/gitdir`)?.trim() ?? "";
    return pointer.endsWith("/.git") ? (disk.realpath(pointer.slice(0, -5)) ?? []) : [];
  });
}

function enteredByGit(
  gitDirectory: string,
  workTree: string,
  disk: DiskFacts,
  unread: Set<ByteString>,
): readonly string[] {
  const paths: string[] = [];
  const takeFrom = (file: string, allNames: boolean): IndexEntries | undefined => {
    const entries = readIndexFile(brand(file), allNames);
    if (entries === "too-large") unread.add(brand(file));
    if (entries === undefined || entries === "too-large") return undefined;
    nameBytesLeft -= bytesOfNames(entries);
    for (const name of entries.gitlinks) paths.push(pathOf(name, workTree, disk));
    const collapsed = entries.collapsed.map((name) => pathOf(name, workTree, disk));
    const below = repositoriesBelow(collapsed, COLLAPSED_LIMITS);
    paths.push(...below.found);
    if (below.isCut) unread.add(brand(file));
    return entries;
  };
  const top = takeFrom(`${gitDirectory}/index`, false);
  const bases = top?.bases ?? [];
  if (bases.length > MOST_BASES) unread.add(brand(`${gitDirectory}/index`));
  for (const base of bases.slice(0, MOST_BASES))
    takeFrom(`${gitDirectory}/${base}`, top?.takesNames === true);
  return paths;
}

/** git takes names as they are, and the kernel follows them: they may be absolute or have "..". */
function pathOf(name: string, workTree: string, disk: DiskFacts): string {
  const path = name.startsWith("/") ? name : `${workTree}/${name.replace(/\/+$/, "")}`;
  return /(?:^|\/)\.{0,2}(?:\/|$)/.test(path.slice(1)) ? (disk.realpath(path) ?? path) : path;
}

interface Stamp {
  readonly id: string;
  /** So old that a later change cannot carry the same time. */
  readonly isSettled: boolean;
  readonly isLink: boolean;
  readonly size: number;
}

/** The clock that stamps files moves in steps of up to 10 ms. */
const SETTLED_MS = 50;

/** Links are followed, as git follows them, unless `look` is lstatSync. */
function stampOf(path: string, look = statSync): Stamp | undefined {
  try {
    const stats = look(bytesOf(brand(path)), { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    return {
      id: `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`,
      isSettled: Date.now() - Number(stats.ctimeMs) > SETTLED_MS,
      isLink: stats.isSymbolicLink(),
      size: Number(stats.size),
    };
  } catch {
    return undefined; // beneath something that is no directory
  }
}

/** What `read` made of a path, as long as the path has the same stamp. */
class Remembered<Value> {
  readonly #known = new Map<string, { readonly id: string; readonly value: Value }>();

  clear(): void {
    this.#known.clear();
  }

  get(path: string, key: string, read: (stamp: Stamp) => Value): Value | undefined {
    const stamp = stampOf(path);
    if (stamp === undefined) return undefined;
    const known = this.#known.get(key);
    if (known?.id === stamp.id) return known.value;
    const value = read(stamp);
    this.#known.delete(key);
    if (stamp.isSettled) this.#known.set(key, { id: stamp.id, value });
    const oldest = this.#known.size > MAX_REMEMBERED ? this.#known.keys().next().value : undefined;
    if (oldest !== undefined) this.#known.delete(oldest);
    return value;
  }
}

const MAX_REMEMBERED = 4000;
const MAX_INDEX_BYTES = 512 * 1024 * 1024;
/** In one look, of submodules: a million short ones, which are looked up in ten seconds. */
const MOST_NAME_BYTES = 64 * 1024 * 1024;
let nameBytesLeft = MOST_NAME_BYTES;
/** Git goes by one. */
const MOST_BASES = 8;
const indexes = new Remembered<IndexEntries | "too-large" | undefined>();

function readIndexFile(
  path: ByteString,
  allNames: boolean,
): IndexEntries | "too-large" | undefined {
  return indexes.get(path, `${allNames ? "all" : "links"}:${path}`, ({ size }) => {
    if (size > MAX_INDEX_BYTES) return "too-large";
    try {
      return readIndex(readRegular(path), allNames, nameBytesLeft);
    } catch (error) {
      if (error instanceof TooManyNamesError) return "too-large";
      return undefined; // not for us to read, so not for the command to have written
    }
  });
}

/** A pipe in its place would keep a blocking read waiting. */
function readRegular(path: ByteString): Buffer {
  const descriptor = openSync(bytesOf(path), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return fstatSync(descriptor).isFile() ? readFileSync(descriptor) : Buffer.alloc(0);
  } finally {
    closeSync(descriptor);
  }
}

interface SearchLimits {
  readonly directories: number;
  readonly depth: number;
}

/** Clones that no index knows: near the top, where editors and prompts look for them. */
const CLONE_LIMITS: SearchLimits = { directories: 32, depth: 2 };
const COLLAPSED_LIMITS: SearchLimits = { directories: 4096, depth: 64 };

interface Listing {
  readonly directories: readonly ByteString[];
  readonly hasRepository: boolean;
}

/** What git asks for of a repository without a .git. Source: gitrepository-layout(5). */
const bareNames: ReadonlySet<string> = new Set(["HEAD", "objects", "refs"]);

const listings = new Remembered<Listing>();
const nothing: Listing = { directories: [], hasRepository: false };

function list(path: string): Listing {
  const read = (): Listing => {
    try {
      const entries = readdirSync(bytesOf(brand(path)), {
        encoding: "buffer",
        withFileTypes: true,
      });
      let hasRepository = false;
      let bareCount = 0;
      const directories: ByteString[] = [];
      for (const entry of entries) {
        const name = byteStringFromBytes(entry.name);
        if (name === ".git") hasRepository = true;
        if (bareNames.has(name)) bareCount += 1;
        else if (entry.isDirectory() && !unsearched.has(name)) directories.push(name);
      }
      return { directories, hasRepository: hasRepository || bareCount === bareNames.size };
    } catch {
      return nothing;
    }
  };
  return listings.get(path, path, read) ?? nothing;
}

/** Packages of npm have no repository in them; looking at each would use up the limit. */
const unsearched: ReadonlySet<string> = new Set(["node_modules"]);

/** Breadth first, so that the limit cuts what is deep. */
function repositoriesBelow(
  tops: readonly string[],
  limits: SearchLimits,
): { readonly found: readonly string[]; readonly isCut: boolean } {
  const found: string[] = [];
  const queue = tops.map((path) => ({ path, depth: 0 }));
  let listed = 0;
  for (const { path, depth } of queue) {
    listed += 1;
    if (listed > limits.directories) return { found, isCut: true };
    const { directories, hasRepository } = list(path);
    if (hasRepository) found.push(path);
    if (depth >= limits.depth || (hasRepository && depth > 0)) continue;
    const prefix = path === "/" ? "" : path;
    for (const name of directories) queue.push({ path: `${prefix}/${name}`, depth: depth + 1 });
  }
  return { found, isCut: false };
}
