/** A text file as lines that remember how each one ended and where it came from. */

/** Three arrays of one length. */
export interface FileLines {
  readonly texts: readonly string[];
  /** "\n" or "\r\n"; "" only for a last line without an end. */
  readonly endings: readonly string[];
  /** Index of the same line in the file as read, -1 for a line the patch wrote; ascending. */
  readonly origins: readonly number[];
}

/** Splits after every line feed; an empty text has no lines. */
export function splitLines(content: string): FileLines {
  const texts: string[] = [];
  const endings: string[] = [];
  let start = 0;
  while (start < content.length) {
    const feed = content.indexOf("\n", start);
    const end = feed === -1 ? content.length : feed;
    const hasReturn = feed > start && content[feed - 1] === "\r";
    texts.push(content.slice(start, hasReturn ? end - 1 : end));
    endings.push(feed === -1 ? "" : hasReturn ? "\r\n" : "\n");
    start = end + 1;
  }
  return { texts, endings, origins: texts.map((_, index) => index) };
}

/** The exact opposite of `splitLines`. */
export function joinLines(lines: FileLines): string {
  const parts: string[] = [];
  for (const [index, text] of lines.texts.entries()) parts.push(text, lines.endings[index] ?? "");
  return parts.join("");
}

/** The same lines as if they had just been read. */
export function asRead(lines: FileLines): FileLines {
  return { ...lines, origins: lines.texts.map((_, index) => index) };
}
