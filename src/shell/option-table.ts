/**
 * Option words that are known to be harmless, per program.
 *
 * Tables of what is allowed, not of what is forbidden: an abbreviation, a spelling of another
 * version or a new option is simply not in the table. Every word that looks like an option must be
 * listed, even where it is the value of the option before it, so no wrong guess about which
 * option takes a value can hide one.
 */
import type { PlainWord } from "./plain-words.ts";

export interface OptionTable {
  /** Letters of options without a value; they may be combined, as in `-la`. */
  readonly flags: string;
  /** Letters of options with a value, in the same word or the next. */
  readonly valued: string;
  /** Letters whose value, if any, is the rest of the same word, as in `-M90%`. */
  readonly attached: string;
  /** Long names with their dashes; a value may follow after "=". */
  readonly long: ReadonlySet<string>;
  /** Those of them whose value may also be the next word. */
  readonly longValued: ReadonlySet<string>;
  /** Whether `-20` is a count. */
  readonly counts: boolean;
}

/** Names without dashes, separated by blanks. */
export interface OptionNames {
  readonly flags?: string;
  readonly valued?: string;
  readonly attached?: string;
  readonly long?: string;
  readonly longValued?: string;
  readonly counts?: boolean;
}

export function optionTable(names: OptionNames): OptionTable {
  const longValued = toLongNames(names.longValued ?? "");
  return {
    flags: names.flags ?? "",
    valued: names.valued ?? "",
    attached: names.attached ?? "",
    long: new Set([...toLongNames(names.long ?? ""), ...longValued]),
    longValued,
    counts: names.counts ?? false,
  };
}

export interface SortedWords {
  /** Option words, as written. */
  readonly options: readonly string[];
  /** Everything else, values of options in words of their own included. */
  readonly operands: readonly PlainWord[];
}

/** Sorts `args` (without the program); undefined when one of them is or may become an unlisted option. */
export function sortWords(args: readonly PlainWord[], table: OptionTable): SortedWords | undefined {
  const options: string[] = [];
  const operands: PlainWord[] = [];
  let optionsEnded = false;
  let valueMayFollow = false;
  for (const word of args) {
    if (optionsEnded) {
      operands.push(word);
    } else if (mayBecomeOption(word)) {
      return undefined;
    } else if (word.text === "--") {
      // Directly after an option with a value, "--" is that value and ends nothing.
      optionsEnded = !valueMayFollow;
      valueMayFollow = false;
    } else if (looksLikeOption(word.text)) {
      const known = classify(word.text, table);
      if (known === "unknown") return undefined;
      options.push(word.text);
      valueMayFollow = known === "wants-value";
    } else {
      operands.push(word);
      valueMayFollow = false;
    }
  }
  return { options, operands };
}

/** `*` may become a file called `--output=x`; a pattern beginning with a dash anyway. */
export function mayBecomeOption(word: PlainWord): boolean {
  const { expansion } = word;
  return expansion.kind === "glob" && (expansion.prefix === "" || expansion.prefix.startsWith("-"));
}

/** A single dash is standard input. */
export function looksLikeOption(text: string): boolean {
  return text.startsWith("-") && text !== "-";
}

type OptionClass = "known" | "wants-value" | "unknown";

function classify(text: string, table: OptionTable): OptionClass {
  if (text.startsWith("--")) return classifyLong(text, table);
  if (table.counts && /^-[0-9]+$/u.test(text)) return "known";
  for (let index = 1; index < text.length; index += 1) {
    const letter = text.charAt(index);
    if (table.valued.includes(letter)) {
      return index === text.length - 1 ? "wants-value" : "known";
    }
    if (table.attached.includes(letter)) return "known";
    if (!table.flags.includes(letter)) return "unknown";
  }
  return "known";
}

function classifyLong(text: string, table: OptionTable): OptionClass {
  const equals = text.indexOf("=");
  const name = equals === -1 ? text : text.slice(0, equals);
  if (!table.long.has(name)) return "unknown";
  return equals === -1 && table.longValued.has(name) ? "wants-value" : "known";
}

function toLongNames(names: string): ReadonlySet<string> {
  return new Set(
    names
      .split(/\s+/u)
      .filter((name) => name !== "")
      .map((name) => `--${name}`),
  );
}
