/** One `.gitignore`. Source: gitignore(5). */
import { globMatcher } from "./glob-pattern.ts";

export type Verdict = "ignored" | "kept";

interface Rule {
  readonly fits: (path: string) => boolean;
  readonly isNegated: boolean;
  readonly isForDirectories: boolean;
}

export class IgnoreRules {
  readonly #rules: readonly Rule[];
  readonly #prefix: string;
  readonly #above: string;

  /**
   * `directory` is where the file lies, relative to the root of all paths; "" is the root. A file
   * above the root has `rootBelow` too: where the root is, seen from it.
   */
  constructor(text: string, directory: string, rootBelow = "") {
    this.#prefix = directory === "" ? "" : `${directory}/`;
    this.#above = rootBelow === "" ? "" : `${rootBelow}/`;
    this.#rules = text.split(/\r?\n/u).flatMap((line) => parseRule(line) ?? []);
  }

  /** The last rule that fits decides; undefined: none does. */
  judge(path: string, isDirectory: boolean): Verdict | undefined {
    if (!path.startsWith(this.#prefix)) return undefined;
    const inner = `${this.#above}${path.slice(this.#prefix.length)}`;
    const rule = this.#rules.findLast(
      ({ fits, isForDirectories }) => (isDirectory || !isForDirectories) && fits(inner),
    );
    if (rule === undefined) return undefined;
    return rule.isNegated ? "kept" : "ignored";
  }
}

/** Longer patterns are no names. */
const MAX_PATTERN = 256;

function parseRule(line: string): Rule | undefined {
  let text = line.replace(/(?<!\\)\s+$/u, "");
  if (text === "" || text.startsWith("#") || text.length > MAX_PATTERN) return undefined;
  const isNegated = text.startsWith("!");
  if (isNegated) text = text.slice(1);
  const isForDirectories = text.endsWith("/");
  if (isForDirectories) text = text.slice(0, -1);
  const isAnchored = text.includes("/");
  if (text.startsWith("/")) text = text.slice(1);
  if (text === "") return undefined;
  const fits = globMatcher(text, isAnchored);
  return fits === undefined ? undefined : { fits, isNegated, isForDirectories };
}
