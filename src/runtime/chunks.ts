/**
 * Loads the lazily compiled parts of the packed executable.
 *
 * The bundle is one tiny main file and many chunks. A chunk is called "GROUP/NAME.js", and the
 * asset "GROUP.js" is an object with a function for each chunk of that group, with a V8 code cache
 * made at build time. Main's `require` is replaced by the one made here, so a group is read and
 * compiled the first time something asks for a chunk in it, and a chunk runs when it is asked for;
 * in the group of a start, all run with the first. Compiling from the cache costs about a quarter of
 * compiling from text.
 *
 * The group "debug" is complete: it has copies of the chunks of other groups that it needs. They are
 * used by what runs from that group, and by nothing else: a class must not be there twice for code
 * that looks for its instances.
 */
import type * as Vm from "node:vm";

import { openPackedFiles, PACKED_FILES, type FindPackedFile } from "./packed-files.ts";
import { flagChanges } from "./v8-flag-changes.ts";

type Require = (id: string) => unknown;
type Chunk = (exports: unknown, require: Require, module: { exports: unknown }) => void;
type Group = Readonly<Record<string, unknown>>;

/**
 * A `require` for the packed program: "./group/name.js" loads the chunk of that name once,
 * anything else is a module of Node's own.
 */
export function createChunkRequire(nativeRequire: Require): Require {
  return chunkRequire(nativeRequire, {});
}

/** The asset of the complete group, and how the names of its own chunks begin. */
const COMPLETE_GROUP = "debug.js";
const COMPLETE_PREFIX = "debug/";

/** `preferred`: chunks that are used in place of those of the same names in other groups. */
function chunkRequire(nativeRequire: Require, preferred: Group): Require {
  const groups = new Map<string, Group>();
  const loaded = new Map<string, { exports: unknown }>();
  const require: Require = (id) => {
    if (!id.startsWith("./")) return nativeRequire(id);
    const name = id.slice("./".length);
    let module = loaded.get(name);
    if (module === undefined) {
      module = { exports: {} };
      loaded.set(name, module);
      if (name.startsWith(COMPLETE_PREFIX) && !(name in preferred)) {
        const complete = compileGroup(COMPLETE_GROUP);
        module.exports = chunkRequire(nativeRequire, complete)(id);
      } else {
        findChunk(preferred, groups, name)(module.exports, require, module);
      }
    }
    return module.exports;
  };
  return require;
}

function findChunk(preferred: Group, groups: Map<string, Group>, name: string): Chunk {
  const group = name in preferred ? preferred : groupOf(groups, name);
  const chunk = group[name];
  if (!isChunk(chunk)) throw new TypeError(`Cannot load "${name}": not a chunk`);
  return chunk;
}

function groupOf(groups: Map<string, Group>, name: string): Group {
  const asset = `${name.slice(0, name.indexOf("/"))}.js`;
  const group = groups.get(asset) ?? compileGroup(asset);
  groups.set(asset, group);
  return group;
}

function compileGroup(asset: string): Group {
  // The build sees to it that it is ASCII; reading it as UTF-8 would take as long as compiling it.
  const text = packedFile(asset);
  if (text === undefined) throw new TypeError(`Cannot load "${asset}": it is not packed`);
  const code = Buffer.from(text.buffer, text.byteOffset, text.length).toString("latin1");
  const script = new (vm().Script)(code, { filename: asset, ...codeCache(asset) });
  const group: unknown = script.runInThisContext();
  if (!isGroup(group)) throw new TypeError(`Cannot load "${asset}": not a group of chunks`);
  return group;
}

let findPacked: FindPackedFile | undefined;

// Neither module is loaded yet when a program starts, and some starts need none: 1 ms together.
function packedFile(name: string): Uint8Array | undefined {
  const { getRawAsset } = process.getBuiltinModule("node:sea");
  findPacked ??= openPackedFiles(getRawAsset(PACKED_FILES));
  return findPacked(name);
}

function vm(): typeof Vm {
  return process.getBuiltinModule("node:vm");
}

/** Nothing where the executable was built on another system. */
function codeCache(asset: string): { readonly cachedData?: Uint8Array } {
  const cache = packedFile(`${asset}.cache`);
  if (cache === undefined) return {};
  return { cachedData: flagChanges() === 0 ? cache : withFlagHash(cache, currentFlagHash()) };
}

/**
 * Where V8 writes a hash of all its flags into a cache, a 32-bit word; it takes none with another.
 * The flags that this program changes (v8-flags.ts) bear on no bytecode. Source: V8's
 * code-serializer.h; a test holds the pinned Node against it. A wrong place costs time, not more.
 */
const FLAG_HASH_OFFSET = 12;

/** Exported for that test. */
export function withFlagHash(cache: Uint8Array, hash: number): Uint8Array {
  const copy = Uint8Array.from(cache); // the packed one cannot be written to
  new DataView(copy.buffer).setUint32(FLAG_HASH_OFFSET, hash, true);
  return copy;
}

let known: { readonly changes: number; readonly hash: number } | undefined;

/** V8 tells it to nobody, but writes it into each cache that it makes. */
export function currentFlagHash(): number {
  const changes = flagChanges();
  if (known?.changes !== changes) {
    const cache = new (vm().Script)("0").createCachedData();
    known = { changes, hash: cache.readUInt32LE(FLAG_HASH_OFFSET) };
  }
  return known.hash;
}

function isGroup(value: unknown): value is Group {
  return typeof value === "object" && value !== null;
}

function isChunk(value: unknown): value is Chunk {
  return typeof value === "function";
}
