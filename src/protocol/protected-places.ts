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
  const finder = new PlaceFinder(directories, disk);
  for (const directory of directories) {
    finder.seal(`${directory === "/" ? "" : directory}/.codex`);
    finder.addRepository(`${directory === "/" ? "" : directory}/.git`);
  }
  const home = codexHome === undefined ? undefined : (disk.realpath(codexHome) ?? codexHome);
  if (home !== undefined && finder.isWritable(home)) finder.seal(home);
  return {
    sealed: [...finder.sealed.values()],
    pinned: [...finder.pinned],
    unborn: [...finder.unborn],
  };
}

/** How deep submodules of submodules are looked for, and how many in all. */
const MAX_MODULE_DEPTH = 4;
const MAX_PLACES = 2000;

class PlaceFinder {
  readonly sealed = new Map<string, SealedPlace>();
  readonly pinned = new Set<string>();
  readonly unborn = new Set<string>();
  readonly #roots: readonly string[];
  readonly #disk: DiskFacts;

  constructor(roots: readonly string[], disk: DiskFacts) {
    this.#roots = roots;
    this.#disk = disk;
  }

  isWritable(path: string): boolean {
    return this.#roots.some((root) => isWithin(path, root));
  }

  seal(path: string): void {
    if (this.sealed.size < MAX_PLACES) {
      this.sealed.set(path, { path, kind: this.#disk.kindOf(path) });
    }
  }

  /** `path` is the .git of a work tree: a directory, a file that points to one, or nothing. */
  addRepository(path: string): void {
    const kind = this.#disk.kindOf(path);
    if (kind === "directory") {
      this.#addGitDirectory(path, 0);
      return;
    }
    if (kind === undefined) {
      this.unborn.add(path);
      return;
    }
    this.seal(path); // whoever changes the pointer chooses the hooks
    const target = kind === "link" ? this.#disk.realpath(path) : this.#pointerTarget(path);
    if (target === undefined) return;
    for (const directory of [target, this.#commonDirectory(target)]) {
      if (directory !== undefined && this.isWritable(directory))
        this.#addGitDirectory(directory, 0);
    }
  }

  #addGitDirectory(directory: string, depth: number): void {
    if (this.pinned.has(directory) || this.pinned.size >= MAX_PLACES) return;
    this.pinned.add(directory);
    for (const name of ["hooks", "config"]) this.seal(`${directory}/${name}`);
    this.#sealWorktreeSettings(directory);
    this.#addModules(`${directory}/modules`, depth);
  }

  /** Git reads these only when the settings, which are sealed, say so. */
  #sealWorktreeSettings(directory: string): void {
    const settings = this.#disk.readText(`${directory}/config`);
    const worktrees = this.#disk.namesIn(`${directory}/worktrees`);
    const paths = ["", ...worktrees.map((name) => `worktrees/${name}/`)];
    for (const path of paths.map((prefix) => `${directory}/${prefix}config.worktree`)) {
      const isRead = settings === undefined || /worktreeconfig/i.test(settings);
      if (isRead || this.#disk.kindOf(path) !== undefined) this.seal(path);
    }
  }

  /** A submodule's name may contain slashes, so directories without HEAD are looked into. */
  #addModules(directory: string, depth: number): void {
    if (depth > MAX_MODULE_DEPTH) return;
    for (const name of this.#disk.namesIn(directory)) {
      const path = `${directory}/${name}`;
      if (this.#disk.kindOf(path) !== "directory") continue;
      if (this.#disk.kindOf(`${path}/HEAD`) === undefined) this.#addModules(path, depth + 1);
      else this.#addGitDirectory(path, depth + 1);
    }
  }

  /** "gitdir: path", relative to the directory of the file. Source: gitrepository-layout(5). */
  #pointerTarget(path: string): string | undefined {
    const match = /^gitdir: (.+?)\r?\n?$/.exec(this.#disk.readText(path) ?? "");
    const target = match?.[1];
    if (target === undefined) return undefined;
    const parent = path.slice(0, path.lastIndexOf("/"));
    return this.#disk.realpath(target.startsWith("/") ? target : `${parent}/${target}`);
  }

  #commonDirectory(gitDirectory: string): string | undefined {
    const text = this.#disk.readText(`${gitDirectory}/commondir`)?.trim();
    if (text === undefined || text === "") return undefined;
    return this.#disk.realpath(text.startsWith("/") ? text : `${gitDirectory}/${text}`);
  }
}
