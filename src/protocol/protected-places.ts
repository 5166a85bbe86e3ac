/**
 * Places inside writable roots that commands may not change: what would run later, outside of any
 * sandbox. Git's hooks and settings (of submodules and worktrees too), and this program's own.
 *
 * Everything else of a repository stays writable, so that commits, stashes and rebases work.
 * This file imports nothing with a run-time form, so that the sandbox helper stays small.
 */
import { isWithin, type LinkFacts, type WritableRoots } from "./writable-roots.ts";

export type PlaceKind = "directory" | "file" | "link" | "other";

/** What must be known of the disk. Links are not followed. Never throws. */
export interface DiskFacts extends LinkFacts {
  readonly kindOf: (path: string) => PlaceKind | undefined;
  /** The beginning of a small text file. */
  readonly readText: (path: string) => string | undefined;
  readonly namesIn: (directory: string) => readonly string[];
}

/** `kind` is undefined when nothing is there; creating it is then the change to prevent. */
export interface SealedPlace {
  readonly path: string;
  readonly kind: PlaceKind | undefined;
}

export interface ProtectedPlaces {
  /** Nothing at or beneath may change. */
  readonly sealed: readonly SealedPlace[];
  /** Directories that may change inside, but must stay where they are: they hold sealed ones. */
  readonly pinned: readonly string[];
  /** Paths of .git directories that do not exist; a command that makes one fills in its hooks. */
  readonly unborn: readonly string[];
  /**
   * Files "commondir" of linked worktrees: where these find hooks and settings. They come and go
   * with their worktrees, but must not point elsewhere.
   */
  readonly pointers: readonly string[];
  /**
   * Files outside of .git that its settings include, and that commands could write to. They are
   * the project's own, so they may go, but not change.
   */
  readonly included: readonly string[];
  /** Workspace directories that git takes for a repository as they are: they hold its files. */
  readonly bare: readonly string[];
}

/**
 * The directories whose repositories and settings count: the roots, and what would be a root if
 * another did not contain it already (a workspace below /tmp).
 */
export function workspaceDirectories({ roots, skipped }: WritableRoots): readonly string[] {
  const covered = skipped.flatMap((root) =>
    root.covered && root.real !== undefined ? [root.real] : [],
  );
  return [...new Set([...roots.map((root) => root.path), ...covered])];
}

export function findProtectedPlaces(
  directories: readonly string[],
  codexHome: string | undefined,
  disk: DiskFacts,
): ProtectedPlaces {
  if (directories.length === 0) return NO_PLACES;
  const finder = new PlaceFinder(directories, disk);
  const all = withWritableParents(directories);
  // What there is little of comes first: a repository may hold more than can be looked after.
  for (const directory of all) finder.seal(`${directory === "/" ? "" : directory}/.codex`);
  const home = codexHome === undefined ? undefined : (disk.realpath(codexHome) ?? codexHome);
  if (home !== undefined && finder.isWritable(home)) finder.seal(home);
  for (const directory of all) finder.addWorkTree(directory);
  finder.addModules();
  return {
    sealed: [...finder.sealed.values()],
    pinned: [...finder.pinned],
    unborn: [...finder.unborn],
    pointers: [...finder.pointers],
    included: [...finder.included],
    bare: [...finder.bare],
  };
}

/** Where nothing may be written, nothing has to be looked after. */
const NO_PLACES: ProtectedPlaces = {
  sealed: [],
  pinned: [],
  unborn: [],
  pointers: [],
  included: [],
  bare: [],
};

/** The same of repositories further down: what git runs when it enters them. */
export interface NestedPlaces {
  /** Hooks and settings, whether they exist or not. */
  readonly sealed: readonly string[];
  /** Each .git that is a file or a link, with the directory that it leads to. */
  readonly pointers: ReadonlyMap<string, string | undefined>;
  readonly included: ReadonlySet<string>;
  /** Of each directory that a pointer leads to, the work tree that the pointer stands in. */
  readonly workTrees: ReadonlyMap<string, string>;
}

/** `workTrees`: directories with an entry .git, or with git's files themselves. `directories`: where commands may write. */
export function findNestedPlaces(
  workTrees: readonly string[],
  directories: readonly string[],
  disk: DiskFacts,
): NestedPlaces {
  const finder = new PlaceFinder(directories, disk, Infinity);
  const pointers = new Map<string, string | undefined>();
  const found = new Map<string, string>();
  for (const workTree of workTrees) {
    const path = `${workTree}/.git`;
    const kind = disk.kindOf(path);
    if (kind === undefined) finder.addGitDirectory(workTree);
    else finder.addRepository(path);
    if (kind !== "file" && kind !== "link") continue;
    const target = gitDirectoryOf(workTree, disk);
    pointers.set(path, target);
    if (target !== undefined) found.set(target, workTree);
  }
  finder.addModules();
  const all = [...finder.sealed.keys(), ...finder.pointers];
  return {
    sealed: all.filter((path) => !pointers.has(path)),
    pointers,
    included: finder.included,
    workTrees: found,
  };
}

/** The directory .git of a work tree, or what the file or link of that name leads to. */
export function gitDirectoryOf(workTree: string, disk: DiskFacts): string | undefined {
  const path = `${workTree === "/" ? "" : workTree}/.git`;
  const kind = disk.kindOf(path);
  if (kind === "directory") return path;
  if (kind === "link") return disk.realpath(path);
  return kind === "file" ? pointerTarget(path, disk) : undefined;
}

/** What git asks for. Source: gitrepository-layout(5). */
export function isGitDirectory(path: string, disk: DiskFacts): boolean {
  return ["HEAD", "objects", "refs"].every((name) => disk.kindOf(`${path}/${name}`) !== undefined);
}

/** "gitdir: path" and any number of line ends, relative to the directory of the file. Source: gitrepository-layout(5). */
function pointerTarget(path: string, disk: DiskFacts): string | undefined {
  const match = /^gitdir: ([^\r\n]+)[\r\n]*$/.exec(disk.readText(path) ?? "");
  const target = match?.[1];
  if (target === undefined) return undefined;
  const parent = path.slice(0, path.lastIndexOf("/"));
  return disk.realpath(target.startsWith("/") ? target : `${parent}/${target}`);
}

/**
 * A workspace may lie deep in a repository whose top another root makes writable; git looks for
 * the repository upwards.
 */
function withWritableParents(directories: readonly string[]): readonly string[] {
  const all = new Set(directories);
  for (const directory of directories) {
    let parent = directory;
    while (parent !== "/") {
      parent = parent.slice(0, Math.max(parent.lastIndexOf("/"), 1));
      if (!directories.some((root) => isWithin(parent, root))) break;
      all.add(parent);
    }
  }
  return [...all];
}

/** How deep submodules of submodules are looked for, and how many in all. */
const MAX_MODULE_DEPTH = 4;
export const MAX_PLACES = 2000;

/** Linear in its length, since a command may have written it. */
function withoutComment(value: string): string {
  const end = value.search(/[ \t][#;]/);
  return (end === -1 ? value : value.slice(0, end)).trimEnd();
}

/** As git's own limit. */
const MAX_INCLUDE_DEPTH = 10;

class PlaceFinder {
  readonly sealed = new Map<string, SealedPlace>();
  readonly pinned = new Set<string>();
  readonly unborn = new Set<string>();
  readonly pointers = new Set<string>();
  readonly included = new Set<string>();
  readonly bare = new Set<string>();
  readonly #roots: readonly string[];
  readonly #disk: DiskFacts;
  readonly #maxPlaces: number;

  constructor(roots: readonly string[], disk: DiskFacts, maxPlaces = MAX_PLACES) {
    this.#roots = roots;
    this.#disk = disk;
    this.#maxPlaces = maxPlaces;
  }

  isWritable(path: string): boolean {
    return this.#roots.some((root) => isWithin(path, root));
  }

  seal(path: string): void {
    if (this.sealed.size < this.#maxPlaces) {
      this.sealed.set(path, { path, kind: this.#disk.kindOf(path) });
    }
  }

  addWorkTree(directory: string): void {
    const prefix = directory === "/" ? "" : directory;
    this.addRepository(`${prefix}/.git`);
    if (prefix === "" || !this.unborn.has(`${prefix}/.git`) || !isGitDirectory(prefix, this.#disk))
      return;
    this.bare.add(directory);
    this.addGitDirectory(prefix);
  }

  /** Submodules, of which there may be many, of all that were added. */
  addModules(): void {
    for (const directory of this.pinned) this.#addModulesIn(`${directory}/modules`, 0);
  }

  /** `path` is the .git of a work tree: a directory, a file that points to one, or nothing. */
  addRepository(path: string): void {
    const kind = this.#disk.kindOf(path);
    if (kind === "directory") {
      this.addGitDirectory(path);
      return;
    }
    if (kind === undefined) {
      this.unborn.add(path);
      return;
    }
    this.seal(path); // whoever changes the pointer chooses the hooks
    const target = gitDirectoryOf(path.slice(0, path.lastIndexOf("/")), this.#disk);
    if (target === undefined) return;
    for (const directory of [target, this.#commonDirectory(target)]) {
      if (directory !== undefined && this.isWritable(directory)) this.addGitDirectory(directory);
    }
  }

  addGitDirectory(directory: string): void {
    if (this.pinned.has(directory) || this.pinned.size >= this.#maxPlaces) return;
    this.pinned.add(directory);
    // A file "commondir" makes git take hooks and settings from where it says.
    for (const name of ["hooks", "config", "commondir"]) this.seal(`${directory}/${name}`);
    this.#addWorktrees(directory);
    this.#addIncluded(`${directory}/config`, 0);
  }

  /** Source: git-config(1), "Includes". Conditions are taken to hold. */
  #addIncluded(file: string, depth: number): void {
    const text = this.#disk.readText(file) ?? "";
    if (depth > MAX_INCLUDE_DEPTH || !/\[include/i.test(text)) return;
    const parent = file.slice(0, file.lastIndexOf("/"));
    for (const [, value = ""] of text.matchAll(/^[^#;\n]*\bpath[ \t]*=[ \t]*([^\r\n]+)/gim)) {
      const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(value)?.[1]?.replaceAll(/\\(.)/g, "$1");
      const name = quoted ?? withoutComment(value);
      const path = name.startsWith("/") ? name : `${parent}/${name}`;
      // Of a link, where it leads is what git reads.
      for (const real of [this.#inRealDirectory(path), this.#disk.realpath(path)]) {
        if (real === undefined || !this.isWritable(real) || this.included.has(real)) continue;
        if (this.included.size >= this.#maxPlaces) return;
        this.included.add(real);
        this.#addIncluded(real, depth + 1);
      }
    }
  }

  /** As it is named, in its directory as the kernel names that; a command may make that first. */
  #inRealDirectory(path: string): string | undefined {
    const end = path.lastIndexOf("/");
    const name = path.slice(end + 1);
    if (end < 0 || ["", ".", ".."].includes(name)) return undefined;
    const directory = path.slice(0, Math.max(end, 1));
    const parent = this.#disk.realpath(directory) ?? this.#inRealDirectory(directory);
    return parent === undefined ? undefined : `${parent === "/" ? "" : parent}/${name}`;
  }

  /** Git reads their settings only when the common settings, which are sealed, say so. */
  #addWorktrees(directory: string): void {
    const settings = this.#disk.readText(`${directory}/config`);
    const worktrees = this.#disk.namesIn(`${directory}/worktrees`);
    for (const name of worktrees) this.pointers.add(`${directory}/worktrees/${name}/commondir`);
    const paths = ["", ...worktrees.map((name) => `worktrees/${name}/`)];
    for (const path of paths.map((prefix) => `${directory}/${prefix}config.worktree`)) {
      const isRead = settings === undefined || /worktreeconfig/i.test(settings);
      if (isRead || this.#disk.kindOf(path) !== undefined) this.seal(path);
    }
  }

  /** A submodule's name may contain slashes, so directories without HEAD are looked into. */
  #addModulesIn(directory: string, depth: number): void {
    if (depth > MAX_MODULE_DEPTH) return;
    for (const name of this.#disk.namesIn(directory)) {
      const path = `${directory}/${name}`;
      if (this.#disk.kindOf(path) !== "directory") continue;
      if (this.#disk.kindOf(`${path}/HEAD`) === undefined) this.#addModulesIn(path, depth + 1);
      else this.addGitDirectory(path); // and, as one of the pinned, looked into later
    }
  }

  #commonDirectory(gitDirectory: string): string | undefined {
    const text = this.#disk.readText(`${gitDirectory}/commondir`)?.trim();
    if (text === undefined || text === "") return undefined;
    return this.#disk.realpath(text.startsWith("/") ? text : `${gitDirectory}/${text}`);
  }
}
