/** What planning a patch sees of the file system. It only looks: nothing is followed or changed. */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  readlinkSync,
} from "node:fs";
import type { BigIntStats } from "node:fs";
import { errnoOf } from "./system-error.ts";

/** Tells one state of one file from every later one. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** What a replaced or moved file keeps. `mode` has the permission bits only. */
export interface FileAttributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export type Look =
  | { readonly kind: "missing" }
  | { readonly kind: "directory" }
  | {
      readonly kind: "file";
      readonly identity: FileIdentity;
      /** undefined: not on the disk yet, with what the umask and the directory give. */
      readonly attributes: FileAttributes | undefined;
    }
  | { readonly kind: "link"; readonly identity: FileIdentity; readonly target: string }
  /** `what` for example "a FIFO". */
  | { readonly kind: "special"; readonly what: string };

/** Paths are absolute. Both functions throw what node:fs throws, except that `look` answers ENOENT. */
export interface FileView {
  readonly look: (path: string) => Look;
  /** Bytes of a regular file. Must not block on anything else. */
  readonly read: (path: string) => Uint8Array;
}

/** Content no larger than this is updated; anything larger is refused before it is read. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;
const UNSIZED_CHUNK_BYTES = 64 * 1024;

export const diskView: FileView = { look: lookAtDisk, read: readFromDisk };

function lookAtDisk(path: string): Look {
  let stats: BigIntStats;
  try {
    stats = lstatSync(path, { bigint: true });
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return { kind: "missing" };
    throw error;
  }
  const identity = identityOf(stats);
  if (stats.isDirectory()) return { kind: "directory" };
  if (stats.isFile()) return { kind: "file", identity, attributes: attributesOf(stats) };
  if (stats.isSymbolicLink()) return { kind: "link", identity, target: readlinkSync(path) };
  return { kind: "special", what: specialKind(stats) };
}

export function identityOf(stats: BigIntStats): FileIdentity {
  const { dev, ino, size, mtimeNs, ctimeNs } = stats;
  return { dev, ino, size, mtimeNs, ctimeNs };
}

export function sameIdentity(one: FileIdentity, other: FileIdentity): boolean {
  return (
    one.dev === other.dev &&
    one.ino === other.ino &&
    one.size === other.size &&
    one.mtimeNs === other.mtimeNs &&
    one.ctimeNs === other.ctimeNs
  );
}

/** Set-id bits go, as the kernel clears them when an ordinary user writes to the file. */
function attributesOf(stats: BigIntStats): FileAttributes {
  return { mode: Number(stats.mode & 0o777n), uid: Number(stats.uid), gid: Number(stats.gid) };
}

function specialKind(stats: BigIntStats): string {
  if (stats.isFIFO()) return "a FIFO";
  if (stats.isSocket()) return "a socket";
  return "a device";
}

/**
 * O_NONBLOCK: a FIFO put there after the look must not hang us, nor a file of /proc that waits for
 * news. O_NOFOLLOW: the path was resolved before, a link in its place is an intruder.
 */
function readFromDisk(path: string): Uint8Array {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
  const fd = openSync(path, flags);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Error("it is not a regular file");
    if (stats.size > MAX_FILE_BYTES) throw tooLarge();
    return readAll(fd, stats.size);
  } finally {
    closeSync(fd);
  }
}

/** Reads to the end, whatever the size said: files of /proc say 0. */
function readAll(fd: number, expectedBytes: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const rest = expectedBytes - total;
    const chunk = new Uint8Array(rest > 0 ? rest : UNSIZED_CHUNK_BYTES);
    const count = readSync(fd, chunk);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    total += count;
    if (total > MAX_FILE_BYTES) throw tooLarge();
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}

function tooLarge(): Error {
  return new Error(`it is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`);
}
