/** `codex login --api-key [KEY]`: stores a key. */
import { readSync } from "node:fs";
import { isatty } from "node:tty";
import { ApiKey } from "../auth/api-key.ts";
import { AuthError, CHATGPT_NOT_SUPPORTED, storeApiKey } from "../auth/auth.ts";
import { authFile } from "../config/codex-home.ts";
import { ownerOnlyNote } from "../sandbox/windows-notice.ts";
import { loadConversationConfig } from "./conversation-settings.ts";
import { flagText, hasFlag, type Invocation } from "./invocation.ts";
import { complain, printError } from "./output.ts";
import { readProcessContext } from "./process-context.ts";

/** What is said is for people, hence on standard error; the key itself is never part of it. */
export async function runLoginCommand(invocation: Invocation): Promise<number> {
  const context = readProcessContext();
  await loadConversationConfig(invocation, context);
  if (!hasFlag(invocation, "--api-key") && !hasFlag(invocation, "--with-api-key")) {
    complain(CHATGPT_NOT_SUPPORTED);
    return 1;
  }
  const given = flagText(invocation, "--api-key");
  const text = given === undefined || given === "-" ? await readKey() : given;
  const key = ApiKey.parse(text);
  if (key === undefined) {
    complain(
      text.trim() === ""
        ? "Cannot store the API key: it is empty"
        : "Cannot store the API key: expected one word of printable characters",
    );
    return 1;
  }
  try {
    storeApiKey(context.codexHome, key);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    complain(error.message);
    return 1;
  }
  const note = ownerOnlyNote(
    process.platform,
    authFile(context.codexHome),
    context.env["USERPROFILE"],
  );
  if (note !== undefined) complain(note);
  printError("Successfully logged in\n");
  return 0;
}

const STDIN = 0;

async function readKey(): Promise<string> {
  if (!isatty(STDIN)) return readAll();
  const key = await readHiddenLine("API key (not shown while typing): ");
  printError("\n");
  return key;
}

// Longer than any key; whoever pipes in more has taken the wrong file.
const MAX_BYTES = 64 * 1024;

function readAll(): string {
  const buffer = Buffer.alloc(MAX_BYTES);
  let length = 0;
  while (length < MAX_BYTES) {
    const count = readSome(buffer, length);
    if (count === 0) break;
    length += count;
  }
  return buffer.toString("utf8", 0, length);
}

function readSome(buffer: Buffer, offset: number): number {
  try {
    return readSync(STDIN, buffer, offset, buffer.length - offset, null);
  } catch {
    return 0; // a closed stdin is an empty one
  }
}

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const BACKSPACE = "\u007f";

/** Reads from the terminal without its echo. Ctrl-C and Ctrl-D give an empty line. */
async function readHiddenLine(prompt: string): Promise<string> {
  const { stdin } = process;
  stdin.setRawMode(true);
  printError(prompt); // only now, so that nothing typed after it is shown
  let line = "";
  try {
    for await (const chunk of stdin.setEncoding("utf8")) {
      for (const character of String(chunk)) {
        if (character === "\r" || character === "\n") return line;
        if (character === CTRL_C || character === CTRL_D) return "";
        line = character === BACKSPACE ? line.slice(0, -1) : line + character;
      }
    }
    return line;
  } finally {
    stdin.setRawMode(false);
    stdin.destroy();
  }
}
