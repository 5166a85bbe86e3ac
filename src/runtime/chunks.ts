/**
 * Loads the lazily compiled parts of the packed executable.
 *
 * The bundle is one tiny main file and many chunks, each an asset with a V8 code cache made at
 * build time. Main's `require` is replaced by the one made here, so a chunk is read and compiled
 * the first time something asks for it. Compiling from the cache costs about a quarter of
 * compiling from text.
 */
import { getAsset, getRawAsset } from "node:sea";
import { Script } from "node:vm";

type Require = (id: string) => unknown;

/** What wraps a chunk's text; the build makes the code cache of exactly this text. */
export const chunkPrefix = "(function (exports, require, module) {";
export const chunkSuffix = "\n})";

/**
 * A `require` for the packed program: "./name.js" loads the chunk asset of that name once,
 * anything else is a module of Node's own.
 */
export function createChunkRequire(nativeRequire: Require): Require {
  const loaded = new Map<string, { exports: unknown }>();
  const chunkRequire: Require = (id) => {
    if (!id.startsWith("./")) return nativeRequire(id);
    const name = id.slice("./".length);
    let module = loaded.get(name);
    if (module === undefined) {
      module = { exports: {} };
      loaded.set(name, module);
      compileChunk(name)(module.exports, chunkRequire, module);
    }
    return module.exports;
  };
  return chunkRequire;
}

type ChunkFunction = (exports: unknown, require: Require, module: { exports: unknown }) => void;

function compileChunk(name: string): ChunkFunction {
  const text = getAsset(name, "utf8");
  const script = new Script(text, { filename: name, ...codeCache(name) });
  const compiled: unknown = script.runInThisContext();
  if (!isChunkFunction(compiled)) throw new TypeError(`Cannot load "${name}": not a chunk`);
  return compiled;
}

/** Nothing where the executable was built on another system. */
function codeCache(name: string): { readonly cachedData?: Uint8Array } {
  try {
    return { cachedData: new Uint8Array(getRawAsset(`${name}.cache`)) };
  } catch {
    return {};
  }
}

function isChunkFunction(value: unknown): value is ChunkFunction {
  return typeof value === "function";
}
