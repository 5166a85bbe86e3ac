/** Characters that can make a command look like another one, made visible. */

/** Directional controls, characters without width, tags, and unpaired surrogates' replacement. */
export const INVISIBLE = new RegExp(
  [
    String.raw`[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]`,
    // Those that combine with what is before them.
    String.raw`[\u034f\u180b-\u180e\ufe00-\ufe0f\u{e0000}-\u{e0fff}]`,
  ].join("|"),
  "gu",
);
export function codePointName(character: string): string {
  const number = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `<U+${number}>`;
}

/** Blanks that are none of the keyboard's, and fillers that look like nothing. */
const LOOK_ALIKE_BLANKS =
  /[\u00a0\u115f\u1160\u1680\u2000-\u200a\u202f\u205f\u2800\u3000\u3164\uffa0]/gu;
const COMMAND_CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/gu;

/** Nothing is dropped: control characters, invisible ones and look-alike blanks become escapes. */
export function revealHidden(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(COMMAND_CONTROLS, codePointName)
    .replaceAll(INVISIBLE, codePointName)
    .replaceAll(LOOK_ALIKE_BLANKS, codePointName);
}
