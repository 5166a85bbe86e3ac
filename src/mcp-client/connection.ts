/** One configured server: started, called, started once more when it ends by itself, ended. */
import type { McpServer } from "../config/mcp-servers.ts";
import type { McpTool, McpToolResult } from "../protocol/event.ts";
import { type Link, type LinkContext, openLink } from "./link.ts";
import { McpServerError } from "./mcp-server-error.ts";

export type ConnectionState =
  | { readonly kind: "disabled" | "starting" | "ready" | "closed" }
  | { readonly kind: "failed"; readonly reason: string };

/** News of a server that no call has asked for. */
export interface ServerNotice {
  readonly kind: "failed" | "news";
  readonly message: string;
}

export interface ConnectionEvents {
  readonly onNotice: (notice: ServerNotice) => void;
  readonly onToolsChanged: () => void;
}

const MAX_RESTARTS = 1;

export class Connection {
  readonly server: McpServer;
  readonly #context: LinkContext;
  readonly #events: ConnectionEvents;
  readonly #closing = new AbortController();
  #state: ConnectionState;
  #link: Link | undefined;
  /** Of the last connection: they stay on offer while the server is started again. */
  #tools: readonly McpTool[] = [];
  readonly #endings: Promise<void>[] = [];
  /** Resolves when the server is ready or has failed; never rejects. */
  #settled: Promise<void> = Promise.resolve();
  #restarts = 0;

  constructor(server: McpServer, context: LinkContext, events: ConnectionEvents) {
    this.server = server;
    this.#context = context;
    this.#events = events;
    this.#state = { kind: server.isEnabled ? "starting" : "disabled" };
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Those that the configuration lets through, as the server describes them. */
  get tools(): readonly McpTool[] {
    const { enabledTools, disabledTools } = this.server;
    return this.#tools.filter(
      ({ name }) => enabledTools?.includes(name) !== false && !disabledTools.includes(name),
    );
  }

  /** Resolves when the server is ready or has failed; never rejects. */
  start(): Promise<void> {
    if (!this.server.isEnabled) return Promise.resolve();
    this.#settled = this.#open((reason) =>
      this.#fail(reason, `MCP client for \`${this.server.name}\` failed to start: ${reason}`),
    );
    return this.#settled;
  }

  /** Errors: McpServerError. */
  async call(tool: string, args: unknown, signal: AbortSignal): Promise<McpToolResult> {
    await Promise.race([this.#settled, aborted(signal)]);
    if (signal.aborted) throw new McpServerError("interrupted by the user");
    const link = this.#link;
    if (link !== undefined) return link.call(tool, args, signal);
    const { state } = this;
    const reason = state.kind === "failed" ? state.reason : state.kind;
    throw new McpServerError(`the server is not running: ${reason}`);
  }

  /** Ends the server, also while it starts. Never rejects. */
  async close(): Promise<void> {
    this.#closing.abort();
    const link = this.#link;
    this.#link = undefined;
    if (this.#state.kind !== "disabled") this.#state = { kind: "closed" };
    await Promise.all([link?.close(), this.#settled]);
    await Promise.all(this.#endings);
  }

  async #open(onFailure: (reason: string) => void): Promise<void> {
    const { signal } = this.#closing;
    try {
      const link = await openLink(this.server, this.#context, signal, (end) => {
        this.#endings.push(end);
      });
      if (signal.aborted) {
        await link.close();
        return;
      }
      this.#link = link;
      const takeTools = (): void => {
        this.#tools = link.tools;
        this.#events.onToolsChanged();
      };
      takeTools();
      link.onToolsChanged = takeTools;
      this.#state = { kind: "ready" };
      void link.lost.then((reason) => this.#lose(link, reason));
    } catch (error) {
      if (signal.aborted) return;
      onFailure(error instanceof Error ? error.message : String(error));
    }
  }

  #lose(link: Link, reason: string): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#endings.push(link.close());
    const title = `MCP server \`${this.server.name}\``;
    if (this.#restarts >= MAX_RESTARTS) {
      this.#fail(reason, `${title} is gone again and is not started any more: ${reason}`);
      return;
    }
    this.#restarts += 1;
    this.#state = { kind: "starting" };
    const message = `${title} is gone and is started again: ${reason}`;
    this.#events.onNotice({ kind: "news", message });
    this.#settled = this.#open((why) =>
      this.#fail(why, `${title} could not be started again: ${why}`),
    );
  }

  #fail(reason: string, message: string): void {
    this.#state = { kind: "failed", reason };
    this.#events.onNotice({ kind: "failed", message });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
