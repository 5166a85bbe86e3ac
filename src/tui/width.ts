/**
 * How many columns text takes in a terminal. Graphemes are the unit: what a user sees as one
 * character is one, whatever it is made of.
 *
 * Terminals disagree about some emoji; rows therefore never reach the last column (see layout.ts).
 */

/**
 * Characters of one column that never join others: Latin, punctuation, arrows, frames, our marks.
 * A test holds them against the segmenter, whose data takes 30 ms to load: a start needs none of it.
 */
const SIMPLE =
  /^[\u0020-\u007e\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e\u2190-\u21ff\u2500-\u257f\u25b8\u2713\u2717]*$/u;
/** Marks above and below, and the vowels and ends of a Hangul block. Other marks (Mc) stand beside. */
const ZERO_WIDTH = /^[\u302e-\u302f\p{Mn}\p{Me}\p{Cf}\p{Cc}\p{Cs}\u115f-\u11ff]$/u;
const EMOJI_PRESENTATION = /^\p{Emoji_Presentation}/u;
/** More than one code point, shown as one picture. Source: Unicode Technical Standard 51. */
const EMOJI_SEQUENCE =
  /^(?:\p{Extended_Pictographic}(?:.*\ufe0f|\p{Emoji_Modifier})|[#*0-9]\ufe0f\u20e3)/su;

let loaded: Intl.Segmenter | undefined;

function segmentsOf(text: string): Intl.Segments {
  loaded ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return loaded.segment(text);
}

/** Every UTF-16 unit is one grapheme of one column. */
export function isSimple(text: string): boolean {
  return SIMPLE.test(text);
}

export function graphemes(text: string): readonly string[] {
  if (isSimple(text)) return text.split("");
  return Array.from(segmentsOf(text), ({ segment }) => segment);
}

/** Columns of one line. Control characters count nothing: sanitise first. */
export function textWidth(text: string): number {
  if (isSimple(text)) return text.length;
  let width = 0;
  for (const { segment } of segmentsOf(text)) width += graphemeWidth(segment);
  return width;
}

/**
 * 0, 1 or 2; more where several letters are one grapheme, as in Devanagari or Thai: terminals add up
 * what each takes. Source: wcwidth(3).
 */
export function graphemeWidth(grapheme: string): number {
  const first = grapheme.codePointAt(0) ?? 0;
  if (first >= 0x20 && first < 0x7f && grapheme.length === 1) return 1;
  if (isEmoji(grapheme)) return 2;
  let width = 0;
  for (const character of grapheme) {
    if (!ZERO_WIDTH.test(character)) width += isWide(character.codePointAt(0) ?? 0) ? 2 : 1;
  }
  return width;
}

function isEmoji(grapheme: string): boolean {
  return EMOJI_PRESENTATION.test(grapheme) || EMOJI_SEQUENCE.test(grapheme);
}

/** Whether a line may be broken on both sides of it, as in Chinese. */
export function isWideGrapheme(grapheme: string): boolean {
  return isWide(grapheme.codePointAt(0) ?? 0) || isEmoji(grapheme);
}

/**
 * The first character of `text`, with as much of its grapheme as takes at most `columns`: one that
 * is made of many letters may be wider than any row.
 */
export function firstThatFits(text: string, columns: number): string {
  const [first = ""] = graphemes(text);
  let part = "";
  for (const character of first) {
    if (part !== "" && graphemeWidth(part + character) > columns) break;
    part += character;
  }
  return part;
}

/** The longest beginning of `text` that takes at most `columns`. */
export function cutToWidth(text: string, columns: number): string {
  if (isSimple(text)) return text.slice(0, Math.max(0, columns));
  let width = 0;
  let end = 0;
  for (const { segment, index } of segmentsOf(text)) {
    width += graphemeWidth(segment);
    if (width > columns) return text.slice(0, end);
    end = index + segment.length;
  }
  return text;
}

/** Like cutToWidth, with an ellipsis in the last columns when something is missing. */
export function shorten(text: string, columns: number, ellipsis = "…"): string {
  if (textWidth(text) <= columns) return text;
  return `${cutToWidth(text, columns - textWidth(ellipsis))}${ellipsis}`;
}

/** East Asian Wide and Fullwidth, by block. Source: Unicode Standard Annex 11. */
const WIDE_RANGES: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1aff0, 0x1b2ff],
  [0x1f200, 0x1f2ff],
  [0x20000, 0x3fffd],
];

function isWide(codePoint: number): boolean {
  if (codePoint < 0x1100) return false;
  return WIDE_RANGES.some(([first, last]) => codePoint >= first && codePoint <= last);
}
