/** One `.gitignore`. Source: gitignore(5). */

export type Verdict = "ignored" | "kept";

interface Rule {
  readonly pattern: RegExp;
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
      ({ pattern, isForDirectories }) => (isDirectory || !isForDirectories) && pattern.test(inner),
    );
    if (rule === undefined) return undefined;
    return rule.isNegated ? "kept" : "ignored";
  }
}

/** Longer patterns are no names, and could be made to take long. */
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
  try {
    const pattern = new RegExp(`^${isAnchored ? "" : "(?:.*/)?"}${translate(text)}$`, "u");
    return { pattern, isNegated, isForDirectories };
  } catch {
    return undefined;
  }
}

function translate(glob: string): string {
  let out = "";
  for (let index = 0; index < glob.length; index += 1) {
    const rest = glob.slice(index);
    const stars = /^\*+/u.exec(rest)?.[0];
    const set = /^\[(!|\^)?(\]?[^\]]*)\]/u.exec(rest);
    if (rest.startsWith("**/") && (index === 0 || glob[index - 1] === "/")) {
      out += "(?:.*/)?";
      index += 2;
    } else if (rest === "/**") {
      out += "/.*";
      index += 2;
    } else if (stars !== undefined) {
      out += "[^/]*";
      index += stars.length - 1;
    } else if (rest.startsWith("?")) {
      out += "[^/]";
    } else if (set !== null) {
      out += `[${set[1] === undefined ? "" : "^"}${(set[2] ?? "").replaceAll(/[\\\][&~|^]/gu, "\\$&")}]`;
      index += set[0].length - 1;
    } else if (rest.startsWith("\\") && rest.length > 1) {
      index += 1;
      out += escapeCharacter(glob[index] ?? "");
    } else {
      out += escapeCharacter(glob[index] ?? "");
    }
  }
  return out;
}

function escapeCharacter(character: string): string {
  return /[$()*+.?[\\\]^{|}/]/u.test(character) ? `\\${character}` : character;
}
