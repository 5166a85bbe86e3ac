/** The best of many paths for some words, looked for in slices, so that a key never waits for it. */

const MAX_RESULTS = 50;
const SLICE_MS = 5;
/** Between two looks at the clock. */
const PATHS_PER_LOOK = 512;

interface Found {
  readonly rank: number;
  readonly path: string;
}

export class FileSearch {
  /** Grows at its end. */
  readonly #paths: readonly string[];
  readonly #onFinished: () => void;
  #query: string | undefined;
  #best: Found[] = [];
  /** Where the next slice begins. */
  #next = 0;
  #isScheduled = false;

  /** `onFinished` is told when there may be better ones than those that `find` has answered with. */
  constructor(paths: readonly string[], onFinished: () => void) {
    this.#paths = paths;
    this.#onFinished = onFinished;
  }

  /** Best first: of all paths, or of those that were looked at so far. */
  find(words: string): readonly string[] {
    const query = words.toLowerCase();
    if (query !== this.#query) {
      this.#query = query;
      this.#best = [];
      this.#next = 0;
    }
    if (!this.#isScheduled) {
      this.#look(query);
      this.#goOn();
    }
    return this.#best.map(({ path }) => path);
  }

  #goOn(): void {
    if (this.#next >= this.#paths.length) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#look(this.#query ?? "");
      if (this.#next < this.#paths.length) this.#goOn();
      else this.#onFinished();
    });
  }

  #look(query: string): void {
    const end = performance.now() + SLICE_MS;
    while (this.#next < this.#paths.length && performance.now() < end) {
      const last = Math.min(this.#next + PATHS_PER_LOOK, this.#paths.length);
      for (; this.#next < last; this.#next += 1) this.#judge(this.#paths[this.#next] ?? "", query);
    }
  }

  #judge(path: string, query: string): void {
    const rank = rankOf(path.toLowerCase(), query);
    if (rank === undefined) return;
    const found = { rank, path };
    const worst = this.#best.at(-1);
    if (this.#best.length === MAX_RESULTS && worst !== undefined && !isBetter(found, worst)) return;
    const index = this.#best.findIndex((other) => isBetter(found, other));
    this.#best.splice(index === -1 ? this.#best.length : index, 0, found);
    if (this.#best.length > MAX_RESULTS) this.#best.pop();
  }
}

function isBetter(one: Found, other: Found): boolean {
  return one.rank < other.rank || (one.rank === other.rank && one.path.length < other.path.length);
}

/** Lower is better; undefined: it does not fit. Both in lower case. */
function rankOf(path: string, query: string): number | undefined {
  if (query === "") return path.includes("/") ? 1 : 0;
  const at = path.indexOf(query);
  if (at === -1) return isSubsequence(query, path) ? 4 : undefined;
  if (at === 0) return 0;
  const nameAt = path.lastIndexOf("/") + 1;
  if (path.startsWith(query, nameAt)) return 1;
  return path.includes(query, nameAt) ? 2 : 3;
}

function isSubsequence(query: string, path: string): boolean {
  let at = 0;
  for (const character of query) {
    at = path.indexOf(character, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
