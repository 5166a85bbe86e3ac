/** Words → shell text that reads back as the same words. */

/** Only what no shell gives a meaning. Source of the set: `cmd` in parsed commands of 0.23.0. */
const needsNoQuotes = /^[A-Za-z0-9_@:+./\]-]+$/u;

export function joinWords(words: readonly string[]): string {
  return words.map(quoteWord).join(" ");
}

export function quoteWord(word: string): string {
  if (needsNoQuotes.test(word)) return word;
  if (!word.includes("'")) return `'${word}'`;
  if (!/["$`\\!]/u.test(word)) return `"${word}"`;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
