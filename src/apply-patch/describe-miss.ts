/** Words about lines that are not where a patch looks for them. */

export interface WantedLine {
  readonly text: string;
  readonly patchLine: number;
}

/** The place of the file that has most of the wanted lines. File lines count from 1. */
export interface NearestPlace {
  readonly fileLine: number;
  readonly equalLines: number;
  /** Absent when every line is equal, and the place is only out of reach. */
  readonly difference?: {
    readonly fileLine: number;
    /** undefined: the file ends before. */
    readonly found: string | undefined;
    readonly wanted: WantedLine;
  };
}

export interface SearchMiss {
  /** As the patch spells it. */
  readonly path: string;
  readonly wanted: readonly WantedLine[];
  /** The first file line that could match, from 1. */
  readonly searchedFrom: number;
  readonly onlyAtEndOfFile: boolean;
  readonly fileLineCount: number;
  readonly nearest: NearestPlace | undefined;
}

const MAX_QUOTED_LINES = 100;
const MAX_QUOTED_CHARACTERS = 200;

/** Two indented lines: what was looked for and where, then the nearest place. */
export function describePlace(miss: SearchMiss): string {
  const first = miss.wanted[0];
  const asked =
    first === undefined ? "" : `Patch line ${first.patchLine} asks for ${short(first.text)}, `;
  return `  ${asked}searched ${describeRange(miss)}\n  ${describeNearest(miss)}`;
}

function describeRange(miss: SearchMiss): string {
  const { fileLineCount, onlyAtEndOfFile, searchedFrom } = miss;
  if (onlyAtEndOfFile) {
    return `only at line ${fileLineCount}, the end of the file, as "*** End of File" says`;
  }
  if (searchedFrom > fileLineCount)
    return `behind the last line, ${fileLineCount}: nothing is left`;
  return `from line ${searchedFrom} to the last line, ${fileLineCount}`;
}

function describeNearest(miss: SearchMiss): string {
  const { nearest, wanted } = miss;
  if (nearest === undefined) return "No place in the file resembles it";
  const place = `Nearest place: line ${nearest.fileLine}, ${equalLines(nearest, wanted.length)}`;
  const { difference } = nearest;
  if (difference === undefined) return `${place}, ${whyOutOfReach(miss, nearest)}`;
  const has =
    difference.found === undefined ? "the file ends" : `the file has ${short(difference.found)}`;
  return `${place}; at line ${difference.fileLine} ${has} where patch line ${difference.wanted.patchLine} has ${short(difference.wanted.text)}`;
}

function equalLines({ equalLines: equal }: NearestPlace, count: number): string {
  if (count === 1) return equal === 1 ? "equal" : "similar";
  return `${equal} of ${count} lines equal`;
}

function whyOutOfReach(miss: SearchMiss, nearest: NearestPlace): string {
  if (nearest.fileLine < miss.searchedFrom) {
    return "which lies before the place reached already; the parts of an update follow the order of the file";
  }
  return "which is not the end of the file";
}

function short(text: string): string {
  const cut = text.length > MAX_QUOTED_CHARACTERS;
  return quoteLine(cut ? `${text.slice(0, MAX_QUOTED_CHARACTERS)}…` : text);
}

/** `["a", "b"]`; a very long list is cut after 100 lines. */
export function quoteLines(lines: readonly string[]): string {
  const shown = lines.slice(0, MAX_QUOTED_LINES).map(quoteLine);
  const rest = lines.length - shown.length;
  return `[${[...shown, ...(rest > 0 ? [`… ${rest} more`] : [])].join(", ")}]`;
}

// Controls, format characters and every blank but the plain one, so that they can be told apart.
const UNREADABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}|["\\]/gu;
const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\0", "\\0"],
  ['"', '\\"'],
  ["\\", "\\\\"],
]);

/** In double quotes, with escapes for what cannot be seen: `"a\u{a0}b"`. */
export function quoteLine(text: string): string {
  const escaped = text.replace(
    UNREADABLE,
    (found) => SHORT_ESCAPES.get(found) ?? `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return `"${escaped}"`;
}
