/** Name patterns of the environment policy: only `*` and `?` are special. */
import picomatch from "picomatch";

/** Matches a whole name in any letter case. `[`, `{`, `!` and other glob signs are literal. */
export function globMatcher(pattern: string): (name: string) => boolean {
  // picomatch escapes with a backslash; everything that is not a letter, digit, * or ? is made
  // literal that way, so that its own pattern language stays out.
  const literal = pattern.replace(/[^\p{L}\p{N}_*?]/gu, "\\$&");
  const match = picomatch(literal, { nocase: true, dot: true, bash: true, nonegate: true });
  return (name) => match(name);
}
