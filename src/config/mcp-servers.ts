/** `[mcp_servers]`: programs and services that offer tools to the agent. */
import { resolve } from "node:path";
import type { ConfigProblem } from "./config-error.ts";
import type { McpServerToml } from "./config-toml.ts";

export interface McpServer {
  readonly name: string;
  /** False: known, but not to be started. */
  readonly isEnabled: boolean;
  readonly transport: StdioServer | HttpServer;
  /** For everything until its tools are known. */
  readonly startupTimeoutMs: number;
  /** For one call. */
  readonly toolTimeoutMs: number;
  /** Offer these only; undefined: all. */
  readonly enabledTools: readonly string[] | undefined;
  /** Offer none of these. */
  readonly disabledTools: readonly string[];
}

/** A program that speaks on its standard input and output. */
export interface StdioServer {
  readonly kind: "stdio";
  readonly command: string;
  readonly args: readonly string[];
  /** Set on top of the few variables that every server gets. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly cwd: string;
}

/** A server that is reached by streamable HTTP. */
export interface HttpServer {
  readonly kind: "http";
  readonly url: string;
  /** Name of the variable with the token; the token itself is never in the configuration. */
  readonly bearerTokenEnvVar: string | undefined;
  readonly httpHeaders: Readonly<Record<string, string>>;
  /** Header to name of the variable with its value; left out when the variable is not set. */
  readonly envHttpHeaders: Readonly<Record<string, string>>;
}

export interface McpServers {
  readonly servers: readonly McpServer[];
  /** What stops the program. */
  readonly errors: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

const DEFAULT_STARTUP_TIMEOUT_S = 10;
const DEFAULT_TOOL_TIMEOUT_S = 60;

// The name becomes part of the names that the model sees.
const NAME = /^[a-zA-Z0-9_-]+$/;

const STDIO_KEYS = ["args", "env", "cwd"] as const;
const HTTP_KEYS = ["bearer_token_env_var", "http_headers", "env_http_headers"] as const;

/**
 * Sorted by name. Servers with a name that cannot be used are left out: a warning tells of them.
 * `cwd` is the session's directory: where servers start, and where relative directories begin.
 */
export function listMcpServers(
  entries: Readonly<Record<string, McpServerToml>>,
  cwd: string,
): McpServers {
  const servers: McpServer[] = [];
  const errors: ConfigProblem[] = [];
  const warnings: ConfigProblem[] = [];
  for (const [name, toml] of Object.entries(entries)) {
    const key = ["mcp_servers", name];
    const transport = transportOf(toml, cwd);
    if (typeof transport === "string") {
      errors.push({ key, complaint: transport });
      continue;
    }
    const unused = transport.kind === "stdio" ? HTTP_KEYS : STDIO_KEYS;
    for (const each of unused.filter((one) => toml[one] !== undefined)) {
      const kind = transport.kind === "stdio" ? "command" : "url";
      warnings.push({ key: [...key, each], complaint: `has no effect for a server with ${kind}` });
    }
    if (NAME.test(name)) servers.push(server(name, toml, transport));
    else {
      const complaint = "not started: a name may hold only letters, digits, _ and -";
      warnings.push({ key, complaint });
    }
  }
  return { servers: servers.toSorted((a, b) => (a.name < b.name ? -1 : 1)), errors, warnings };
}

function server(name: string, toml: McpServerToml, transport: McpServer["transport"]): McpServer {
  return {
    name,
    isEnabled: toml.enabled ?? true,
    transport,
    startupTimeoutMs: milliseconds(toml.startup_timeout_sec ?? DEFAULT_STARTUP_TIMEOUT_S),
    toolTimeoutMs: milliseconds(toml.tool_timeout_sec ?? DEFAULT_TOOL_TIMEOUT_S),
    enabledTools: toml.enabled_tools,
    disabledTools: toml.disabled_tools ?? [],
  };
}

/** Or what is wrong. */
function transportOf(toml: McpServerToml, cwd: string): McpServer["transport"] | string {
  const { command, url } = toml;
  if (command !== undefined && url !== undefined) {
    return "both command and url are set, expected one of them";
  }
  if (command !== undefined) {
    if (command === "" || command.includes("\0"))
      return "expected the name of a program at command";
    const { args = [], env = {} } = toml;
    return { kind: "stdio", command, args, env: { ...env }, cwd: resolve(cwd, toml.cwd ?? "") };
  }
  if (url === undefined) return "expected a program at command, or an address at url";
  if (!isHttpUrl(url)) return "expected an address with http:// or https:// at url";
  return {
    kind: "http",
    url,
    bearerTokenEnvVar: toml.bearer_token_env_var,
    httpHeaders: { ...toml.http_headers },
    envHttpHeaders: { ...toml.env_http_headers },
  };
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "http:" || url.protocol === "https:");
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

function milliseconds(seconds: number): number {
  return Math.min(Math.ceil(seconds * 1_000), LONGEST_TIMER_MS);
}
