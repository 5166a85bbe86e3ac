/** Servers that are reached by streamable HTTP. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  StreamableHTTPClientTransport,
  StreamableHTTPError,
} from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Environment } from "../config/codex-home.ts";
import type { HttpServer } from "../config/mcp-servers.ts";
import { McpServerError } from "./mcp-server-error.ts";

/**
 * The token goes to the configured origin only: redirects elsewhere are not followed.
 * Errors: McpServerError when the token's variable is not set.
 */
export function httpTransport(server: HttpServer, env: Environment): StreamableHTTPClientTransport {
  return new StreamableHTTPClientTransport(new URL(server.url), {
    requestInit: { headers: requestHeaders(server, env) },
  });
}

export function requestHeaders(server: HttpServer, env: Environment): Record<string, string> {
  const headers: Record<string, string> = { ...server.httpHeaders };
  for (const [header, variable] of Object.entries(server.envHttpHeaders)) {
    const value = env[variable];
    if (value !== undefined && value !== "") headers[header] = value;
  }
  const { bearerTokenEnvVar: name } = server;
  if (name === undefined) return headers;
  const token = env[name]?.trim() ?? "";
  if (token === "") {
    throw new McpServerError(`the environment variable ${name} for its bearer token is not set`);
  }
  headers["Authorization"] = `Bearer ${token}`;
  return headers;
}

/** The server is not there any more, or has forgotten this session. */
export function isServerGone(error: unknown): boolean {
  if (error instanceof StreamableHTTPError) return error.code === 404;
  return error instanceof TypeError && error.message === "fetch failed";
}

/** What fetch says is always the same; the reason is in its cause. */
export function describeHttpError(error: unknown): string | undefined {
  if (!(error instanceof TypeError) || error.message !== "fetch failed") return undefined;
  const { cause } = error;
  if (!(cause instanceof Error)) return "it cannot be reached";
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
  return `it cannot be reached: ${code}`;
}

const GOODBYE_MS = 500;

/** Tells the server that the session is over, if it wants to hear it soon. Never rejects. */
export async function endSession(transport: StreamableHTTPClientTransport): Promise<void> {
  const limit = new AbortController();
  const timer = sleep(GOODBYE_MS, undefined, { signal: limit.signal }).catch(() => undefined);
  await Promise.race([transport.terminateSession().catch(() => undefined), timer]);
  limit.abort();
}
