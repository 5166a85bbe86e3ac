/**
 * Files that travel inside the executable: native addon, grammars, prompts, code chunks.
 *
 * In the single executable they are read from the blob; when run from source, from the places
 * that the `assets` table of `sea-config.json` names. Both are synchronous, because the sandbox
 * helper may not return to the event loop.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { getRawAsset, isSea } from "node:sea";

import { openPackedFiles, PACKED_FILES, type FindPackedFile } from "./packed-files.ts";

/**
 * The bytes of one packed file. In the executable this is a view of the mapped blob, not a copy:
 * never write to it.
 *
 * Errors: throws when no asset has this name; a wrong name is a defect of the program.
 */
export function readAsset(name: string): Uint8Array {
  if (!isSea()) return readFileSync(sourcePath(name));
  findPacked ??= openPackedFiles(getRawAsset(PACKED_FILES));
  const bytes = findPacked(name);
  if (bytes === undefined) throw new Error(`Cannot read asset "${name}": it is not packed`);
  return bytes;
}

let findPacked: FindPackedFile | undefined;

/** One packed file as UTF-8 text. */
export function readTextAsset(name: string): string {
  return new TextDecoder().decode(readAsset(name));
}

/** Whether this program runs as the packed executable, not from source. */
export function isPacked(): boolean {
  return isSea();
}

let sourceAssets: ReadonlyMap<string, string> | undefined;

function sourcePath(name: string): string {
  const root = dirname(dirname(import.meta.dirname));
  sourceAssets ??= readAssetTable(join(root, "sea-config.json"));
  const path = sourceAssets.get(name);
  if (path === undefined) throw new Error(`Cannot read asset "${name}": not in sea-config.json`);
  return join(root, path);
}

function readAssetTable(configPath: string): ReadonlyMap<string, string> {
  const config: unknown = JSON.parse(readFileSync(configPath, "utf8"));
  const table = new Map<string, string>();
  if (typeof config === "object" && config !== null && "assets" in config) {
    for (const [name, path] of Object.entries(config.assets ?? {})) {
      if (typeof path === "string") table.set(name, path);
    }
  }
  return table;
}
