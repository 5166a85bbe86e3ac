/** Patterns of file names with wildcards, as in gitignore(5). A pattern cannot make a match take long. */

/** One character; or "*"; or "**" with the slash behind it, or none; or anything at all. */
type Part =
  | { readonly kind: "one"; readonly source: string }
  | { readonly kind: "star" | "directories" | "all" };

const SOURCES = { star: "[^/]*", directories: "(?:.*/)?", all: ".*" } as const;

/** A regular expression tries all ways to share a name among so many wildcards; more are too many. */
const MAX_WILDCARDS = 2;

/** Undefined: it is no pattern. Not anchored: it may begin in any directory. */
export function globMatcher(
  glob: string,
  isAnchored: boolean,
): ((path: string) => boolean) | undefined {
  const parts = partsOf(glob);
  const wildcards = parts.filter(({ kind }) => kind !== "one").length;
  try {
    if (wildcards > MAX_WILDCARDS) return stepwise(isAnchored ? parts : [ANYWHERE, ...parts]);
    const source = parts.map(sourceOf).join("");
    const pattern = new RegExp(`^${isAnchored ? "" : SOURCES.directories}${source}$`, "u");
    return (path) => pattern.test(path);
  } catch {
    return undefined;
  }
}

const ANYWHERE: Part = { kind: "directories" };

function sourceOf(part: Part): string {
  return part.kind === "one" ? part.source : SOURCES[part.kind];
}

function partsOf(glob: string): Part[] {
  const parts: Part[] = [];
  for (let index = 0; index < glob.length; index += 1) {
    const rest = glob.slice(index);
    const stars = /^\*+/u.exec(rest)?.[0];
    const set = /^\[(!|\^)?(\]?[^\]]*)\]/u.exec(rest);
    if (rest.startsWith("**/") && (index === 0 || glob[index - 1] === "/")) {
      parts.push({ kind: "directories" });
      index += 2;
    } else if (rest === "/**") {
      parts.push(character("/"), { kind: "all" });
      index += 2;
    } else if (stars !== undefined) {
      parts.push({ kind: "star" });
      index += stars.length - 1;
    } else if (rest.startsWith("?")) {
      parts.push({ kind: "one", source: "[^/]" });
    } else if (set !== null) {
      const not = set[1] === undefined ? "" : "^";
      const listed = (set[2] ?? "").replaceAll(/[\\\][&~|^]/gu, "\\$&");
      parts.push({ kind: "one", source: `[${not}${listed}]` });
      index += set[0].length - 1;
    } else {
      if (rest.startsWith("\\") && rest.length > 1) index += 1;
      const point = String.fromCodePoint(glob.codePointAt(index) ?? 0);
      parts.push(character(point));
      index += point.length - 1;
    }
  }
  return parts;
}

function character(text: string): Part {
  return { kind: "one", source: text.replaceAll(/[$()*+.?[\\\]^{|}/]/gu, "\\$&") };
}

interface Step {
  /** The state stays when this character comes. */
  readonly stays: (character: string) => boolean;
  /** The next state is reached when this character comes. */
  readonly goes: (character: string) => boolean;
  /** How many states further on one is without a character. */
  readonly skips: readonly number[];
}

const never = (): boolean => false;
const always = (): boolean => true;
const isSlash = (one: string): boolean => one === "/";
const isNoSlash = (one: string): boolean => one !== "/";

/** All ways at once, one character after the other. Errors: SyntaxError for a set that is none. */
function stepwise(parts: readonly Part[]): (path: string) => boolean {
  const steps = parts.flatMap(stepsOf);
  return (path) => {
    let states = reached(steps, [0]);
    for (const one of path) {
      const next: number[] = [];
      for (const state of states) {
        const step = steps[state];
        if (step?.stays(one) === true) next.push(state);
        if (step?.goes(one) === true) next.push(state + 1);
      }
      states = reached(steps, next);
      if (states.size === 0) return false;
    }
    return states.has(steps.length);
  };
}

function stepsOf(part: Part): readonly Step[] {
  switch (part.kind) {
    case "one": {
      const pattern = new RegExp(`^${part.source}$`, "u");
      return [{ stays: never, goes: (one) => pattern.test(one), skips: [] }];
    }
    case "star":
      return [{ stays: isNoSlash, goes: never, skips: [1] }];
    case "all":
      return [{ stays: always, goes: never, skips: [1] }];
    case "directories":
      return [
        { stays: never, goes: never, skips: [1, 2] },
        { stays: always, goes: isSlash, skips: [] },
      ];
  }
}

/** With the states that need no character. A set grows while it is gone through. */
function reached(steps: readonly Step[], from: readonly number[]): ReadonlySet<number> {
  const states = new Set(from);
  for (const state of states) {
    for (const skip of steps[state]?.skips ?? []) states.add(state + skip);
  }
  return states;
}
