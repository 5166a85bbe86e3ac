/**
 * Where an item of a list begins: what one line tells, by the rules of the parser that draws it.
 * A list can then be read line by line, and is what the parser makes of all of it.
 */

export interface ListItem {
  /** The bullet, or what stands behind the number: items of one list have the same. */
  readonly marker: string;
  /** What is written; 1 for bullets. */
  readonly number: number;
  /** Columns before the marker. */
  readonly margin: number;
  /** The column of its text: what is indented so far belongs to it. */
  readonly indent: number;
  /** Nothing stands behind the marker. */
  readonly isEmpty: boolean;
}

const ITEM = /^( {0,3})([*+-]|(\d{1,9})[.)])(?:( +)(.*))?$/u;
const RULE = /^ {0,3}(?:(?:- *){3,}|(?:\* *){3,})$/u;

/** `line` without tabulators. */
export function parseItem(line: string): ListItem | undefined {
  const match = ITEM.exec(line);
  if (match === null || RULE.test(line)) return undefined;
  const [, before = "", mark = "", digits, blanks = "", text = ""] = match;
  const isEmpty = text === "";
  // More than four blanks: code, which begins behind the first of them.
  const gap = isEmpty || blanks.length > 4 ? 1 : blanks.length;
  return {
    marker: mark.slice(-1),
    number: digits === undefined ? 1 : Number(digits),
    margin: before.length,
    indent: before.length + mark.length + gap,
    isEmpty,
  };
}

/** Whether an item on one of the next lines stands beside `open`, and not inside of it. */
export function isItemOf(next: ListItem, open: ListItem): boolean {
  return next.margin < open.indent;
}
