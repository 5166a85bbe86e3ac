/** For error messages only: the place of a file that comes nearest to what a patch expected. */
import type { NearestPlace, WantedLine } from "./describe-miss.ts";
import { plainPunctuation } from "./find-context.ts";

// Bounds on work, so that a hostile file or patch cannot make an error expensive.
const MAX_VOTES = 1_000_000;
const MAX_OCCURRENCES_PER_LINE = 1_000;
const MAX_COMPARED_CHARACTERS = 4_000_000;
const MIN_SIMILARITY = 0.5;

/** `from`: index of the first line that was searched; of equally good places the nearest to it wins. */
export function nearestPlace(
  fileLines: readonly string[],
  wanted: readonly WantedLine[],
  from: number,
): NearestPlace | undefined {
  const file = fileLines.map(plainPunctuation);
  const target = wanted.map((line) => plainPunctuation(line.text));
  const start = startWithMostEqualLines(file, target, from) ?? mostSimilarStart(file, target);
  if (start === undefined) return undefined;
  const equalLines = target.filter((line, offset) => line === file[start + offset]).length;
  const offset = target.findIndex((line, index) => line !== file[start + index]);
  const line = wanted[offset];
  if (line === undefined) return { fileLine: start + 1, equalLines };
  const found = fileLines[start + offset];
  return {
    fileLine: start + 1,
    equalLines,
    difference: { fileLine: start + offset + 1, found, wanted: line },
  };
}

/** Every equal line votes for the start it would mean. */
function startWithMostEqualLines(
  file: readonly string[],
  target: readonly string[],
  from: number,
): number | undefined {
  const offsets = positionsOf(target);
  const occurrences = positionsOf(file, new Set(offsets.keys()));
  const votes = new Map<number, number>();
  let left = MAX_VOTES;
  for (const [line, wantedAt] of offsets) {
    const foundAt = occurrences.get(line) ?? [];
    left -= foundAt.length * wantedAt.length;
    if (line === "" || foundAt.length > MAX_OCCURRENCES_PER_LINE || left < 0) continue;
    for (const index of foundAt) {
      for (const offset of wantedAt) {
        if (index >= offset) votes.set(index - offset, (votes.get(index - offset) ?? 0) + 1);
      }
    }
  }
  return winner(votes, from);
}

function winner(votes: ReadonlyMap<number, number>, from: number): number | undefined {
  let best: { readonly start: number; readonly votes: number } | undefined;
  for (const [start, count] of votes) {
    const nearer = best?.votes === count && Math.abs(start - from) < Math.abs(best.start - from);
    if (best === undefined || count > best.votes || nearer) best = { start, votes: count };
  }
  return best?.start;
}

function positionsOf(
  lines: readonly string[],
  only?: ReadonlySet<string>,
): ReadonlyMap<string, readonly number[]> {
  const positions = new Map<string, number[]>();
  for (const [index, line] of lines.entries()) {
    if (only?.has(line) === false) continue;
    const known = positions.get(line);
    if (known === undefined) positions.set(line, [index]);
    else known.push(index);
  }
  return positions;
}

/** No line is equal: the file line that shares most letter pairs with the longest wanted line. */
function mostSimilarStart(file: readonly string[], target: readonly string[]): number | undefined {
  const offset = target.reduce(
    (best, line, index) => (line.length > (target[best] ?? "").length ? index : best),
    0,
  );
  const wanted = letterPairs((target[offset] ?? "").slice(0, 500));
  if (wanted.size === 0) return undefined;
  let best: number | undefined;
  let bestScore = MIN_SIMILARITY;
  let left = MAX_COMPARED_CHARACTERS;
  for (const [index, line] of file.entries()) {
    left -= line.length;
    if (left < 0) break;
    const score = similarity(wanted, letterPairs(line.slice(0, 500)));
    if (score <= bestScore || index < offset) continue;
    best = index - offset;
    bestScore = score;
  }
  return best;
}

/** Dice's coefficient, 0 to 1. */
function similarity(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  let shared = 0;
  for (const pair of one) if (other.has(pair)) shared += 1;
  return (2 * shared) / (one.size + other.size);
}

function letterPairs(line: string): ReadonlySet<string> {
  const pairs = new Set<string>();
  for (let index = 0; index + 1 < line.length; index += 1) pairs.add(line.slice(index, index + 2));
  return pairs;
}
