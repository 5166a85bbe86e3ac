/** `-c key=value`: one setting made on the command line. */
import { ConfigError } from "./config-error.ts";
import { emptyTable, quote, type TomlTable, type TomlValue } from "./toml-value.ts";

/** `argument` is what the user wrote, for messages: `-c model=o3`. */
export interface ConfigOverride {
  readonly path: readonly string[];
  readonly value: TomlValue;
  readonly argument: string;
}

/**
 * Reads `key=value`. The key is dotted, its parts may be quoted (`projects."/a.b".trust_level`).
 * The value is TOML, else JSON, else the text itself without stray quotes around it.
 *
 * Errors: ConfigError when there is no `=`, or no key before it.
 */
export async function parseOverride(text: string): Promise<ConfigOverride> {
  const argument = `-c ${text}`;
  const { path, rest } = new KeyScanner(text).scan();
  return { path, value: await parseValue(rest.trim()), argument };
}

/** Keeps the order, and those that have been read. Errors: ConfigError for the first bad one. */
export async function parseOverrides(
  overrides: readonly (string | ConfigOverride)[],
): Promise<ConfigOverride[]> {
  const parsed: ConfigOverride[] = [];
  for (const override of overrides) {
    parsed.push(typeof override === "string" ? await parseOverride(override) : override);
  }
  return parsed;
}

/**
 * Settings that a client sends as a JSON object with keys dotted as in `-c`.
 * Errors: ConfigError for a bad key, and for `null`, which TOML does not have.
 */
export function overridesFromJson(settings: Readonly<Record<string, unknown>>): ConfigOverride[] {
  return Object.entries(settings).map(([key, json]) => {
    const argument = `config ${quote(key)}`;
    const { path } = new KeyScanner(`${key}=`).scan();
    const value = tomlFromJson(json);
    if (value === undefined) throw overrideError(argument, "null is not a value");
    return { path, value, argument };
  });
}

function overrideError(argument: string, complaint: string): ConfigError {
  return new ConfigError([
    { place: { kind: "argument", argument: printable(argument) }, complaint },
  ]);
}

/** Arguments come from anywhere; a message must not carry escape sequences to a terminal. */
export function printable(argument: string): string {
  const quoted = quote(argument);
  return quoted === `"${argument}"` ? argument : quoted;
}

class KeyScanner {
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): { path: string[]; rest: string } {
    if (!this.#text.includes("=")) throw this.#error("expected key=value, found no =");
    const path: string[] = [];
    for (;;) {
      path.push(this.#part());
      const end = this.#text[this.#offset++];
      if (end === "=") return { path, rest: this.#text.slice(this.#offset) };
      if (end !== ".") throw this.#error("expected . or = after a quoted part of the key");
    }
  }

  /** Leaves the offset on the character after the part and the blanks that follow it. */
  #part(): string {
    this.#skipBlanks();
    const first = this.#text[this.#offset];
    const part = first === '"' || first === "'" ? this.#quotedPart(first) : this.#barePart();
    this.#skipBlanks();
    return part;
  }

  /** Anything but `.` and `=`, as `codex` 0.23.0 takes it: `projects./home/me.trust_level`. */
  #barePart(): string {
    const start = this.#offset;
    while (!/[.=]/.test(this.#text[this.#offset] ?? "=")) this.#offset++;
    const part = this.#text.slice(start, this.#offset).trim();
    if (part === "") throw this.#error("empty key");
    return part;
  }

  #quotedPart(quoteMark: string): string {
    const start = this.#offset++;
    while (this.#offset < this.#text.length && this.#text[this.#offset] !== quoteMark) {
      this.#offset += quoteMark === '"' && this.#text[this.#offset] === "\\" ? 2 : 1;
    }
    if (this.#offset >= this.#text.length) throw this.#error("unfinished quotes in the key");
    this.#offset++;
    const quoted = this.#text.slice(start, this.#offset);
    return quoteMark === "'" ? quoted.slice(1, -1) : this.#unescape(quoted);
  }

  #unescape(quoted: string): string {
    try {
      // The escapes of TOML that paths and names need are those of JSON.
      const text: unknown = JSON.parse(quoted);
      if (typeof text === "string") return text;
    } catch {
      // Falls through to the message.
    }
    throw this.#error("bad escape in a quoted part of the key");
  }

  #skipBlanks(): void {
    while (/\s/.test(this.#text[this.#offset] ?? "")) this.#offset++;
  }

  #error(complaint: string): ConfigError {
    return overrideError(`-c ${this.#text}`, complaint);
  }
}

// The usual values need no parser: loading one costs more than all the rest of an override.
const PLAIN_WORD = /^[A-Za-z][A-Za-z0-9_.:/-]*$/;
const TOML_WORDS: ReadonlySet<string> = new Set(["true", "false", "inf", "nan"]);

async function parseValue(text: string): Promise<TomlValue> {
  if (text === "true" || text === "false") return text === "true";
  if (text === "" || (PLAIN_WORD.test(text) && !TOML_WORDS.has(text))) return text;
  const { parseTomlValue } = await import("./parse-toml.ts");
  return parseTomlValue(text) ?? parseJson(text) ?? stripQuotes(text);
}

function parseJson(text: string): TomlValue | undefined {
  try {
    return tomlFromJson(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function stripQuotes(text: string): string {
  return text.replace(/^["']+/, "").replace(/["']+$/, "");
}

// As deep as parse-toml.ts reads.
const MAX_DEPTH = 64;

/** `undefined` for `null`, for what JSON cannot hold, and for what nests without end. */
export function tomlFromJson(json: unknown, depth = 0): TomlValue | undefined {
  if (depth > MAX_DEPTH) return undefined;
  switch (typeof json) {
    case "string":
    case "number":
    case "boolean":
      return json;
    case "object":
      return json === null ? undefined : tomlFromObject(json, depth);
    case "bigint":
    case "function":
    case "symbol":
    case "undefined":
      return undefined;
  }
}

function tomlFromObject(json: object, depth: number): TomlValue | undefined {
  if (Array.isArray(json)) {
    const array: TomlValue[] = [];
    for (const element of json) {
      const value = tomlFromJson(element, depth + 1);
      if (value === undefined) return undefined;
      array.push(value);
    }
    return array;
  }
  const table: TomlTable = emptyTable();
  for (const [key, member] of Object.entries(json)) {
    const value = tomlFromJson(member, depth + 1);
    if (value === undefined) return undefined;
    table[key] = value;
  }
  return table;
}
