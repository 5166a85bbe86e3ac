/** The files of the workspace, to be named with `@`. Read piece by piece, once, when first needed. */
// Not from "node:fs/promises", which a start would have to load.
import { promises } from "node:fs";
import { join } from "node:path";
import { IgnoreRules } from "./ignore-rules.ts";

const MAX_FILES = 200_000;
const MAX_RESULTS = 50;
/** Ignore files are lists of names; what is larger is something else. */
const MAX_IGNORE_BYTES = 1024 * 1024;

export class FileIndex {
  readonly #root: string;
  readonly #onGrown: () => void;
  #paths: string[] = [];
  #startedAt = 0;
  #isReading = false;

  /** `onGrown` is told now and then that there are more files. */
  constructor(root: string, onGrown: () => void) {
    this.#root = root;
    this.#onGrown = onGrown;
  }

  /** Paths relative to the root, best first. */
  find(query: string): readonly string[] {
    this.#refresh();
    const wanted = query.toLowerCase();
    const ranked: (readonly [number, string])[] = [];
    for (const path of this.#paths) {
      const rank = rankOf(path.toLowerCase(), wanted);
      if (rank !== undefined) ranked.push([rank, path]);
    }
    return ranked
      .toSorted(
        ([rank, path], [otherRank, other]) => rank - otherRank || path.length - other.length,
      )
      .slice(0, MAX_RESULTS)
      .map(([, path]) => path);
  }

  /** Files come and go: an index that is older than this is made anew. */
  #refresh(): void {
    const now = performance.now();
    if (this.#isReading || (this.#startedAt > 0 && now - this.#startedAt < MAX_AGE_MS)) return;
    this.#isReading = true;
    this.#startedAt = now;
    void this.#read().finally(() => {
      this.#isReading = false;
      this.#onGrown();
    });
  }

  async #read(): Promise<void> {
    const isFirst = this.#paths.length === 0;
    const found: string[] = [];
    // The first time, results are there as they are found.
    if (isFirst) this.#paths = found;
    const waiting: Directory[] = [{ path: "", rules: [] }];
    let lastTold = performance.now();
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (found.length >= MAX_FILES) break;
      waiting.push(...(await this.#readDirectory(next, found)));
      if (performance.now() - lastTold < TELL_EVERY_MS) continue;
      lastTold = performance.now();
      this.#onGrown();
    }
    this.#paths = found;
  }

  /** Its files are added to `found`; answers with the directories in it. */
  async #readDirectory({ path, rules }: Directory, found: string[]): Promise<readonly Directory[]> {
    const full = join(this.#root, path);
    let entries;
    try {
      entries = await promises.readdir(full, { withFileTypes: true });
    } catch {
      return [];
    }
    const own = entries.some((entry) => entry.name === ".gitignore" && entry.isFile())
      ? await readRules(join(full, ".gitignore"), path)
      : undefined;
    const inForce = own === undefined ? rules : [...rules, own];
    const directories: Directory[] = [];
    for (const entry of entries) {
      const name = path === "" ? entry.name : `${path}/${entry.name}`;
      const isDirectory = entry.isDirectory();
      if (entry.name === ".git" || isIgnored(name, isDirectory, inForce)) continue;
      if (isDirectory) directories.push({ path: name, rules: inForce });
      else if (entry.isFile() || entry.isSymbolicLink()) found.push(name);
    }
    return directories;
  }
}

const MAX_AGE_MS = 10_000;
const TELL_EVERY_MS = 100;

interface Directory {
  readonly path: string;
  /** Of this directory's parents, outermost first. */
  readonly rules: readonly IgnoreRules[];
}

async function readRules(file: string, directory: string): Promise<IgnoreRules | undefined> {
  try {
    const text = await promises.readFile(file, "utf8");
    return text.length > MAX_IGNORE_BYTES ? undefined : new IgnoreRules(text, directory);
  } catch {
    return undefined;
  }
}

/** The innermost rule that speaks of it decides. */
function isIgnored(path: string, isDirectory: boolean, rules: readonly IgnoreRules[]): boolean {
  for (const one of rules.toReversed()) {
    const verdict = one.judge(path, isDirectory);
    if (verdict !== undefined) return verdict === "ignored";
  }
  return false;
}

/** Lower is better; undefined: it does not fit. Both in lower case. */
function rankOf(path: string, query: string): number | undefined {
  if (query === "") return path.includes("/") ? 1 : 0;
  if (path.startsWith(query)) return 0;
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name.startsWith(query)) return 1;
  if (name.includes(query)) return 2;
  if (path.includes(query)) return 3;
  return isSubsequence(query, path) ? 4 : undefined;
}

function isSubsequence(query: string, path: string): boolean {
  let at = 0;
  for (const character of query) {
    at = path.indexOf(character, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
