/**
 * Decoding of data from outside: a zod schema in, a result union out. Nothing here throws for bad
 * data, and every message names the place in the data where it stopped.
 */
import type * as z from "zod/mini";
import { isTooDeep } from "./nesting.ts";

/** What a decoder answers. `message` is one readable line without a full stop. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string };

/** `T` as it is passed around after decoding: nobody changes a value they did not make. */
export type DeepReadonly<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : { readonly [Key in keyof T]: DeepReadonly<T[Key]> };

type Schema<T> = z.ZodMiniType<T>;
type Issue = z.core.$ZodIssue;

/** `what` names the data in messages: "Cannot read submission: missing op.items". */
export function decodeWith<T>(schema: Schema<T>, value: unknown, what: string): Decoded<T> {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, message: `Cannot read ${what}: ${describeFirstIssue(result.error, value)}` };
}

/** As `decodeWith`, from JSON text. */
export function decodeJsonWith<T>(schema: Schema<T>, text: string, what: string): Decoded<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, message: `Cannot read ${what}: not valid JSON` };
  }
  return decodeWith(schema, value, what);
}

/** One line about the first thing wrong, for example `expected string at op.items[0].text`. */
export function describeFirstIssue(error: z.core.$ZodError, value: unknown): string {
  const first = error.issues[0];
  return first === undefined ? "not of the expected shape" : describeIssue(first, [], value);
}

function describeIssue(issue: Issue, parentPath: readonly PropertyKey[], value: unknown): string {
  const path = [...parentPath, ...issue.path];
  const found = valueAt(value, path);
  const where = path.length === 0 ? "" : ` at ${formatPath(path)}`;
  if (found === undefined && path.length > 0) return `missing ${formatPath(path)}`;
  switch (issue.code) {
    case "invalid_type":
      return `expected ${issue.expected}${where}`;
    case "invalid_value":
      return `unknown value ${quote(found)}${where}, expected one of ${list(issue.values)}`;
    case "invalid_union":
      return describeUnion(issue, path, value);
    case "too_big":
      return `more than ${issue.maximum}${where}`;
    case "too_small":
      return `less than ${issue.minimum}${where}`;
    case "invalid_format":
    case "not_multiple_of":
    case "unrecognized_keys":
    case "invalid_key":
    case "invalid_element":
    case "custom":
      return `${lowerFirst(issue.message)}${where}`;
  }
}

function describeUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: readonly PropertyKey[],
  value: unknown,
): string {
  // zod lists the known tags of a discriminated union, but its type does not promise them.
  const options: unknown = "options" in issue ? issue.options : undefined;
  if (Array.isArray(options)) {
    const found = quote(valueAt(value, path));
    return `unknown value ${found} at ${formatPath(path)}, expected one of ${list(options)}`;
  }
  // The alternative that got furthest into the value is the one its writer meant.
  let deepest: Issue | undefined;
  for (const issues of issue.errors) {
    const first = issues[0];
    if (first !== undefined && first.path.length >= (deepest?.path.length ?? 0)) deepest = first;
  }
  if (deepest !== undefined) return describeIssue(deepest, path, value);
  return `not of an expected shape at ${formatPath(path)}`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, key)) {
      return undefined;
    }
    current = Reflect.get(current, key);
  }
  return current;
}

function formatPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else text += text === "" ? String(key) : `.${String(key)}`;
  }
  return text;
}

const MAX_QUOTED_LENGTH = 60;

function quote(value: unknown): string {
  if (isTooDeep(value)) return Array.isArray(value) ? "[[…" : "{…";
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length <= MAX_QUOTED_LENGTH ? text : `${text.slice(0, MAX_QUOTED_LENGTH)}…`;
}

// A schema's own words for a check begin with a capital, as sentences; here they are in the middle.
function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function list(values: readonly unknown[]): string {
  return values.map((value) => quote(value)).join(", ");
}
