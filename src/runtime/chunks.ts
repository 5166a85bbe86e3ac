/**
 * Loads the lazily compiled parts of the packed executable.
 *
 * The bundle is one tiny main file and many chunks. A chunk is called "GROUP/NAME.js", and the
 * asset "GROUP.js" is an object with a function for each chunk of that group, with a V8 code cache
 * made at build time. Main's `require` is replaced by the one made here, so a group is read and
 * compiled the first time something asks for a chunk in it, and a chunk runs when it is asked for;
 * in the group of a start, all run with the first. Compiling from the cache costs about a quarter of compiling from text.
 */
import { getAsset, getRawAsset } from "node:sea";
import { Script } from "node:vm";

type Require = (id: string) => unknown;
type Chunk = (exports: unknown, require: Require, module: { exports: unknown }) => void;
type Group = Readonly<Record<string, unknown>>;

/**
 * A `require` for the packed program: "./group/name.js" loads the chunk of that name once,
 * anything else is a module of Node's own. `ownChunks` is the group "main", which every start
 * needs and which is therefore part of the main file.
 */
export function createChunkRequire(nativeRequire: Require, ownChunks: Group): Require {
  const groups = new Map([["main.js", ownChunks]]);
  const loaded = new Map<string, { exports: unknown }>();
  const chunkRequire: Require = (id) => {
    if (!id.startsWith("./")) return nativeRequire(id);
    const name = id.slice("./".length);
    let module = loaded.get(name);
    if (module === undefined) {
      module = { exports: {} };
      loaded.set(name, module);
      findChunk(groups, name)(module.exports, chunkRequire, module);
    }
    return module.exports;
  };
  return chunkRequire;
}

function findChunk(groups: Map<string, Group>, name: string): Chunk {
  const asset = `${name.slice(0, name.indexOf("/"))}.js`;
  const group = groups.get(asset) ?? compileGroup(asset);
  groups.set(asset, group);
  const chunk = group[name];
  if (!isChunk(chunk)) throw new TypeError(`Cannot load "${name}": not a chunk`);
  return chunk;
}

function compileGroup(asset: string): Group {
  const script = new Script(getAsset(asset, "utf8"), { filename: asset, ...codeCache(asset) });
  const group: unknown = script.runInThisContext();
  if (!isGroup(group)) throw new TypeError(`Cannot load "${asset}": not a group of chunks`);
  return group;
}

/** Nothing where the executable was built on another system. */
function codeCache(asset: string): { readonly cachedData?: Uint8Array } {
  try {
    return { cachedData: new Uint8Array(getRawAsset(`${asset}.cache`)) };
  } catch {
    return {};
  }
}

function isGroup(value: unknown): value is Group {
  return typeof value === "object" && value !== null;
}

function isChunk(value: unknown): value is Chunk {
  return typeof value === "function";
}
