/**
 * AGENTS.md: what the user wants of every project, then what the project says, from its root down
 * to the working directory. It comes to the model as words of the user.
 */
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { globalInstructionsFile } from "../config/codex-home.ts";
import { findRepositoryRoot } from "../config/trust.ts";
import { type MessageItem, textOfMessage, userMessage } from "../protocol/model-item.ts";
import { isWithin } from "../protocol/writable-roots.ts";
import { describeFileProblem } from "../runtime/file-problem.ts";

const FILE_NAME = "AGENTS.md";
/** For the user's own file, which no setting limits. */
const MAX_GLOBAL_BYTES = 1024 * 1024;

export interface ProjectDocInput {
  readonly codexHome: string;
  readonly cwd: string;
  /** For all files of the project together; 0: none is read. */
  readonly maxBytes: number;
}

export interface UserInstructions {
  /** Null when there are none. */
  readonly text: string | null;
  /** One line each: what was cut, what could not be read. */
  readonly warnings: readonly string[];
}

export function readUserInstructions(input: ProjectDocInput): UserInstructions {
  const warnings: string[] = [];
  const parts: string[] = [];
  const globalFile = globalInstructionsFile(input.codexHome);
  const globalDoc = readStart(globalFile, MAX_GLOBAL_BYTES, warnings);
  if (globalDoc !== null) parts.push(globalDoc.text.trim());
  let rest = input.maxBytes;
  const root = findRepositoryRoot(input.cwd) ?? input.cwd;
  for (const file of input.maxBytes > 0 ? projectFiles(root, input.cwd) : []) {
    if (leadsOutside(file, root, warnings)) continue;
    const doc = readStart(file, Math.max(0, rest), warnings);
    if (doc === null) continue;
    rest -= doc.bytes;
    if (doc.isCut) {
      warnings.push(
        `"${file}" is cut: all AGENTS.md of a project together may have ${input.maxBytes} bytes (project_doc_max_bytes)`,
      );
    }
    if (doc.text.trim() === "") continue;
    const cut = doc.isCut ? "\n[cut here: the file is longer than the limit]" : "";
    parts.push(`--- project-doc (${label(file, input.cwd)}) ---\n\n${doc.text.trim()}${cut}`);
  }
  const text = parts.filter((part) => part !== "").join("\n\n");
  return { text: text === "" ? null : text, warnings };
}

const OPEN = "<user_instructions>";
const CLOSE = "</user_instructions>";

export function userInstructionsMessage(text: string): MessageItem {
  return userMessage([{ type: "input_text", text: `${OPEN}\n\n${text}\n\n${CLOSE}` }]);
}

/** Whether a message is one of these, and not something that a person wrote. */
export function isUserInstructions(item: MessageItem): boolean {
  if (item.role !== "user" || item.content.length !== 1) return false;
  const text = textOfMessage(item);
  return text.startsWith(OPEN) && text.endsWith(CLOSE);
}

/** Of the repository's root, of every directory on the way, and of `cwd`. */
function projectFiles(root: string, cwd: string): readonly string[] {
  const directories = [cwd];
  for (let directory = cwd; directory !== root;) {
    directory = dirname(directory);
    directories.unshift(directory);
  }
  return directories.map((directory) => join(directory, FILE_NAME));
}

/**
 * A stranger's repository may hold a link to the user's keys, which would go to the model. The
 * repository itself may be reached through links.
 */
function leadsOutside(file: string, root: string, warnings: string[]): boolean {
  try {
    const real = realpathSync.native(file);
    if (isWithin(real, realpathSync.native(root))) return false;
    warnings.push(`"${file}" is not read: it is a link out of the project, to "${real}"`);
    return true;
  } catch {
    return false; // there is none, or reading it tells what is wrong
  }
}

function label(file: string, cwd: string): string {
  const path = relative(cwd, file);
  return path === "" ? FILE_NAME : path;
}

interface Start {
  readonly text: string;
  readonly bytes: number;
  readonly isCut: boolean;
}

/** Null when there is no such file. A FIFO in a hostile repository must not hold the session. */
function readStart(file: string, maxBytes: number, warnings: string[]): Start | null {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "unknown error";
    if (code !== "ENOENT" && code !== "ENOTDIR") {
      warnings.push(`Cannot read "${file}": ${describeFileProblem(error)}`);
    }
    return null;
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) {
      warnings.push(`Cannot read "${file}": not a regular file`);
      return null;
    }
    const buffer = Buffer.alloc(Math.min(status.size, maxBytes));
    const bytes = readSync(descriptor, buffer, 0, buffer.length, 0);
    // `stream` leaves out a character that the limit has cut in two.
    const text = new TextDecoder().decode(buffer.subarray(0, bytes), { stream: true });
    return { text, bytes, isCut: status.size > bytes };
  } finally {
    closeSync(descriptor);
  }
}
