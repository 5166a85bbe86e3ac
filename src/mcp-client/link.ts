/** Opens a connection to one server, loading only what its kind needs. */
import type { Environment } from "../config/codex-home.ts";
import type { McpServer } from "../config/mcp-servers.ts";
import type { McpTool, McpToolResult } from "../protocol/event.ts";
import type { LinkTransport } from "./client-link.ts";
import { type PipeContext, ServerPipe } from "./server-pipe.ts";

export interface Link {
  /** As the server describes them; changes when the server says so. */
  readonly tools: readonly McpTool[];
  onToolsChanged: () => void;
  /** Resolves with what happened when the server is gone without being asked to. */
  readonly lost: Promise<string>;
  /** `args` undefined: none are sent. Errors: McpServerError, also when `signal` aborts. */
  readonly call: (name: string, args: unknown, signal: AbortSignal) => Promise<McpToolResult>;
  /** Ends the server, or the session with it. Never rejects. */
  readonly close: () => Promise<void>;
}

export type LinkLimits = Pick<McpServer, "startupTimeoutMs" | "toolTimeoutMs">;

export interface LinkContext extends PipeContext {
  /** For tokens and headers of servers elsewhere. */
  readonly env: Environment;
}

/**
 * Errors: McpServerError. What is left of the server is then ended, which takes its time: `onEnding`
 * gets the promise of it.
 */
export async function openLink(
  server: McpServer,
  context: LinkContext,
  signal: AbortSignal,
  onEnding: (end: Promise<void>) => void,
): Promise<Link> {
  const { transport } = server;
  // The program starts while the protocol is loaded, which takes about as long.
  const pipe = transport.kind === "stdio" ? await ServerPipe.start(transport, context) : undefined;
  try {
    const { ClientLink } = await import("./client-link.ts");
    const link = pipe === undefined ? await httpLink(server, context) : await stdioLink(pipe);
    return await ClientLink.open(link, server, signal, onEnding);
  } catch (error) {
    if (pipe !== undefined) onEnding(pipe.close());
    throw error;
  }
}

async function stdioLink(pipe: ServerPipe): Promise<LinkTransport> {
  const { StdioTransport } = await import("./stdio-transport.ts");
  const transport = new StdioTransport(pipe);
  return {
    transport,
    ended: pipe.ended().then((reason) => transport.fault ?? reason),
    describe: () => undefined,
    isServerGone: () => false,
    lastWords: () => pipe.lastWords,
    sayGoodbye: () => Promise.resolve(),
  };
}

async function httpLink(server: McpServer, { env }: LinkContext): Promise<LinkTransport> {
  if (server.transport.kind !== "http") throw new TypeError("Not a server with an address");
  const http = await import("./http-transport.ts");
  const transport = http.httpTransport(server.transport, env);
  return {
    transport,
    ended: new Promise(() => undefined),
    describe: http.describeHttpError,
    isServerGone: http.isServerGone,
    lastWords: () => "",
    sayGoodbye: () => http.endSession(transport),
  };
}
