/** Where the prompt comes from, and what is checked before anything starts. */
import { isUtf8 } from "node:buffer";
import { statSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { findRepositoryRoot } from "../config/trust.ts";
import { readImage } from "../core/image-file.ts";
import { ExecUsageError } from "./exit-code.ts";

/** More is a mistake, for example a wrong file. */
const MAX_PROMPT_BYTES = 16 * 1024 * 1024;

export interface PromptSource {
  /** Undefined or "-": standard input. */
  readonly argument: string | undefined;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly isStdinTerminal: boolean;
  readonly note: (message: string) => void;
}

/** Errors: ExecUsageError when there is no prompt, or one that is no text. */
export async function readPrompt(source: PromptSource): Promise<string> {
  const { argument } = source;
  if (argument !== undefined && argument !== "-") {
    if (argument.trim() === "") throw new ExecUsageError("The prompt is empty");
    return argument;
  }
  if (argument === undefined) {
    if (source.isStdinTerminal) {
      throw new ExecUsageError("No prompt: give one as argument, or on standard input");
    }
    source.note("Reading prompt from stdin...");
  }
  const text = await readAll(source.stdin);
  if (text.trim() === "") throw new ExecUsageError("No prompt: standard input is empty");
  return text;
}

/** Errors: ExecUsageError. A directory the user trusts needs no repository. */
export function checkRepository(config: Config): void {
  if (config.trust === "trusted" || findRepositoryRoot(config.cwd) !== undefined) return;
  throw new ExecUsageError(
    `"${config.cwd}" is not in a git repository, where changes could be undone: use --skip-git-repo-check to work there all the same`,
  );
}

/** Errors: ExecUsageError for the first picture that could not be sent. */
export function checkImages(paths: readonly string[]): void {
  for (const path of paths) {
    const part = readImage(path);
    if (typeof part === "string") throw new ExecUsageError(part);
  }
}

/** Errors: ExecUsageError when the directory of the file is not there. */
export function checkLastMessageFile(path: string, directory: string): void {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new ExecUsageError(`Cannot write "${path}": no such directory`);
}

async function readAll(stream: AsyncIterable<Uint8Array | string>): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of stream) {
    const bytes = Buffer.from(piece);
    size += bytes.length;
    if (size > MAX_PROMPT_BYTES) {
      throw new ExecUsageError(`The prompt is longer than ${MAX_PROMPT_BYTES / 1024 / 1024} MiB`);
    }
    pieces.push(bytes);
  }
  const bytes = Buffer.concat(pieces);
  if (isUtf8(bytes)) return bytes.toString("utf8");
  const place = firstForeignByte(bytes);
  throw new ExecUsageError(`Cannot read the prompt: standard input is not UTF-8, at byte ${place}`);
}

/** Counted from 1. The decoder puts U+FFFD where bytes are no character, but it may also be in the text. */
function firstForeignByte(bytes: Buffer): number {
  const text = bytes.toString("utf8");
  let offset = 0;
  let begin = 0;
  for (let at = text.indexOf(REPLACEMENT); at !== -1; at = text.indexOf(REPLACEMENT, begin)) {
    offset += Buffer.byteLength(text.slice(begin, at));
    const isInText = bytes.toString("latin1", offset, offset + 3) === REPLACEMENT_BYTES;
    if (!isInText) break;
    offset += REPLACEMENT_BYTES.length;
    begin = at + 1;
  }
  return offset + 1;
}

const REPLACEMENT = "\uFFFD";
const REPLACEMENT_BYTES = "\xEF\xBF\xBD";
