/**
 * What the sandbox helper is asked, both directions, in one place: its command line
 * `codex-linux-sandbox [options] <policy_cwd> <policy_json> [--] program [args…]`, and the message
 * that a waiting helper (`--wait`) gets instead.
 */
import type { SandboxPolicy } from "../protocol/sandbox-policy.ts";
import {
  brand,
  bytesOf,
  byteStringFromText,
  quoted,
  type ByteString,
} from "../runtime/byte-string.ts";

export interface HelperRequest {
  readonly policyCwd: ByteString;
  readonly policy: SandboxPolicy;
  readonly argv: readonly ByteString[];
  /** Process id of the launcher, whose end must end the command. */
  readonly parentPid: number | undefined;
  /** The soft limit of open files to put back. */
  readonly softOpenFiles: number | undefined;
}

/**
 * One command for a waiting helper. It goes through a pipe, so that neither the list of processes
 * shows it nor the helper's own start sees the command's environment.
 */
export interface HelperMessage {
  readonly argv: readonly ByteString[];
  /** Where the command starts. */
  readonly cwd: ByteString;
  readonly policyCwd: ByteString;
  /** Its writable roots are byte strings. */
  readonly policy: SandboxPolicy;
  /** The command's whole environment as "name=value" entries. */
  readonly environment: readonly ByteString[];
  readonly softOpenFiles: number | undefined;
  /** This program's own settings, which no command may change. Undefined: there are none. */
  readonly codexHome: ByteString | undefined;
}

export type ParsedArguments =
  | { readonly kind: "run"; readonly request: HelperRequest }
  | { readonly kind: "wait"; readonly parentPid: number }
  | { readonly kind: "template"; readonly parentPid: number }
  | { readonly kind: "help" }
  | { readonly kind: "usage-error"; readonly message: string };

/** The file name under which this executable is the helper. */
export const HELPER_NAME = "codex-linux-sandbox";

/** Where a waiting helper reads its message and writes its status (helper-status.ts). */
export const MESSAGE_FD = 3;
export const STATUS_FD = 4;
/** A template's socket: what it is asked for, and its answers (fork-helpers.ts). */
export const TEMPLATE_FD = 3;

export const helperUsage = `Usage: ${HELPER_NAME} [options] <policy_cwd> <policy_json> [--] <program> [args...]
       ${HELPER_NAME} --wait --parent-pid <pid>
       ${HELPER_NAME} --template --parent-pid <pid>

Confines itself by a sandbox policy (Landlock, seccomp), then becomes the program.

Arguments:
  policy_cwd           directory that a workspace-write policy makes writable
  policy_json          for example '{"mode":"read-only"}' or '{"mode":"workspace-write"}'

Options:
  --parent-pid <pid>   refuse to start unless this is the parent process
  --open-files <n>     soft limit of open files for the program
  --wait               read all of the above from descriptor ${MESSAGE_FD}, report to descriptor ${STATUS_FD}
  --template           fork helpers that wait, for requests on descriptor ${TEMPLATE_FD}
  -h, --help           show this text

Exit codes: the program's own; 1 cannot confine, 2 wrong usage, 126 not executable, 127 not found.
Example: ${HELPER_NAME} "$PWD" '{"mode":"read-only"}' -- ls -l
`;

/** The words after the helper's name. Paths and text are given as UTF-8 strings. */
export function formatHelperArguments(request: {
  readonly policyCwd: string;
  readonly policy: SandboxPolicy;
  readonly argv: readonly string[];
  readonly parentPid: number;
  readonly softOpenFiles: number | undefined;
}): readonly string[] {
  const limit =
    request.softOpenFiles === undefined ? [] : ["--open-files", String(request.softOpenFiles)];
  return [
    "--parent-pid",
    String(request.parentPid),
    ...limit,
    request.policyCwd,
    JSON.stringify(request.policy),
    "--",
    ...request.argv,
  ];
}

/** The words after the helper's name that make it wait for a message. */
export function waitArguments(parentPid: number): readonly string[] {
  return ["--wait", "--parent-pid", String(parentPid)];
}

/** The words after the helper's name that make it a template of helpers. */
export function templateArguments(parentPid: number): readonly string[] {
  return ["--template", "--parent-pid", String(parentPid)];
}

/** JSON with one character per byte of each byte string, so that any bytes arrive unchanged. */
export function formatHelperMessage(message: HelperMessage): Uint8Array {
  return Buffer.from(JSON.stringify(message), "utf8");
}

/**
 * What follows a message: its end, when it may be carried out as far as that has no effect, and,
 * when the sender is ready too, the word that the command may begin. Without that word it never
 * does. No message holds a line break.
 */
export const END_OF_MESSAGE = "\n";
export const BEGIN = "!";

/** The message, or what is wrong with it. A part of a message is never a message. */
export function parseHelperMessage(bytes: Uint8Array): HelperMessage | string {
  const fields = jsonObject(bytes);
  if (typeof fields === "string") return fields;
  const policy = decodePolicy(fields.get("policy"), asByteString);
  if (typeof policy === "string") return `policy: ${policy}`;
  const argv = byteStrings(fields.get("argv"));
  const environment = byteStrings(fields.get("environment"));
  const cwd = asByteString(fields.get("cwd"));
  const policyCwd = asByteString(fields.get("policyCwd"));
  const limit = fields.get("softOpenFiles");
  const home = fields.get("codexHome");
  const codexHome = asByteString(home);
  if (argv === undefined || argv.length === 0) return "expected words at argv";
  if (environment === undefined) return "expected entries at environment";
  if (cwd?.startsWith("/") !== true) return "expected an absolute path at cwd";
  if (policyCwd?.startsWith("/") !== true) return "expected an absolute path at policyCwd";
  if (limit !== undefined && (typeof limit !== "number" || !Number.isSafeInteger(limit))) {
    return "expected a whole number at softOpenFiles";
  }
  if (home !== undefined && codexHome?.startsWith("/") !== true) {
    return "expected an absolute path at codexHome";
  }
  return { argv, cwd, policyCwd, policy, environment, softOpenFiles: limit, codexHome };
}

export function parseHelperArguments(words: readonly ByteString[]): ParsedArguments {
  let parentPid: number | undefined;
  let softOpenFiles: number | undefined;
  let standing: "wait" | "template" | undefined;
  let index = 0;
  for (; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (!word.startsWith("-") || word === "--") break;
    if (word === "-h" || word === "--help") return { kind: "help" };
    if (word === "--wait" || word === "--template") {
      standing = word === "--wait" ? "wait" : "template";
      continue;
    }
    if (word !== "--parent-pid" && word !== "--open-files") {
      return usageError(`Unknown option ${quoted(word)}`);
    }
    index += 1;
    const value = wholeNumber(words[index]);
    if (value === undefined) return usageError(`Option ${word} takes a whole number`);
    if (word === "--parent-pid") parentPid = value;
    else softOpenFiles = value;
  }
  if (standing !== undefined) {
    if (index < words.length) return usageError(`Option --${standing} takes no program`);
    if (parentPid === undefined) return usageError(`Option --${standing} needs --parent-pid`);
    return { kind: standing, parentPid };
  }
  const [policyCwd, policyText, ...rest] = words.slice(index);
  if (policyCwd === undefined) return usageError("Missing argument <policy_cwd>");
  if (policyText === undefined) return usageError("Missing argument <policy_json>");
  if (!policyCwd.startsWith("/")) {
    return usageError(`Policy directory ${quoted(policyCwd)} is not an absolute path`);
  }
  const policy = decodePolicyText(policyText);
  if (typeof policy === "string") return usageError(`Policy ${quoted(policyText)}: ${policy}`);
  const argv = rest[0] === "--" ? rest.slice(1) : rest;
  if (argv.length === 0) return usageError("Missing argument <program>");
  return { kind: "run", request: { policyCwd, policy, argv, parentPid, softOpenFiles } };
}

function usageError(message: string): ParsedArguments {
  return { kind: "usage-error", message };
}

function wholeNumber(word: string | undefined): number | undefined {
  return word !== undefined && /^[0-9]{1,15}$/.test(word) ? Number(word) : undefined;
}

function decodePolicyText(json: ByteString): SandboxPolicy | string {
  const fields = jsonObject(bytesOf(json));
  if (typeof fields === "string") return fields;
  return decodePolicyFields(fields, textAsByteString);
}

function jsonObject(json: Uint8Array): ReadonlyMap<string, unknown> | string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(json);
    return objectFields(JSON.parse(text)) ?? "expected a JSON object";
  } catch {
    return "expected JSON text in UTF-8";
  }
}

function objectFields(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return new Map<string, unknown>(Object.entries(value));
}

/** How the strings of a JSON text stand for bytes; undefined when they cannot. */
type Reading = (value: unknown) => ByteString | undefined;

const textAsByteString: Reading = (value) =>
  typeof value === "string" && !value.includes("\0") ? byteStringFromText(value) : undefined;

const asByteString: Reading = (value) =>
  // oxlint-disable-next-line no-control-regex -- one character per byte, none of them NUL
  typeof value === "string" && /^[\u0001-\u00ff]*$/u.test(value) ? brand(value) : undefined;

function byteStrings(value: unknown): readonly ByteString[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const strings: ByteString[] = [];
  for (const item of value) {
    const string = asByteString(item);
    if (string === undefined) return undefined;
    strings.push(string);
  }
  return strings;
}

/**
 * The policy, or what is wrong with it. Decoded by hand, since the schema library costs more than
 * the rest of the helper. Its writable roots become byte strings.
 */
function decodePolicy(value: unknown, read: Reading): SandboxPolicy | string {
  const fields = objectFields(value);
  return fields === undefined ? "expected a JSON object" : decodePolicyFields(fields, read);
}

function decodePolicyFields(
  fields: ReadonlyMap<string, unknown>,
  read: Reading,
): SandboxPolicy | string {
  const mode = fields.get("mode");
  if (mode === "read-only" || mode === "danger-full-access") return { mode };
  if (mode !== "workspace-write") {
    return "expected mode to be read-only, workspace-write or danger-full-access";
  }
  const flags = new Map<string, boolean>();
  for (const name of ["network_access", "exclude_tmpdir_env_var", "exclude_slash_tmp"]) {
    const flag = fields.get(name) ?? false;
    if (typeof flag !== "boolean") return `expected true or false at ${name}`;
    flags.set(name, flag);
  }
  const given = fields.get("writable_roots") ?? [];
  if (!Array.isArray(given)) return "expected an array of paths at writable_roots";
  const roots: ByteString[] = [];
  for (const [index, item] of given.entries()) {
    const root = read(item);
    if (root === undefined) return `expected a path at writable_roots[${index}]`;
    if (!root.startsWith("/")) return `writable_roots[${index}] ${quoted(root)} is not absolute`;
    roots.push(root);
  }
  return {
    mode: "workspace-write",
    writable_roots: roots,
    network_access: flags.get("network_access") === true,
    exclude_tmpdir_env_var: flags.get("exclude_tmpdir_env_var") === true,
    exclude_slash_tmp: flags.get("exclude_slash_tmp") === true,
  };
}
