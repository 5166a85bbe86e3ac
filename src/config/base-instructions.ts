/** `experimental_instructions_file`: a text of the user's own in place of the base instructions. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { ConfigError } from "./config-error.ts";
import type { LoadedSettings } from "./load-settings.ts";
import { quote } from "./toml-value.ts";
import { describeFileProblem } from "../runtime/file-problem.ts";

/**
 * The trimmed text, or `undefined` when the key is not set. A relative path starts at `cwd`.
 * Errors: ConfigError when the file cannot be read, or holds nothing.
 */
export function readBaseInstructions(settings: LoadedSettings, cwd: string): string | undefined {
  const key = ["experimental_instructions_file"];
  const written = settings.toml.experimental_instructions_file;
  if (written === undefined) return undefined;
  const file = resolve(cwd, written);
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch (error) {
    const complaint = `cannot read ${quote(file)}: ${describeFileProblem(error)}`;
    throw new ConfigError([{ place: settings.placeOf(key), key, complaint }], { cause: error });
  }
  if (text !== "") return text;
  const complaint = `the file ${quote(file)} is empty`;
  throw new ConfigError([{ place: settings.placeOf(key), key, complaint }]);
}
