/**
 * The submodule entries of a git index: the names of directories that `git status` enters.
 * Source: gitformat-index(5).
 *
 * The file is a command's to write, so whatever git would read must be read here too: all versions,
 * both hash sizes, split and sparse ones. A wrong guess only adds names to look at.
 */
import { brand, byteStringFromBytes, type ByteString } from "../runtime/byte-string.ts";

export interface IndexEntries {
  /** Paths relative to the work tree. */
  readonly gitlinks: readonly ByteString[];
  /** Directories whose entries are not in the file; git looks them up when they are on the disk. */
  readonly collapsed: readonly ByteString[];
  /** Names of files beside this one that hold the rest of it. */
  readonly bases: readonly ByteString[];
  /** An entry takes a name of such a base, which only that base tells: any of its names. */
  readonly takesNames: boolean;
}

/** About what they take of memory. */
export function bytesOfNames({ gitlinks, collapsed }: IndexEntries): number {
  return [...gitlinks, ...collapsed].reduce((sum, name) => sum + NAME_BYTES + name.length, 0);
}

/** There are more names than anybody could look at. */
export class TooManyNamesError extends Error {
  override readonly name = "TooManyNamesError";
}

/**
 * Undefined for what git refuses as an index. `allNames`: every entry counts as a gitlink.
 * Errors: TooManyNamesError, when those in the answer take more than `mostBytes` (see bytesOfNames).
 */
export function readIndex(
  bytes: Buffer,
  allNames = false,
  mostBytes = Infinity,
): IndexEntries | undefined {
  if (bytes.length < HEADER_BYTES || bytes.toString("latin1", 0, 4) !== "DIRC") return undefined;
  const version = bytes.readUInt32BE(4);
  if (version < 2 || version > 4) return undefined;
  const found = {
    gitlinks: new Set<ByteString>(),
    collapsed: new Set<ByteString>(),
    bases: new Set<ByteString>(),
    takesNames: false,
  };
  let taken = 0;
  for (const hashBytes of HASH_SIZES) {
    const end = readEntries(bytes, version, hashBytes, (mode, name) => {
      const type = mode & TYPE_MASK;
      if (type !== DIRECTORY && type !== GITLINK && !allNames) return;
      const text = name();
      if (type !== DIRECTORY && text === "") found.takesNames = true;
      else (type === DIRECTORY ? found.collapsed : found.gitlinks).add(text);
      taken += NAME_BYTES + text.length;
      if (taken > mostBytes) throw new TooManyNamesError();
    });
    for (const base of baseNames(bytes, end, hashBytes)) found.bases.add(base);
  }
  return {
    gitlinks: [...found.gitlinks],
    collapsed: [...found.collapsed],
    bases: [...found.bases],
    takesNames: found.takesNames,
  };
}

const HEADER_BYTES = 12;
/** SHA-1 and SHA-256; which one it is stands in the repository's settings. */
const HASH_SIZES = [20, 32];
const TYPE_MASK = 0o170000;
const GITLINK = 0o160000;
const DIRECTORY = 0o040000;
const EXTENDED = 0x4000;
const LONG_NAME = 0xfff;
/** Of memory, about, beside its letters. */
const NAME_BYTES = 64;
/** Twice PATH_MAX: nothing is at a name that is as long, so no more of it is kept. */
const LONGEST_NAME = 8192;

/** Calls `use` with each entry; returns the offset behind the last one. */
function readEntries(
  bytes: Buffer,
  version: number,
  hashBytes: number,
  use: (mode: number, name: () => ByteString) => void,
): number {
  const count = bytes.readUInt32BE(8);
  let at = HEADER_BYTES;
  let previous: Buffer = Buffer.alloc(0); // its beginning
  let previousLength = 0;
  for (let number = 0; number < count; number += 1) {
    const flagsAt = at + 40 + hashBytes;
    if (flagsAt + 4 > bytes.length) return at;
    const mode = bytes.readUInt32BE(at + 24);
    const flags = bytes.readUInt16BE(flagsAt);
    let nameAt = flagsAt + 2 + (version > 2 && (flags & EXTENDED) !== 0 ? 2 : 0);
    let kept = 0;
    if (version === 4) {
      const removed = readVarint(bytes, nameAt);
      nameAt = removed.end;
      kept = previousLength - removed.value;
      if (kept < 0) return at;
    }
    const length = flags & LONG_NAME;
    const nul = version === 4 || length === LONG_NAME ? bytes.indexOf(0, nameAt) : -1;
    const end = length === LONG_NAME ? nul : nameAt + length - kept;
    if (end < nameAt || end > bytes.length) return at;
    if (version === 4) {
      // Each may go on where the one before it ends: whole names could take a day.
      const added = bytes.subarray(nameAt, Math.min(end, nameAt + LONGEST_NAME));
      const name = Buffer.concat([previous.subarray(0, kept), added]).subarray(0, LONGEST_NAME);
      use(mode, () => nameOf(name));
      previous = name;
      previousLength = kept + end - nameAt;
      at = end + 1;
    } else {
      use(mode, () => nameOf(bytes.subarray(nameAt, end)));
      // At least one NUL, up to a multiple of eight.
      at += (end - at + 8) & ~7;
    }
  }
  return at;
}

/** To the kernel, a name ends at the first NUL, whatever its length is said to be. */
function nameOf(bytes: Buffer): ByteString {
  const nul = bytes.indexOf(0);
  return byteStringFromBytes(nul === -1 ? bytes : bytes.subarray(0, nul));
}

/** Source: the "offset" encoding of gitformat-pack(5). */
function readVarint(
  bytes: Buffer,
  start: number,
): { readonly value: number; readonly end: number } {
  let at = start;
  let byte = bytes[at] ?? 0;
  let value = byte & 0x7f;
  while ((byte & 0x80) !== 0 && at < start + 8) {
    at += 1;
    byte = bytes[at] ?? 0;
    value = (value + 1) * 128 + (byte & 0x7f);
  }
  return { value, end: at + 1 };
}

function baseNames(bytes: Buffer, start: number, hashBytes: number): readonly ByteString[] {
  const names: ByteString[] = [];
  let at = start;
  while (at + 8 + hashBytes <= bytes.length) {
    const size = bytes.readUInt32BE(at + 4);
    if (bytes.toString("latin1", at, at + 4) === "link") {
      names.push(brand(`sharedindex.${bytes.toString("hex", at + 8, at + 8 + hashBytes)}`));
    }
    at += 8 + size;
  }
  return names;
}
