/** Name patterns of the environment policy: only `*` and `?` are special. */
import picomatch from "picomatch";

/** Matches a whole name in any letter case. `[`, `{`, `!` and other glob signs are literal. */
export function globMatcher(pattern: string): (name: string) => boolean {
  const expression = picomatch.makeRe(plain(pattern.replaceAll(/\*+/g, "*"), /[^\p{L}\p{N}_*?]/u), {
    flags: "isu",
    dot: true,
    bash: true,
    nonegate: true,
    fastpaths: false,
  });
  return (name) => expression.test(plain(name, /[^\p{L}\p{N}_]/u));
}

/**
 * Names are no paths, and picomatch has a meaning for most signs (`/`, a leading dot, brackets). So
 * it never sees one: each is replaced by a character of its own from a private plane of Unicode.
 */
function plain(text: string, sign: RegExp): string {
  return Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const isReplaced = code <= 0xffff && sign.test(character);
    return isReplaced ? String.fromCodePoint(PRIVATE_PLANE + code) : character;
  }).join("");
}

const PRIVATE_PLANE = 0xf0000;
