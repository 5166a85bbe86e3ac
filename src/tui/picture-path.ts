/** Pictures that are dropped on a terminal: it types their path, quoted in one way or another. */
import { homedir } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readImage } from "../core/image-file.ts";

const MAX_PATH_LENGTH = 4096;
const NAME = /\.(?:png|jpe?g|gif|webp|bmp|svg)$/iu;

/** The absolute path that `text` names, which may be quoted, begin with `~/`, or be a URL. */
export function namedPath(text: string, cwd: string): string {
  const path = unquoted(text.trim());
  return resolve(cwd, path.startsWith("~/") ? `${homedir()}${path.slice(1)}` : path);
}

/** The absolute path of the picture that `text` names and nothing else; undefined: it names none. */
export function imageAt(text: string, cwd: string): string | undefined {
  if (text.length > MAX_PATH_LENGTH || text.trim().includes("\n")) return undefined;
  const full = namedPath(text, cwd);
  if (!NAME.test(full)) return undefined;
  return typeof readImage(full) === "string" ? undefined : full;
}

function unquoted(text: string): string {
  const quoted = /^(['"])(.*)\1$/u.exec(text)?.[2];
  if (quoted !== undefined) return quoted;
  if (!text.startsWith("file://")) return text.replaceAll(/\\(.)/gu, "$1");
  try {
    return fileURLToPath(text);
  } catch {
    return text;
  }
}
