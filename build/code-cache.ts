/**
 * Makes the V8 code cache of each chunk given as an argument: `chunk.js` → `chunk.js.cache`.
 *
 * Run by the very Node, with the very flags, that the executable will have. A cache is made after
 * the chunk's own start code ran, so that the functions it needs at start are in it too.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { Script } from "node:vm";

type Require = (id: string) => unknown;
type ChunkFunction = (exports: unknown, require: Require, module: { exports: unknown }) => void;

const nativeRequire = createRequire(import.meta.url);
const scripts = new Map<string, { readonly path: string; readonly script: Script }>();
const loaded = new Map<string, { exports: unknown }>();

for (const path of process.argv.slice(2)) {
  const name = basename(path);
  const script = new Script(readFileSync(path, "utf8"), { filename: name });
  scripts.set(name, { path, script });
}
for (const name of scripts.keys()) load(`./${name}`);
process.exit = (code) => {
  throw new Error(`Exit ${code ?? 0} during warm-up`);
};
await warmUp(load("./warm-up.js"));
for (const { path, script } of scripts.values()) {
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
  const name = id.slice("./".length);
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const entry = scripts.get(name);
  if (entry === undefined) throw new Error(`Unknown chunk "${id}"`);
  const module = { exports: {} as unknown };
  loaded.set(name, module);
  const compiled: unknown = entry.script.runInThisContext();
  if (!isChunkFunction(compiled)) throw new TypeError(`Cannot load "${name}": not a chunk`);
  compiled(module.exports, load, module);
  return module.exports;
}

function isChunkFunction(value: unknown): value is ChunkFunction {
  return typeof value === "function";
}
