/**
 * Reads, compares and rewrites small trees in directories that somebody else may be changing.
 *
 * Every step opens one path component without following links and goes on from its descriptor
 * (through /proc/self/fd), so that a link put in the way never leads a write elsewhere.
 */
import {
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";

import { brand, bytesOf, byteStringFromBytes, type ByteString } from "../runtime/byte-string.ts";

/** One thing in a tree; paths are relative to its root, "" is the root itself. */
export type TreeEntry =
  | { readonly kind: "directory"; readonly mode: number }
  | { readonly kind: "file"; readonly mode: number; readonly content: Buffer }
  | { readonly kind: "link"; readonly target: ByteString }
  | { readonly kind: "other" };

/** Paths in a tree that are not looked at. */
export interface Ignored {
  readonly has: (path: string) => boolean;
}

export type Tree = ReadonlyMap<ByteString, TreeEntry>;

/** The tree is larger than anything these places hold in earnest; it is not read further. */
export class TreeTooLargeError extends Error {
  override readonly name = "TreeTooLargeError";

  constructor() {
    super(`Cannot record a tree of over ${MAX_ENTRIES} entries or ${MAX_BYTES} bytes`);
  }
}

const MAX_ENTRIES = 5000;
const MAX_BYTES = 32 * 1024 * 1024;
const O_PATH = 0o10000000;

/** A directory held open, so that its path may change meanwhile. */
export class HeldDirectory implements Disposable {
  readonly #fd: number;
  readonly #forRepair: boolean;

  private constructor(fd: number, forRepair: boolean) {
    this.#fd = fd;
    this.#forRepair = forRepair;
  }

  /** Undefined when some component is missing, not a directory, or a link. */
  static open(path: ByteString): HeldDirectory | undefined {
    return HeldDirectory.#openFromTop(path, false);
  }

  /**
   * The same for putting back: a directory that its owner may not read, search or write, as a
   * command can make it, is opened up on the way.
   */
  static openForRepair(path: ByteString): HeldDirectory | undefined {
    return HeldDirectory.#openFromTop(path, true);
  }

  static #openFromTop(path: ByteString, forRepair: boolean): HeldDirectory | undefined {
    let held = new HeldDirectory(openSync("/", O_PATH | constants.O_DIRECTORY), forRepair);
    for (const name of path.split("/").filter((part) => part !== "")) {
      const next = held.enter(brand(name));
      held[Symbol.dispose]();
      if (next === undefined) return undefined;
      held = next;
    }
    return held;
  }

  enter(name: ByteString): HeldDirectory | undefined {
    try {
      const flags = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
      return new HeldDirectory(
        this.orOpenedUp(() => openSync(this.at(name), flags)),
        this.#forRepair,
      );
    } catch {
      return undefined;
    }
  }

  /** What `use` gives; for a repair, tried again with the owner's rights when these are missing. */
  orOpenedUp<Result>(use: () => Result): Result {
    try {
      return use();
    } catch (error) {
      if (!this.#forRepair || !isRefusal(error)) throw error;
      this.openUp();
      return use();
    }
  }

  /** Gives the owner all rights to this directory. Errors: when it is somebody else's. */
  openUp(): void {
    const self = `/proc/self/fd/${this.#fd}`;
    chmodSync(self, (statSync(self).mode & 0o7777) | 0o700);
  }

  /** A path that leads to `name` in this very directory. */
  at(name: ByteString): Buffer {
    return bytesOf(brand(`/proc/self/fd/${this.#fd}/${name}`));
  }

  kindOf(name: ByteString): TreeEntry["kind"] | undefined {
    const entry = this.orOpenedUp(() => lstatSync(this.at(name), { throwIfNoEntry: false }));
    if (entry === undefined) return undefined;
    if (entry.isDirectory()) return "directory";
    if (entry.isSymbolicLink()) return "link";
    return entry.isFile() ? "file" : "other";
  }

  names(): readonly ByteString[] {
    return this.orOpenedUp(() =>
      readdirSync(this.at(brand(".")), { encoding: "buffer" }).map(byteStringFromBytes),
    );
  }

  /**
   * With all that is below, however deep that is: a directory that is not empty is moved up here
   * first, so that no path and no list of open directories grows with the depth.
   */
  remove(name: ByteString): void {
    const left = [name];
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      if (this.kindOf(next) === "directory") this.#removeDirectory(next, left);
      else this.#removeFile(next);
    }
  }

  /** What is in it and has to be looked at once more gets a new name here, which is added to `left`. */
  #removeDirectory(name: ByteString, left: ByteString[]): void {
    using inner = this.enter(name);
    if (inner === undefined) throw new Error("what is to be removed has changed meanwhile");
    forEachInSpite(inner.names(), (child) => {
      if (inner.kindOf(child) !== "directory") inner.#removeFile(child);
      else if (!inner.#removeEmpty(child)) {
        const moved = temporaryName();
        if (this.#takeFrom(inner, child, moved)) left.push(moved);
        else inner.remove(child);
      }
    });
    this.orOpenedUp(() => rmdirSync(this.at(name)));
  }

  #removeFile(name: ByteString): void {
    this.orOpenedUp(() => rmSync(this.at(name), { force: true }));
  }

  #removeEmpty(name: ByteString): boolean {
    try {
      this.orOpenedUp(() => rmdirSync(this.at(name)));
      return true;
    } catch {
      return false;
    }
  }

  /** False where a directory cannot be moved, as some of an overlay file system. */
  #takeFrom(other: HeldDirectory, child: ByteString, name: ByteString): boolean {
    try {
      using moved = other.enter(child);
      if (this.#forRepair) moved?.openUp(); // its entry ".." changes
      this.orOpenedUp(() => renameSync(other.at(child), this.at(name)));
      return true;
    } catch {
      return false;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** What is at `name` in `parent`, empty when nothing is. Errors: TreeTooLargeError. */
export function readTree(
  parent: HeldDirectory,
  name: ByteString,
  ignored: Ignored = new Set(),
): Tree {
  const tree = new Map<ByteString, TreeEntry>();
  let bytes = 0;
  const visit = (directory: HeldDirectory, own: ByteString, path: ByteString): void => {
    const entry = ignored.has(path) ? undefined : readEntry(directory, own);
    if (entry === undefined) return;
    bytes += entry.kind === "file" ? entry.content.length : 0;
    if (tree.size >= MAX_ENTRIES || bytes > MAX_BYTES) throw new TreeTooLargeError();
    tree.set(path, entry);
    if (entry.kind !== "directory") return;
    using inner = directory.enter(own);
    for (const child of inner?.names() ?? []) {
      if (inner !== undefined) visit(inner, child, brand(path === "" ? child : `${path}/${child}`));
    }
  };
  visit(parent, name, brand(""));
  return tree;
}

/** The same by its whole path; undefined when it is too large or cannot be read. */
export function readPlace(path: string, ignored?: Ignored): Tree | undefined {
  const { parent, name } = splitPath(path);
  using held = HeldDirectory.open(parent);
  if (held === undefined) return new Map();
  try {
    return readTree(held, name, ignored);
  } catch {
    return undefined;
  }
}

export function splitPath(path: string): {
  readonly parent: ByteString;
  readonly name: ByteString;
} {
  const end = path.lastIndexOf("/");
  return { parent: brand(path.slice(0, end)), name: brand(path.slice(end + 1)) };
}

export function sameEntry(left: TreeEntry | undefined, right: TreeEntry | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  switch (left.kind) {
    case "directory":
      return right.kind === "directory" && left.mode === right.mode;
    case "file":
      return (
        right.kind === "file" && left.mode === right.mode && left.content.equals(right.content)
      );
    case "link":
      return right.kind === "link" && left.target === right.target;
    case "other":
      return right.kind === "other";
  }
}

/**
 * Makes `name` in `parent` what `tree` says. Files are replaced by renaming, never written in
 * place; `ignored` ones are left alone. Errors: those of the file system.
 */
export function writeTree(
  parent: HeldDirectory,
  name: ByteString,
  tree: Tree,
  ignored?: Ignored,
): void {
  const current = readOrClear(parent, name, ignored);
  const extra = [...current.keys()].filter((path) => !tree.has(path));
  // First, since it needs no room on the disk. Inner ones are gone with the outer ones.
  forEachInSpite(
    [
      ...extra.toSorted().map((path) => () => {
        inDirectoryOf(parent, name, path, (held, own) => held.remove(own));
      }),
      ...[...tree].map(([path, entry]) => () => {
        if (!sameEntry(current.get(path), entry)) putEntry(parent, name, path, entry);
      }),
    ],
    (step) => step(),
  );
}

/** Goes on to the end when one fails. Errors: that of the first that has. */
export function forEachInSpite<Item>(items: Iterable<Item>, use: (item: Item) => void): void {
  const errors: unknown[] = [];
  for (const item of items) {
    try {
      use(item);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^(?:EACCES|EPERM)$/.test(String(error.code));
}

function readEntry(directory: HeldDirectory, name: ByteString): TreeEntry | undefined {
  const path = directory.at(name);
  const entry = directory.orOpenedUp(() => lstatSync(path, { throwIfNoEntry: false }));
  if (entry === undefined) return undefined;
  if (entry.isDirectory()) return { kind: "directory", mode: entry.mode & 0o7777 };
  if (entry.isSymbolicLink()) {
    return {
      kind: "link",
      target: byteStringFromBytes(readlinkSync(path, { encoding: "buffer" })),
    };
  }
  if (!entry.isFile()) return { kind: "other" };
  if (entry.size > MAX_BYTES) throw new TreeTooLargeError();
  // Not blocking: a FIFO may have taken the file's place since the look.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return { kind: "file", mode: entry.mode & 0o7777, content: readFileSync(fd) };
  } finally {
    closeSync(fd);
  }
}

/**
 * The tree as it is. One that cannot be read, because it is too large or was locked, is removed
 * instead, but for what is `ignored`.
 */
function readOrClear(parent: HeldDirectory, name: ByteString, ignored: Ignored | undefined): Tree {
  try {
    return readTree(parent, name, ignored);
  } catch {
    using inner = ignored === undefined ? undefined : parent.enter(name);
    if (inner === undefined) parent.remove(name);
    const gone = (inner?.names() ?? []).filter((child) => ignored?.has(child) !== true);
    forEachInSpite(gone, (child) => inner?.remove(child));
    return readTree(parent, name, ignored);
  }
}

function putEntry(
  parent: HeldDirectory,
  name: ByteString,
  path: ByteString,
  entry: TreeEntry,
): void {
  inDirectoryOf(parent, name, path, (held, own) => {
    const kind = held.kindOf(own);
    if (kind !== undefined && (kind !== entry.kind || kind === "other")) held.remove(own);
    switch (entry.kind) {
      case "directory":
        if (kind !== "directory") {
          held.orOpenedUp(() => mkdirSync(held.at(own), { mode: entry.mode }));
        }
        chmodSync(held.at(own), entry.mode);
        break;
      case "file":
        try {
          held.orOpenedUp(() => putFile(held, own, entry));
        } catch {
          // On a full disk there may be room without what the command wrote; that must go anyway.
          held.remove(own);
          putFile(held, own, entry);
        }
        break;
      case "link":
        held.remove(own);
        held.orOpenedUp(() => symlinkSync(bytesOf(entry.target), held.at(own)));
        break;
      case "other":
        break; // a device or socket cannot be put back
    }
  });
}

/** One that nobody can have taken. */
function temporaryName(): ByteString {
  // Loaded only here: it would be a third of the start of a guarded command.
  const { randomBytes } = process.getBuiltinModule("node:crypto");
  return brand(`.codex-restore-${randomBytes(8).toString("hex")}`);
}

/** By renaming, so that readers see one whole file. */
function putFile(
  held: HeldDirectory,
  own: ByteString,
  { content, mode }: { readonly content: Buffer; readonly mode: number },
): void {
  const temporary = temporaryName();
  try {
    writeFileSync(held.at(temporary), content, { mode, flag: "wx" });
    chmodSync(held.at(temporary), mode);
    renameSync(held.at(temporary), held.at(own));
  } catch (error) {
    rmSync(held.at(temporary), { force: true });
    throw error;
  }
}

/** Calls `use` with the directory that holds `path` of the tree, and the last part of its name. */
function inDirectoryOf(
  parent: HeldDirectory,
  name: ByteString,
  path: ByteString,
  use: (directory: HeldDirectory, own: ByteString) => void,
): void {
  const parts = [name, ...path.split("/").filter((part) => part !== "")].map(brand);
  const own = parts.pop() ?? name;
  let held = parent;
  try {
    for (const part of parts) {
      const left = held;
      const next = left.enter(part);
      held = next ?? parent;
      if (left !== parent) left[Symbol.dispose]();
      if (next === undefined) return; // its directory was removed with everything in it
    }
    use(held, own);
  } finally {
    if (held !== parent) held[Symbol.dispose]();
  }
}
