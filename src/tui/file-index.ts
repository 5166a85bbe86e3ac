/** The files of the workspace, to be named with `@`. Read piece by piece, once, when first needed. */
// Not from "node:fs/promises", which a start would have to load.
import { promises } from "node:fs";
import { join, relative } from "node:path";
import { findRepositoryRoot } from "../config/trust.ts";
import { FileSearch } from "./file-search.ts";
import { IgnoreRules } from "./ignore-rules.ts";

const MAX_FILES = 200_000;
/** Ignore files are lists of names; what is larger is something else. */
const MAX_IGNORE_BYTES = 1024 * 1024;

export class FileIndex {
  readonly #root: string;
  readonly #onGrown: () => void;
  #search: FileSearch;
  #isRead = false;
  #startedAt = 0;
  #isReading = false;

  /** `onGrown` is told now and then that there are more files. */
  constructor(root: string, onGrown: () => void) {
    this.#root = root;
    this.#onGrown = onGrown;
    this.#search = new FileSearch([], onGrown);
  }

  /** Paths relative to the root, best first; better ones may follow, which `onGrown` then tells. */
  find(query: string): readonly string[] {
    this.#refresh();
    return this.#search.find(query);
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
    const found: string[] = [];
    const search = new FileSearch(found, this.#onGrown);
    // The first time, results are there as they are found.
    if (!this.#isRead) this.#search = search;
    const waiting: Directory[] = [{ path: "", rules: await rulesAround(this.#root) }];
    let lastTold = performance.now();
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (found.length >= MAX_FILES) break;
      waiting.push(...(await this.#readDirectory(next, found)));
      if (performance.now() - lastTold < TELL_EVERY_MS) continue;
      lastTold = performance.now();
      this.#onGrown();
    }
    this.#search = search;
    this.#isRead = true;
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
    for (const [index, entry] of entries.entries()) {
      // A directory may hold very many: keys come first.
      if (index % ENTRIES_PER_SLICE === ENTRIES_PER_SLICE - 1) await nextTurn();
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
const ENTRIES_PER_SLICE = 2000;

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

interface Directory {
  readonly path: string;
  /** Of this directory's parents, also those above the root, outermost first. */
  readonly rules: readonly IgnoreRules[];
}

/** Of the repository that `root` lies in: its own excludes, and the ignore files above `root`. */
async function rulesAround(root: string): Promise<readonly IgnoreRules[]> {
  const repository = findRepositoryRoot(root);
  if (repository === undefined) return [];
  const names = relative(repository, root)
    .split("/")
    .filter((name) => name !== "");
  const files = [
    { file: join(repository, ".git", "info", "exclude"), rootBelow: names },
    ...names.map((_, index) => ({
      file: join(repository, ...names.slice(0, index), ".gitignore"),
      rootBelow: names.slice(index),
    })),
  ];
  const rules = files.map(({ file, rootBelow }) => readRules(file, "", rootBelow.join("/")));
  return (await Promise.all(rules)).filter((one) => one !== undefined);
}

async function readRules(
  file: string,
  directory: string,
  rootBelow = "",
): Promise<IgnoreRules | undefined> {
  try {
    if ((await promises.stat(file)).size > MAX_IGNORE_BYTES) return undefined;
    return new IgnoreRules(await promises.readFile(file, "utf8"), directory, rootBelow);
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
