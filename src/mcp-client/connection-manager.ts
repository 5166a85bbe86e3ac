/** All configured servers of one session, and their tools under the names that models use. */
import type { McpServer } from "../config/mcp-servers.ts";
import type { McpTool, McpToolResult } from "../protocol/event.ts";
import { Connection, type ConnectionState, type ServerNotice } from "./connection.ts";
import type { LinkContext } from "./link.ts";
import { McpServerError } from "./mcp-server-error.ts";
import { type NamedTool, type NamedTools, nameTools } from "./tool-names.ts";

export interface OfferedTool {
  readonly server: string;
  readonly toolName: string;
  /** As the server describes it. */
  readonly description: McpTool;
}

export interface ServerReport {
  readonly server: McpServer;
  readonly state: ConnectionState;
  readonly tools: readonly NamedTool<OfferedTool>[];
}

export class ConnectionManager {
  readonly #connections: readonly Connection[];
  readonly #onNotice: (notice: ServerNotice) => void;
  readonly #warned = new Set<string>();
  #started: Promise<void> | undefined;
  #named: NamedTools<OfferedTool> | undefined;

  constructor(
    servers: readonly McpServer[],
    context: LinkContext,
    onNotice: (notice: ServerNotice) => void,
  ) {
    this.#onNotice = onNotice;
    const onToolsChanged = (): void => {
      this.#named = undefined;
    };
    this.#connections = servers.map(
      (server) => new Connection(server, context, { onNotice, onToolsChanged }),
    );
  }

  /** All at once. Resolves when every server is ready or has failed; never rejects. */
  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  /** By name. Grows and shrinks only when a server says that its tools have changed. */
  tools(): readonly NamedTool<OfferedTool>[] {
    this.#named ??= this.#name();
    return this.#named.tools;
  }

  find(name: string): OfferedTool | undefined {
    return this.tools().find((tool) => tool.name === name)?.tool;
  }

  /** Errors: McpServerError. */
  async call(tool: OfferedTool, args: unknown, signal: AbortSignal): Promise<McpToolResult> {
    const connection = this.#connections.find(({ server }) => server.name === tool.server);
    if (connection === undefined) throw new McpServerError("there is no such server");
    return connection.call(tool.toolName, args, signal);
  }

  report(): readonly ServerReport[] {
    const tools = this.tools();
    return this.#connections.map(({ server, state }) => ({
      server,
      state,
      tools: tools.filter(({ tool }) => tool.server === server.name),
    }));
  }

  /** Ends all servers at once. Never rejects. */
  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }

  async #start(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.start()));
    this.#named = undefined;
    this.tools();
  }

  #name(): NamedTools<OfferedTool> {
    const named = nameTools(
      this.#connections.flatMap(({ server, tools }) =>
        tools.map((tool) => ({
          server: server.name,
          toolName: tool.name,
          description: tool,
        })),
      ),
    );
    for (const duplicate of named.duplicates.filter((name) => !this.#warned.has(name))) {
      this.#warned.add(duplicate);
      const message = `MCP tool \`${duplicate}\` is left out: another one has the same name`;
      this.#onNotice({ kind: "news", message });
    }
    return named;
  }
}
