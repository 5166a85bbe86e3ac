/** Where a run of lines stands in a file: exactly, else with ever more tolerance. */

/** Each level is tried over the whole range before the next. Source: spec agent.md 6.3. */
const LEVELS: readonly ((line: string) => string)[] = [
  (line) => line,
  (line) => line.trimEnd(),
  (line) => line.trim(),
  plainPunctuation,
];

const NEAR_LINES = 256;

const DASHES = /[\u2010-\u2015\u2212]/gu;
const SINGLE_QUOTES = /[\u2018-\u201B]/gu;
const DOUBLE_QUOTES = /[\u201C-\u201F]/gu;
const BLANKS = /[\u00A0\u2002-\u200A\u202F\u205F\u3000]/gu;
// One look decides for almost every line that there is nothing to replace.
const ANY_SPECIAL = /[\u00A0\u2002-\u200A\u2010-\u2015\u2018-\u201F\u202F\u205F\u2212\u3000]/u;

/** The most tolerant form of a line: trimmed, typographic punctuation as ASCII. */
export function plainPunctuation(line: string): string {
  const trimmed = line.trim();
  if (!ANY_SPECIAL.test(trimmed)) return trimmed;
  return trimmed
    .replace(DASHES, "-")
    .replace(SINGLE_QUOTES, "'")
    .replace(DOUBLE_QUOTES, '"')
    .replace(BLANKS, " ");
}

/**
 * Finds runs of lines in one file, many times.
 *
 * Linear over a whole patch: a search that succeeds costs the lines it passes, which the next one
 * skips; one that fails is mostly decided by a line that does not occur any more.
 */
export class LineFinder {
  readonly #lines: readonly string[];
  readonly #levels: (LineNumbering | undefined)[] = [];

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  /** First index not below `from` where `wanted` stands; an empty `wanted` stands at `from`. */
  find(wanted: readonly string[], from: number): number | undefined {
    if (wanted.length === 0) return from;
    if (wanted.length > this.#lines.length - from) return undefined;
    const near = this.#findExactlyNear(wanted, from);
    if (near !== undefined) return near;
    for (const level of LEVELS.keys()) {
      const found = this.#numbering(level).find(wanted, from);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** As `find`, but only where the last wanted line is the last line of the file. */
  findAtEnd(wanted: readonly string[], from: number): number | undefined {
    const start = this.#lines.length - wanted.length;
    if (start < from) return undefined;
    const tail = this.#lines.slice(start);
    const matches = LEVELS.some((simplify) =>
      wanted.every((line, index) => simplify(line) === simplify(tail[index] ?? "")),
    );
    return matches ? start : undefined;
  }

  /** Most chunks stand exactly and soon behind the one before: found without numbering all lines. */
  #findExactlyNear(wanted: readonly string[], from: number): number | undefined {
    if (wanted.length > NEAR_LINES) return undefined;
    const end = Math.min(from + NEAR_LINES, this.#lines.length - wanted.length + 1);
    for (let start = from; start < end; start += 1) {
      if (this.#standsAt(wanted, start)) return start;
    }
    return undefined;
  }

  #standsAt(wanted: readonly string[], start: number): boolean {
    for (let offset = 0; offset < wanted.length; offset += 1) {
      if (this.#lines[start + offset] !== wanted[offset]) return false;
    }
    return true;
  }

  #numbering(level: number): LineNumbering {
    const known = this.#levels[level];
    if (known !== undefined) return known;
    const made = new LineNumbering(this.#lines, LEVELS[level] ?? plainPunctuation);
    this.#levels[level] = made;
    return made;
  }
}

/** Equal lines have equal numbers, so that comparing lines is comparing integers. */
class LineNumbering {
  readonly #simplify: (line: string) => string;
  readonly #numberOf = new Map<string, number>();
  readonly #numbers: Int32Array;
  /** By number: the last index with that line. */
  readonly #last: number[] = [];

  constructor(lines: readonly string[], simplify: (line: string) => string) {
    this.#simplify = simplify;
    this.#numbers = new Int32Array(lines.length);
    for (let index = 0; index < lines.length; index += 1) {
      const text = simplify(lines[index] ?? "");
      const number = this.#numberOf.get(text) ?? this.#numberOf.size;
      this.#numberOf.set(text, number);
      this.#numbers[index] = number;
      this.#last[number] = index;
    }
  }

  find(wanted: readonly string[], from: number): number | undefined {
    const numbers: number[] = [];
    let lastStart = this.#numbers.length - wanted.length;
    for (const [offset, line] of wanted.entries()) {
      const number = this.#numberOf.get(this.#simplify(line));
      if (number === undefined) return undefined;
      lastStart = Math.min(lastStart, (this.#last[number] ?? -1) - offset);
      if (lastStart < from) return undefined;
      numbers.push(number);
    }
    return firstOccurrence(this.#numbers, numbers, from, lastStart + numbers.length);
  }
}

/** Knuth, Morris, Pratt: no file, however repetitive, makes it slower than linear. */
function firstOccurrence(
  text: Int32Array,
  wanted: readonly number[],
  from: number,
  end: number,
): number | undefined {
  const fallbacks = prefixFallbacks(wanted);
  let matched = 0;
  for (let index = from; index < end; index += 1) {
    while (matched > 0 && text[index] !== wanted[matched]) matched = fallbacks[matched - 1] ?? 0;
    if (text[index] === wanted[matched]) matched += 1;
    if (matched === wanted.length) return index + 1 - matched;
  }
  return undefined;
}

/** For each prefix of `wanted`: the length of its longest proper border. */
function prefixFallbacks(wanted: readonly number[]): Int32Array {
  const fallbacks = new Int32Array(wanted.length);
  let border = 0;
  for (let index = 1; index < wanted.length; index += 1) {
    while (border > 0 && wanted[index] !== wanted[border]) border = fallbacks[border - 1] ?? 0;
    if (wanted[index] === wanted[border]) border += 1;
    fallbacks[index] = border;
  }
  return fallbacks;
}
