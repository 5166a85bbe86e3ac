/**
 * Makes protected places read-only by a mount namespace of the command's own, where one can be had.
 *
 * Landlock cannot take a branch out of a tree that it grants, so this goes before it. It needs
 * CAP_SYS_ADMIN; without it the caller records the places and puts back what changed.
 * Source: mount_namespaces(7), mount_setattr(2).
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
} from "node:fs";

import type { DiskFacts, PlaceKind, ProtectedPlaces } from "../protocol/protected-places.ts";
import { brand, bytesOf, byteStringFromBytes } from "../runtime/byte-string.ts";
import { SyscallError, type Libc, type SyscallAnswer } from "./libc.ts";

/**
 * True when every place that exists is sealed now; false when this process may not have a mount
 * namespace, and nothing was changed. Errors: SyscallError when sealing failed half-way; the
 * command must not start then.
 */
export function sealPlaces(libc: Libc, places: ProtectedPlaces): boolean {
  if (!libc.call("unshare", CLONE_NEWNS).ok) return false;
  // Whatever is mounted here must not appear outside. Some containers refuse from here on.
  if (!libc.call("mount", 0, cString("/"), 0, MS_REC | MS_PRIVATE, 0).ok) return false;
  // Outer directories first: a mount made on the way to another one would hide it.
  for (const path of places.pinned.toSorted()) bindOnItself(libc, path);
  for (const path of sealable(places).toSorted()) {
    bindOnItself(libc, path);
    makeReadOnly(libc, path);
  }
  enterAnew(libc);
  return true;
}

/** What a mount can seal: there must be something there, and no link in its place. */
export function sealable(places: ProtectedPlaces): readonly string[] {
  return places.sealed.flatMap(({ path, kind }) =>
    kind === "directory" || kind === "file" ? [path] : [],
  );
}

/** The disk, with paths as byte strings. */
export const diskOfBytes: DiskFacts = {
  kindOf(path) {
    return lstatKind(path);
  },
  readText(path) {
    try {
      return readSmallFile(path);
    } catch {
      return undefined;
    }
  },
  namesIn(directory) {
    try {
      const names = readdirSync(bytesOf(brand(directory)), { encoding: "buffer" });
      return names.map(byteStringFromBytes);
    } catch {
      return [];
    }
  },
  realpath(path) {
    try {
      return byteStringFromBytes(realpathSync.native(bytesOf(brand(path)), { encoding: "buffer" }));
    } catch {
      return undefined;
    }
  },
  readlink(path) {
    try {
      return byteStringFromBytes(readlinkSync(bytesOf(brand(path)), { encoding: "buffer" }));
    } catch {
      return undefined;
    }
  },
};

const CLONE_NEWNS = 0x00020000;
const MS_BIND = 0x1000;
const MS_REC = 0x4000;
const MS_PRIVATE = 0x40000;
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_RECURSIVE = 0x8000;
const MOUNT_ATTR_RDONLY = 1n;

function lstatKind(path: string): PlaceKind | undefined {
  const entry = lstat(path);
  if (entry === undefined) return undefined;
  if (entry.isSymbolicLink()) return "link";
  if (entry.isDirectory()) return "directory";
  return entry.isFile() ? "file" : "other";
}

/** Undefined also beneath something that is no directory, such as a root that is a file. */
function lstat(path: string): Stats | undefined {
  try {
    // An error for each place that is not there would take longer than all the looking.
    return lstatSync(bytesOf(brand(path)), { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

const MAX_TEXT_BYTES = 256 * 1024;

/** A command may have put a pipe there, which keeps a blocking open waiting, or an endless file. */
function readSmallFile(path: string): string | undefined {
  const descriptor = openSync(bytesOf(brand(path)), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const entry = fstatSync(descriptor);
    if (!entry.isFile() || entry.size > MAX_TEXT_BYTES) return undefined;
    const bytes = Buffer.alloc(entry.size);
    return byteStringFromBytes(bytes.subarray(0, readSync(descriptor, bytes)));
  } finally {
    closeSync(descriptor);
  }
}

function bindOnItself(libc: Libc, path: string): void {
  check(path, libc.call("mount", cString(path), cString(path), 0, MS_BIND | MS_REC, 0));
}

/** The current directory may lie under one of the new mounts; by its name it is above them. */
function enterAnew(libc: Libc): void {
  const cwd = readlinkSync("/proc/self/cwd", { encoding: "buffer" });
  const answer = libc.call("chdir", Buffer.concat([cwd, Buffer.of(0)]));
  // One that was removed has no name, and nothing in it to seal.
  if (!answer.ok && answer.errno !== "ENOENT") throw new SyscallError("chdir", answer.errno);
}

/** struct mount_attr: u64 attr_set, attr_clr, propagation, userns_fd. */
function makeReadOnly(libc: Libc, path: string): void {
  const attributes = new BigUint64Array([MOUNT_ATTR_RDONLY, 0n, 0n, 0n]);
  const answer = libc.call(
    "mount_setattr",
    AT_FDCWD,
    cString(path),
    AT_SYMLINK_NOFOLLOW | AT_RECURSIVE,
    attributes,
    attributes.byteLength,
  );
  check(path, answer);
}

function check(path: string, answer: SyscallAnswer): void {
  if (!answer.ok) throw new SyscallError(`sealing ${JSON.stringify(path)}`, answer.errno);
}

function cString(path: string): Uint8Array {
  return Buffer.concat([bytesOf(brand(path)), Buffer.of(0)]);
}
