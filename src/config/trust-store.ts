/**
 * Writing down in `config.toml` that the user trusts a directory, or does not. Only on the user's
 * own word: nothing that a repository holds, and no model, leads here.
 */
import { lstatSync, realpathSync, statSync } from "node:fs";
import { configFile, ensureCodexHome, PRIVATE_FILE_MODE } from "./codex-home.ts";
import { ConfigError } from "./config-error.ts";
import { readConfigFile } from "./config-file.ts";
import { parseTomlFile } from "./parse-toml.ts";
import { replaceFile } from "./private-file.ts";
import { findPosition } from "./toml-positions.ts";
import { copyTable, isTable, setValueAt, type TomlTable, valueAt } from "./toml-value.ts";
import { type TrustLevel, trustRoot } from "./trust.ts";
import { describeFileProblem } from "../runtime/file-problem.ts";

/**
 * Stores the level for the repository of `cwd`, or for `cwd` itself outside of one. All the rest
 * of the file stays as it was, byte for byte. Answers with the path that the level is stored for.
 *
 * Errors: ConfigError when the file is no TOML, cannot be written, or is written in a way that
 * leaves no place for the entry; the file is then as it was.
 */
export function storeTrust(codexHome: string, cwd: string, level: TrustLevel): string {
  const root = trustRoot(cwd);
  const file = configFile(codexHome);
  const before = readConfigFile(codexHome)?.text ?? "";
  const path = ["projects", root, "trust_level"];
  const expected = copyTable(parseTomlFile(before, file));
  const after = edit(before, expected, root, level);
  setValueAt(expected, path, level);
  if (!says(after, expected, file)) {
    throw problem(
      file,
      `Cannot add ${JSON.stringify(level)} for ${JSON.stringify(root)} by itself`,
    );
  }
  write(codexHome, file, after);
  return root;
}

function edit(text: string, document: TomlTable, root: string, level: TrustLevel): string {
  const value = JSON.stringify(level);
  const project = valueAt(document, ["projects", root]);
  if (!isTable(project)) {
    const gap = text === "" ? "" : text.endsWith("\n") ? "\n" : "\n\n";
    return `${text}${gap}[projects.${JSON.stringify(root)}]\ntrust_level = ${value}\n`;
  }
  const isSet = project["trust_level"] !== undefined;
  const key = isSet ? ["projects", root, "trust_level"] : ["projects", root];
  const position = findPosition(text, key);
  if (isSet && position?.value !== undefined) {
    const { start, end } = position.value;
    return `${text.slice(0, start)}${value}${text.slice(end)}`;
  }
  const lines = text.split("\n");
  lines.splice(position?.line ?? lines.length, 0, `trust_level = ${value}`);
  return lines.join("\n");
}

/** Whether the edited text means what it should: a table may have been written in any way. */
function says(text: string, expected: TomlTable, file: string): boolean {
  try {
    return JSON.stringify(sorted(parseTomlFile(text, file))) === JSON.stringify(sorted(expected));
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}

function sorted(table: TomlTable): TomlTable {
  const copy = copyTable({});
  for (const key of Object.keys(table).toSorted()) {
    const value = table[key];
    if (value !== undefined) copy[key] = isTable(value) ? sorted(value) : value;
  }
  return copy;
}

function write(codexHome: string, file: string, text: string): void {
  try {
    ensureCodexHome(codexHome);
    const isThere = lstatSync(file, { throwIfNoEntry: false }) !== undefined;
    // A user who keeps the file elsewhere, behind a link, wants it changed there.
    const target = isThere ? realpathSync(file) : file;
    replaceFile(target, text, isThere ? statSync(target).mode & 0o777 : PRIVATE_FILE_MODE);
  } catch (error) {
    throw problem(file, `Cannot write: ${describeFileProblem(error)}`);
  }
}

function problem(file: string, complaint: string): ConfigError {
  return new ConfigError([{ place: { kind: "file", file }, complaint }]);
}
