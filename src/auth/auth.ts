/**
 * The credential for model requests: `auth.json` in the home, or `OPENAI_API_KEY`. It is never
 * logged, and no child process gets it unless the environment policy says so.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, unlinkSync } from "node:fs";
import { authFile, ensureCodexHome, type Environment } from "../config/codex-home.ts";
import { replaceFile } from "../config/private-file.ts";
import { ApiKey } from "./api-key.ts";
import { describeFileProblem } from "../runtime/file-problem.ts";

/** The stored login cannot be used. The message names the file, never its content. */
export class AuthError extends Error {
  override readonly name = "AuthError";
  readonly file: string;
  readonly state: string;

  constructor(action: "read" | "write" | "remove", file: string, state: string) {
    // No cause: what JSON.parse says quotes the text that it could not read.
    super(`Cannot ${action} "${file}": ${state}`);
    this.file = file;
    this.state = state;
  }
}

/** What `auth.json` holds. */
export interface StoredLogin {
  readonly apiKey: ApiKey | undefined;
  /** From a sign-in with ChatGPT by another program; nothing here can use them. */
  readonly hasChatgptTokens: boolean;
  /** Users other than the owner may read the file. */
  readonly isReadableByOthers: boolean;
}

export type Credential =
  | { readonly kind: "none" }
  | { readonly kind: "api-key"; readonly key: ApiKey; readonly source: CredentialSource }
  | { readonly kind: "unsupported-chatgpt" };

export const API_KEY_VARIABLE = "OPENAI_API_KEY";
export type CredentialSource = "auth.json" | typeof API_KEY_VARIABLE;

/** Said wherever somebody asks for, or has, a sign-in with ChatGPT. */
export const CHATGPT_NOT_SUPPORTED =
  "Signing in with ChatGPT is not supported in this build: use an API key, " +
  'stored with "codex login --api-key" or set in OPENAI_API_KEY';

/**
 * The stored key, else the variable: a key that was stored on purpose is the more explicit one.
 * A stored sign-in with ChatGPT counts only when there is no key at all.
 *
 * Errors: AuthError when there is an `auth.json` that cannot be read.
 */
export function findCredential(codexHome: string, env: Environment): Credential {
  const stored = readStoredLogin(codexHome);
  if (stored?.apiKey !== undefined) {
    return { kind: "api-key", key: stored.apiKey, source: "auth.json" };
  }
  const key = ApiKey.parse(env[API_KEY_VARIABLE] ?? "");
  if (key !== undefined) return { kind: "api-key", key, source: API_KEY_VARIABLE };
  return { kind: stored?.hasChatgptTokens === true ? "unsupported-chatgpt" : "none" };
}

/** `undefined` when nothing is stored. Errors: AuthError. */
export function readStoredLogin(codexHome: string): StoredLogin | undefined {
  const file = authFile(codexHome);
  const content = readPrivateFile(file);
  if (content === undefined) return undefined;
  return { ...decodeLogin(content.text, file), isReadableByOthers: content.isReadableByOthers };
}

/**
 * Replaces what is stored by the key alone. The home is made when there is none. Errors: AuthError.
 */
export function storeApiKey(codexHome: string, key: ApiKey): void {
  const file = authFile(codexHome);
  const content = `${JSON.stringify({ OPENAI_API_KEY: key.reveal() }, undefined, 2)}\n`;
  try {
    ensureCodexHome(codexHome);
    replaceFile(file, content);
  } catch (error) {
    throw new AuthError("write", file, describeFileProblem(error));
  }
}

/** Whether there was anything to remove. Errors: AuthError. */
export function removeStoredLogin(codexHome: string): boolean {
  const file = authFile(codexHome);
  try {
    unlinkSync(file);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw new AuthError("remove", file, describeFileProblem(error));
  }
}

// A login is a few kilobytes; this ends the read of something that is none.
const MAX_BYTES = 1024 * 1024;
const READABLE_BY_OTHERS = 0o044;

function readPrivateFile(file: string) {
  let descriptor: number;
  try {
    // Not blocking: opening a pipe would wait for its writer.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new AuthError("read", file, describeFileProblem(error));
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new AuthError("read", file, "not a regular file");
    if (status.size > MAX_BYTES) throw new AuthError("read", file, "larger than 1 MiB");
    const isReadableByOthers = (status.mode & READABLE_BY_OTHERS) !== 0;
    return { text: readFileSync(descriptor, "utf8"), isReadableByOthers };
  } finally {
    closeSync(descriptor);
  }
}

function decodeLogin(text: string, file: string) {
  const json = parseJson(text, file);
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new AuthError("read", file, "expected a JSON object");
  }
  const key: unknown = API_KEY_VARIABLE in json ? json[API_KEY_VARIABLE] : undefined;
  const tokens: unknown = "tokens" in json ? json.tokens : undefined;
  if (key !== undefined && key !== null && typeof key !== "string") {
    throw new AuthError("read", file, `expected a string at ${API_KEY_VARIABLE}`);
  }
  return {
    apiKey: ApiKey.parse(key ?? ""),
    hasChatgptTokens: typeof tokens === "object" && tokens !== null,
  };
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // Only the place is taken over from the message: the rest may quote the secret.
    const message = error instanceof Error ? error.message : "";
    const place = /\((line \d+ column \d+)\)/.exec(message)?.[1];
    throw new AuthError("read", file, `not valid JSON${place === undefined ? "" : ` at ${place}`}`);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
