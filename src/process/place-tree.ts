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
  rmSync,
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

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Undefined when some component is missing, not a directory, or a link. */
  static open(path: ByteString): HeldDirectory | undefined {
    let held = new HeldDirectory(openSync("/", O_PATH | constants.O_DIRECTORY));
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
      return new HeldDirectory(openSync(this.at(name), flags));
    } catch {
      return undefined;
    }
  }

  /** A path that leads to `name` in this very directory. */
  at(name: ByteString): Buffer {
    return bytesOf(brand(`/proc/self/fd/${this.#fd}/${name}`));
  }

  kindOf(name: ByteString): TreeEntry["kind"] | undefined {
    const entry = lstatSync(this.at(name), { throwIfNoEntry: false });
    if (entry === undefined) return undefined;
    if (entry.isDirectory()) return "directory";
    if (entry.isSymbolicLink()) return "link";
    return entry.isFile() ? "file" : "other";
  }

  names(): readonly ByteString[] {
    return readdirSync(this.at(brand(".")), { encoding: "buffer" }).map(byteStringFromBytes);
  }

  remove(name: ByteString): void {
    rmSync(this.at(name), { recursive: true, force: true });
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** What is at `name` in `parent`, empty when nothing is. Errors: TreeTooLargeError. */
export function readTree(
  parent: HeldDirectory,
  name: ByteString,
  ignored: ReadonlySet<string> = new Set(),
): Tree {
  const tree = new Map<ByteString, TreeEntry>();
  let bytes = 0;
  const visit = (directory: HeldDirectory, own: ByteString, path: ByteString): void => {
    const entry = readEntry(directory, own);
    if (entry === undefined || ignored.has(path)) return;
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
  ignored?: ReadonlySet<string>,
): void {
  const current = readTree(parent, name, ignored);
  for (const [path, entry] of tree) {
    if (!sameEntry(current.get(path), entry)) putEntry(parent, name, path, entry);
  }
  const extra = [...current.keys()].filter((path) => !tree.has(path));
  // Inner ones are gone with the outer ones.
  for (const path of extra.toSorted())
    inDirectoryOf(parent, name, path, (held, own) => held.remove(own));
}

function readEntry(directory: HeldDirectory, name: ByteString): TreeEntry | undefined {
  const path = directory.at(name);
  const entry = lstatSync(path, { throwIfNoEntry: false });
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
        if (kind !== "directory") mkdirSync(held.at(own), { mode: entry.mode });
        chmodSync(held.at(own), entry.mode);
        break;
      case "file": {
        const temporary = brand(`.codex-restore-${process.pid}`);
        writeFileSync(held.at(temporary), entry.content, { mode: entry.mode, flag: "wx" });
        chmodSync(held.at(temporary), entry.mode);
        renameSync(held.at(temporary), held.at(own));
        break;
      }
      case "link":
        held.remove(own);
        symlinkSync(bytesOf(entry.target), held.at(own));
        break;
      case "other":
        break; // a device or socket cannot be put back
    }
  });
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
      const next = held.enter(part);
      if (held !== parent) held[Symbol.dispose]();
      if (next === undefined) return; // its directory was removed with everything in it
      held = next;
    }
    use(held, own);
  } finally {
    if (held !== parent) held[Symbol.dispose]();
  }
}
