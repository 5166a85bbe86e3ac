/** Parsed TOML as plain values, and the paths that lead through it. */

/** Dates stay `Date`: no key of the configuration takes one, so they only appear in errors. */
export type TomlValue = string | number | boolean | Date | readonly TomlValue[] | TomlTable;

/** Has no prototype, so that a key such as `__proto__` is a key like any other. */
export interface TomlTable {
  [key: string]: TomlValue;
}

/** Table keys, and numbers for the elements of arrays. */
export type TomlPath = readonly (string | number)[];

export function emptyTable(): TomlTable {
  const table: TomlTable = {};
  Reflect.setPrototypeOf(table, null);
  return table;
}

export function isTable(value: unknown): value is TomlTable {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}

export function isArray(value: TomlValue | undefined): value is readonly TomlValue[] {
  return Array.isArray(value);
}

/** `undefined` when nothing is there. */
export function valueAt(table: TomlTable, path: TomlPath): TomlValue | undefined {
  let current: TomlValue | undefined = table;
  for (const key of path) {
    if (isArray(current)) current = typeof key === "number" ? current[key] : undefined;
    else if (isTable(current)) current = current[key];
    else return undefined;
  }
  return current;
}

/** Writes into `table`; missing tables are made, and anything else on the way is replaced by one. */
export function setValueAt(table: TomlTable, path: readonly string[], value: TomlValue): void {
  let current = table;
  for (const key of path.slice(0, -1)) {
    const next = current[key];
    if (isTable(next)) {
      current = next;
    } else {
      const made = emptyTable();
      current[key] = made;
      current = made;
    }
  }
  const last = path.at(-1);
  if (last !== undefined) current[last] = value;
}

/** A copy that shares no table or array with the original. */
export function copyValue(value: TomlValue): TomlValue {
  if (isArray(value)) return value.map((element) => copyValue(element));
  return isTable(value) ? copyTable(value) : value;
}

export function copyTable(table: TomlTable): TomlTable {
  const copy = emptyTable();
  for (const [key, value] of Object.entries(table)) copy[key] = copyValue(value);
  return copy;
}

const BARE_KEY = /^[A-Za-z0-9_-]+$/;

/** As it would be written in TOML: `projects."/a.b".trust_level`, `notify[1]`. */
export function formatPath(path: TomlPath): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else text += `${text === "" ? "" : "."}${BARE_KEY.test(key) ? key : quote(key)}`;
  }
  return text;
}

const MAX_QUOTED_LENGTH = 80;
// C1 controls, bidirectional overrides and line separators could change how a terminal shows a message.
const UNPRINTABLE = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Text in double quotes, safe to show on a terminal, cut when very long. */
export function quote(text: string): string {
  const cut = text.length <= MAX_QUOTED_LENGTH ? text : `${text.slice(0, MAX_QUOTED_LENGTH)}…`;
  return JSON.stringify(cut).replaceAll(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
