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
  const texts = content.split("\n");
  const endings = texts.map(() => "\n");
  if (texts.at(-1) === "") {
    texts.pop();
    endings.pop();
  } else endings[endings.length - 1] = "";
  if (content.includes("\r\n")) separateReturns(texts, endings);
  return { texts, endings, origins: counting(texts.length) };
}

/** A return without a line feed behind it is part of the text. */
function separateReturns(texts: string[], endings: string[]): void {
  for (const [index, text] of texts.entries()) {
    if (endings[index] !== "\n" || !text.endsWith("\r")) continue;
    texts[index] = text.slice(0, -1);
    endings[index] = "\r\n";
  }
}

function counting(length: number): readonly number[] {
  const numbers: number[] = [];
  for (let number = 0; number < length; number += 1) numbers.push(number);
  return numbers;
}

/** The exact opposite of `splitLines`. Concatenation, because joining 200,000 parts takes longer. */
export function joinLines(lines: FileLines): string {
  let content = "";
  for (let index = 0; index < lines.texts.length; index += 1) {
    content += `${lines.texts[index] ?? ""}${lines.endings[index] ?? ""}`;
  }
  return content;
}

/** The same lines as if they had just been read. */
export function asRead(lines: FileLines): FileLines {
  return { ...lines, origins: counting(lines.texts.length) };
}
