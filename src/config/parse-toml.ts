/** TOML text to values. The only user of smol-toml; load it with `import()`, and only for TOML. */
import { parse, TomlError } from "smol-toml";
import { ConfigError } from "./config-error.ts";
import { copyTable, type TomlTable, type TomlValue } from "./toml-value.ts";

// Nothing in the configuration nests deeper than five; a bound keeps hostile text off the stack.
const MAX_DEPTH = 64;

/** Errors: ConfigError with the line and column in `file`. */
export function parseTomlFile(text: string, file: string): TomlTable {
  try {
    return parse(text, { maxDepth: MAX_DEPTH });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column } = countCharacters(text, error.line, error.column);
    const complaint = `not valid TOML: ${describe(error, text)}`;
    throw new ConfigError([{ place: { kind: "file", file, line, column }, complaint }], {
      cause: error,
    });
  }
}

/** One TOML value, or `undefined` when `text` is not exactly one. */
export function parseTomlValue(text: string): TomlValue | undefined {
  let table: TomlTable;
  try {
    table = copyTable(parse(`value = ${text}`, { maxDepth: MAX_DEPTH }));
  } catch (error) {
    if (error instanceof TomlError) return undefined;
    throw error;
  }
  // More than one key means that the text held a line break and went on with other settings.
  return Object.keys(table).length === 1 ? table["value"] : undefined;
}

/** smol-toml counts UTF-16 units; people and editors count characters. */
function countCharacters(text: string, line: number, column: number) {
  const before = (text.split("\n")[line - 1] ?? "").slice(0, column - 1);
  return { line, column: Array.from(before).length + 1 };
}

/** The line itself is not shown: it may hold a secret, and logs are read by others. */
function describe(error: TomlError, text: string): string {
  // The message begins with a fixed sentence and ends with a drawing of the lines around.
  const message = error.message.split("\n")[0]?.replace(/^Invalid TOML document: /, "") ?? "";
  const rest = (text.split("\n")[error.line - 1] ?? "").slice(error.column - 1).trimEnd();
  // Its words for a forgotten quote name the character that it met; people forgot a quote.
  if (message === "control characters are not allowed in strings" && rest === "") {
    return "a string without its closing quote";
  }
  if (message === "invalid value" && /^[A-Za-z]/u.test(rest)) {
    return "invalid value; text needs quotes";
  }
  return message;
}
