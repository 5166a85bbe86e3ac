/** A parsed document to `ConfigToml`, with words for everything that is wrong in it. */
import type * as z from "zod/mini";
import type { ConfigProblem } from "./config-error.ts";
import { configTomlSchema, type ConfigToml } from "./config-toml.ts";
import { describeUnknownKey, isLaterKey } from "./known-keys.ts";
import { nearestName } from "./nearest-name.ts";
import {
  copyTable,
  formatPath,
  isTable,
  quote,
  type TomlPath,
  type TomlTable,
  type TomlValue,
  valueAt,
} from "./toml-value.ts";

/** Problems without their places: those depend on where the document came from. */
export interface DecodedConfig {
  /** Without the settings that are wrong, and without unknown ones. */
  readonly toml: ConfigToml;
  readonly errors: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

export function decodeConfig(document: TomlTable): DecodedConfig {
  // One document is decoded once: compiling the schema, as zod does by itself, costs more.
  const result = configTomlSchema.safeParse(document, { jitless: true });
  if (result.success) return { toml: result.data, errors: [], warnings: [] };
  const errors = replacedKeys(document);
  const warnings: ConfigProblem[] = [];
  for (const issue of result.error.issues) {
    if (issue.code === "unrecognized_keys") warnings.push(...unknownKeys(issue.path, issue.keys));
    else errors.push({ key: toTomlPath(issue.path), complaint: describeIssue(issue, document) });
  }
  const rest = withoutKeys(document, [...errors, ...warnings]);
  // What is left can only be wrong in ways that were hidden behind the first ones.
  const usable = configTomlSchema.safeParse(rest, { jitless: true });
  return { toml: usable.success ? usable.data : {}, errors, warnings };
}

/** Ignoring this key would leave users with another sandbox than the one they wrote down. */
function replacedKeys(document: TomlTable): ConfigProblem[] {
  if (document["sandbox_permissions"] === undefined) return [];
  const complaint =
    'no longer exists: use sandbox_mode = "read-only", "workspace-write" or "danger-full-access", ' +
    "with writable_roots and network_access in [sandbox_workspace_write]";
  return [{ key: ["sandbox_permissions"], complaint }];
}

function unknownKeys(path: readonly PropertyKey[], keys: readonly string[]): ConfigProblem[] {
  const table = toTomlPath(path);
  return keys
    .filter((key) => table.length > 0 || key !== "sandbox_permissions")
    .map((key) => ({
      key: [...table, key],
      complaint: describeUnknownKey(table, key),
      isUnknownKey: !isLaterKey(table, key),
    }));
}

function withoutKeys(document: TomlTable, problems: readonly ConfigProblem[]): TomlTable {
  const copy = copyTable(document);
  for (const { key } of problems) {
    if (key === undefined) continue;
    // A whole array goes for one of its elements, and a table that misses a required key.
    const names = key.filter((part) => typeof part === "string");
    const present = valueAt(copy, names) === undefined ? names.slice(0, -1) : names;
    const table = valueAt(copy, present.slice(0, -1));
    const last = present.at(-1);
    if (isTable(table) && last !== undefined) Reflect.deleteProperty(table, last);
  }
  return copy;
}

function toTomlPath(path: readonly PropertyKey[]): TomlPath {
  return path.map((key) => (typeof key === "number" ? key : String(key)));
}

type Issue = z.core.$ZodIssue;

function describeIssue(issue: Issue, document: TomlTable): string {
  const path = toTomlPath(issue.path);
  const value = valueAt(document, path);
  if (value === undefined) return "required, but not set";
  const found = describeValue(value);
  if (issue.code === "invalid_value" && typeof value === "string") {
    const allowed = issue.values.map(String);
    const near = nearestName(value, allowed);
    const hint = near === undefined ? "" : `; did you mean ${quote(near)}?`;
    return `expected ${alternatives(allowed.map(quote))}, found ${found}${hint}`;
  }
  // These are about variables, whose values may be secrets.
  if (issue.code === "invalid_key" || issue.code === "invalid_format") {
    return `expected ${expectation(issue)}`;
  }
  const isTime = String(path.at(-1)).endsWith("_sec");
  return `expected ${isTime ? EXPECTED_TIME : expectation(issue)}, found ${found}`;
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return EXPECTED_TYPES[issue.expected] ?? issue.expected;
    case "invalid_value":
      return alternatives(issue.values.map((value) => quote(String(value))));
    case "too_small":
    case "too_big":
      return EXPECTED_COUNT;
    case "invalid_union": {
      const all = issue.errors.map((issues) => (issues[0] ? expectation(issues[0]) : "a value"));
      return alternatives([...new Set(all)]);
    }
    case "invalid_key":
      return 'a name without "=" and zero bytes';
    case "invalid_format":
      return "a text without zero bytes";
    case "not_multiple_of":
    case "unrecognized_keys":
    case "invalid_element":
    case "custom":
      return "another value";
  }
}

const EXPECTED_COUNT = "a whole number, 0 or more";

const EXPECTED_TIME = "a number of seconds, more than 0";

const EXPECTED_TYPES: Readonly<Record<string, string>> = {
  string: "a string",
  boolean: "true or false",
  number: EXPECTED_COUNT,
  int: EXPECTED_COUNT,
  array: "an array",
  object: "a table",
  record: "a table",
};

function alternatives(words: readonly string[]): string {
  const last = words.at(-1) ?? "nothing";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}

/** Shows scalars; long or composite values only by their kind. */
function describeValue(value: TomlValue): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value === "boolean") return String(value);
  if (value instanceof Date) return "a date";
  return Array.isArray(value) ? "an array" : `a table${describeKeys(value)}`;
}

function describeKeys(value: TomlValue): string {
  if (!isTable(value)) return "";
  const [first] = Object.keys(value);
  return first === undefined ? "" : ` with the key ${formatPath([first])}`;
}
