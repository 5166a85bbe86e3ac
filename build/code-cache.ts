/**
 * Makes the V8 code cache of each group of chunks given as an argument: `group.js` →
 * `group.js.cache`.
 *
 * Run by the very Node, with the very flags, that the executable will have. A cache is made after
 * the start code of every chunk ran, so that the functions it needs at start are in it too.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { Script } from "node:vm";

type Require = (id: string) => unknown;
type Chunk = (exports: unknown, require: Require, module: { exports: unknown }) => void;

const nativeRequire = createRequire(import.meta.url);
const scripts = new Map<string, Script>();
const chunks = new Map<string, Chunk>();
const loaded = new Map<string, { exports: unknown }>();

for (const path of process.argv.slice(2)) {
  const script = new Script(readFileSync(path, "utf8"), { filename: basename(path) });
  scripts.set(path, script);
  const group: unknown = script.runInThisContext();
  if (typeof group !== "object" || group === null) throw new TypeError(`No chunks in "${path}"`);
  for (const [name, chunk] of Object.entries<unknown>({ ...group })) {
    if (!isChunk(chunk)) throw new TypeError(`Cannot load "${name}": not a chunk`);
    chunks.set(`./${name}`, chunk);
  }
}
for (const id of chunks.keys()) load(id);
process.exit = (code) => {
  throw new Error(`Exit ${code ?? 0} during warm-up`);
};
await warmUp(load("./warm-up/warm-up.js"));
for (const [path, script] of scripts) {
  const cache = script.createCachedData();
  const check = new Script(readFileSync(path, "utf8"), {
    filename: basename(path),
    cachedData: cache,
  });
  if (check.cachedDataRejected === true) throw new Error(`Code cache of "${path}" is rejected`);
  writeFileSync(`${path}.cache`, cache);
}

async function warmUp(module: unknown): Promise<void> {
  if (!hasWarmUp(module)) throw new TypeError("Cannot warm up: no such function in its chunk");
  await module.warmUp();
}

function hasWarmUp(module: unknown): module is { readonly warmUp: () => Promise<void> } {
  return typeof module === "object" && module !== null && "warmUp" in module;
}

function load(id: string): unknown {
  if (!id.startsWith("./")) return nativeRequire(id);
  const known = loaded.get(id);
  if (known !== undefined) return known.exports;
  const chunk = chunks.get(id);
  if (chunk === undefined) throw new Error(`Unknown chunk "${id}"`);
  const module = { exports: {} as unknown };
  loaded.set(id, module);
  chunk(module.exports, load, module);
  return module.exports;
}

function isChunk(value: unknown): value is Chunk {
  return typeof value === "function";
}
