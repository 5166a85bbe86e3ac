/**
 * Makes V8 code caches of groups of chunks: `group.js` → `group.js.cache`.
 *
 * Arguments: "all" and the groups to make a cache for; or "complete-start" and the groups, of which
 * only the last gets one: its chunks are used in place of others of the same name.
 *
 * Run by the very Node, with the very flags, that the executable will have. A cache is made after
 * the start code of every chunk ran, so that the functions it needs at start are in it too.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { Script } from "node:vm";

import type { Architecture } from "../src/linux-sandbox/architecture.ts";
import {
  ALL_SECCOMP_NEEDS,
  seccompFilterName,
} from "../src/linux-sandbox/packed-seccomp-filter.ts";
import { packFiles } from "../src/runtime/packed-files.ts";

type Require = (id: string) => unknown;
type Chunk = (exports: unknown, require: Require, module: { exports: unknown }) => void;

const nativeRequire = createRequire(import.meta.url);
const [mode, ...paths] = process.argv.slice(2);

const architectures: readonly Architecture[] = ["x64", "arm64"];
const seccompNames = architectures.flatMap((architecture) =>
  ALL_SECCOMP_NEEDS.map((needs) => seccompFilterName(needs, architecture)),
);

/**
 * In the place of `node:sea`. Neither the native addon nor a filter is one that could be used: what
 * runs here must not get as far as to confine this process. Only Linux has filters at all, and only
 * for the processor that the executable is for.
 */
const packedFiles = {
  isSea: () => true,
  getRawAsset: () => {
    const names = ["koffi.node", ...seccompNames].map(
      (name) => [name, Buffer.from("withheld")] as const,
    );
    return packFiles(new Map(names)).buffer;
  },
};
const scripts = new Map<string, Script>();
const chunks = new Map<string, Chunk>();
const loaded = new Map<string, { exports: unknown }>();

for (const path of paths) {
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
for (const [path, script] of mode === "all" ? scripts : [...scripts].slice(-1)) {
  const cache = script.createCachedData();
  const check = new Script(readFileSync(path, "utf8"), {
    filename: basename(path),
    cachedData: cache,
  });
  if (check.cachedDataRejected === true) throw new Error(`Code cache of "${path}" is rejected`);
  writeFileSync(`${path}.cache`, cache);
}

async function warmUp(module: unknown): Promise<void> {
  if (!isWarmUp(module)) throw new TypeError("Cannot warm up: no such functions in its chunk");
  await (mode === "all" ? module.warmUp() : module.warmUpCompleteStart());
}

interface WarmUp {
  readonly warmUp: () => Promise<void>;
  readonly warmUpCompleteStart: () => Promise<void>;
}

function isWarmUp(module: unknown): module is WarmUp {
  const names = ["warmUp", "warmUpCompleteStart"];
  return typeof module === "object" && module !== null && names.every((name) => name in module);
}

function load(id: string): unknown {
  if (id === "node:sea") return packedFiles;
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
