/** Reading the bytes of `config.toml`. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from "node:fs";
import { isUtf8 } from "node:buffer";
import { configFile } from "./codex-home.ts";
import { ConfigError } from "./config-error.ts";
import { describeFileProblem } from "../runtime/file-problem.ts";

export interface ConfigFileText {
  readonly file: string;
  /** Without a byte order mark. */
  readonly text: string;
}

// A configuration is a few pages. The limit ends the read of something that is none.
const MAX_BYTES = 4 * 1024 * 1024;

/** `undefined` when there is no file. Errors: ConfigError when there is one that cannot be read. */
export function readConfigFile(codexHome: string): ConfigFileText | undefined {
  const file = configFile(codexHome);
  const bytes = readBytes(file);
  return bytes === undefined ? undefined : { file, text: decode(bytes, file) };
}

function readBytes(file: string): Buffer | undefined {
  let descriptor: number;
  try {
    // Not blocking: opening a pipe would wait for its writer.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === "ENOENT" && !isLink(file)) return undefined;
    throw cannotRead(file, error);
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw problem(file, "Cannot read: not a regular file");
    if (status.size > MAX_BYTES) throw problem(file, "Cannot read: larger than 4 MiB");
    return readFileSync(descriptor);
  } catch (error) {
    throw error instanceof ConfigError ? error : cannotRead(file, error);
  } finally {
    closeSync(descriptor);
  }
}

/** Who keeps the settings elsewhere does not mean the defaults when that place is gone. */
function isLink(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function decode(bytes: Buffer, file: string): string {
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  let lineStart = 0;
  for (let line = 1; ; line++) {
    const lineEnd = bytes.indexOf(0x0a, lineStart);
    const lineBytes = bytes.subarray(lineStart, lineEnd === -1 ? bytes.length : lineEnd);
    if (!isUtf8(lineBytes) || lineEnd === -1) {
      const column = lineBytes.toString("utf8").indexOf("\ufffd") + 1;
      throw new ConfigError([
        { place: { kind: "file", file, line, column }, complaint: "not valid UTF-8" },
      ]);
    }
    lineStart = lineEnd + 1;
  }
}

function cannotRead(file: string, cause: unknown): ConfigError {
  if (errorCode(cause) === "ENOENT") return problem(file, "Cannot read: a link to no file", cause);
  return problem(file, `Cannot read: ${describeFileProblem(cause)}`, cause);
}

function problem(file: string, complaint: string, cause?: unknown): ConfigError {
  return new ConfigError([{ place: { kind: "file", file }, complaint }], { cause });
}

function errorCode(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
