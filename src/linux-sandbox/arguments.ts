/**
 * The sandbox helper's command line, both directions, in one place:
 * `codex-linux-sandbox [options] <policy_cwd> <policy_json> [--] program [args…]`.
 */
import type { SandboxPolicy } from "../protocol/sandbox-policy.ts";
import { bytesOf, byteStringFromText, quoted, type ByteString } from "../runtime/byte-string.ts";

export interface HelperRequest {
  readonly policyCwd: ByteString;
  readonly policy: SandboxPolicy;
  readonly argv: readonly ByteString[];
  /** Process id of the launcher, whose end must end the command. */
  readonly parentPid: number | undefined;
  /** The soft limit of open files to put back. */
  readonly softOpenFiles: number | undefined;
}

export type ParsedArguments =
  | { readonly kind: "run"; readonly request: HelperRequest }
  | { readonly kind: "help" }
  | { readonly kind: "usage-error"; readonly message: string };

/** The file name under which this executable is the helper. */
export const HELPER_NAME = "codex-linux-sandbox";

export const helperUsage = `Usage: ${HELPER_NAME} [options] <policy_cwd> <policy_json> [--] <program> [args...]

Confines itself by a sandbox policy (Landlock, seccomp), then becomes the program.

Arguments:
  policy_cwd           directory that a workspace-write policy makes writable
  policy_json          for example '{"mode":"read-only"}' or '{"mode":"workspace-write"}'

Options:
  --parent-pid <pid>   refuse to start unless this is the parent process
  --open-files <n>     soft limit of open files for the program
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

export function parseHelperArguments(words: readonly ByteString[]): ParsedArguments {
  let parentPid: number | undefined;
  let softOpenFiles: number | undefined;
  let index = 0;
  for (; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (!word.startsWith("-") || word === "--") break;
    if (word === "-h" || word === "--help") return { kind: "help" };
    if (word !== "--parent-pid" && word !== "--open-files") {
      return usageError(`Unknown option ${quoted(word)}`);
    }
    index += 1;
    const value = wholeNumber(words[index]);
    if (value === undefined) return usageError(`Option ${word} takes a whole number`);
    if (word === "--parent-pid") parentPid = value;
    else softOpenFiles = value;
  }
  const [policyCwd, policyText, ...rest] = words.slice(index);
  if (policyCwd === undefined) return usageError("Missing argument <policy_cwd>");
  if (policyText === undefined) return usageError("Missing argument <policy_json>");
  if (!policyCwd.startsWith("/")) {
    return usageError(`Policy directory ${quoted(policyCwd)} is not an absolute path`);
  }
  const policy = decodePolicy(policyText);
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

/**
 * The policy, or what is wrong with it. Decoded by hand, since the schema library costs more than
 * the rest of the helper. Its writable roots become byte strings.
 */
function decodePolicy(json: ByteString): SandboxPolicy | string {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytesOf(json)));
  } catch {
    return "expected JSON text in UTF-8";
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return "expected a JSON object";
  }
  const fields = new Map<string, unknown>(Object.entries(value));
  const mode = fields.get("mode");
  if (mode === "read-only" || mode === "danger-full-access") return { mode };
  if (mode !== "workspace-write") {
    return "expected mode to be read-only, workspace-write or danger-full-access";
  }
  return decodeWorkspaceWrite(fields);
}

function decodeWorkspaceWrite(fields: ReadonlyMap<string, unknown>): SandboxPolicy | string {
  const flags = new Map<string, boolean>();
  for (const name of ["network_access", "exclude_tmpdir_env_var", "exclude_slash_tmp"]) {
    const flag = fields.get(name) ?? false;
    if (typeof flag !== "boolean") return `expected true or false at ${name}`;
    flags.set(name, flag);
  }
  const given = fields.get("writable_roots") ?? [];
  if (!Array.isArray(given)) return "expected an array of paths at writable_roots";
  const roots: ByteString[] = [];
  for (const [index, root] of given.entries()) {
    if (typeof root !== "string" || root.includes("\0")) {
      return `expected a path at writable_roots[${index}]`;
    }
    if (!root.startsWith("/")) return `writable_roots[${index}] ${quoted(root)} is not absolute`;
    roots.push(byteStringFromText(root));
  }
  return {
    mode: "workspace-write",
    writable_roots: roots,
    network_access: flags.get("network_access") === true,
    exclude_tmpdir_env_var: flags.get("exclude_tmpdir_env_var") === true,
    exclude_slash_tmp: flags.get("exclude_slash_tmp") === true,
  };
}

/** For callers that hold a policy with text paths, such as the CLI confining itself. */
export function policyWithBytePaths(policy: SandboxPolicy): SandboxPolicy {
  if (policy.mode !== "workspace-write") return policy;
  return { ...policy, writable_roots: policy.writable_roots.map(byteStringFromText) };
}
