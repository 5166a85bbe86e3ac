/** One connection to a server, from the handshake to its end, on the protocol's own SDK. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  ElicitRequestSchema,
  ErrorCode,
  McpError,
  ToolListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod/mini";
import { mcpToolSchema, type McpTool, type McpToolResult } from "../protocol/event.ts";
import { isTooDeep } from "../protocol/nesting.ts";
import { version } from "../runtime/version.ts";
import type { Link, LinkLimits } from "./link.ts";
import { McpServerError, oneLine, seconds } from "./mcp-server-error.ts";

/** What differs between programs and servers elsewhere. */
export interface LinkTransport {
  readonly transport: Transport;
  /** Resolves with what happened when the other side has ended; never, when nothing tells. */
  readonly ended: Promise<string>;
  /** Words for an error of the transport; undefined: its own. */
  readonly describe: (error: unknown) => string | undefined;
  readonly isServerGone: (error: unknown) => boolean;
  /** What the server has said last, for the message about a time limit. */
  readonly lastWords: () => string;
  /** Before the transport is closed. Never rejects. */
  readonly sayGoodbye: () => Promise<void>;
}

// Tools are decoded one by one: a single odd one does not cost the others.
const toolPageSchema = z.looseObject({
  tools: z.array(z.unknown()),
  nextCursor: z.optional(z.nullable(z.string())),
});

const toolResultSchema = z.looseObject({
  content: z._default(z.array(z.unknown()), []),
  structuredContent: z.optional(z.unknown()),
  isError: z.optional(z.boolean()),
});

/** The SDK's own way to check results would load and compile schemas that nobody here needs. */
const NO_VALIDATION = {
  getValidator: () => () => ({
    valid: false as const,
    data: undefined,
    errorMessage: "not validated",
  }),
};

export class ClientLink implements Link {
  readonly lost: Promise<string>;
  tools: readonly McpTool[] = [];
  onToolsChanged: () => void = () => undefined;
  readonly #client: Client;
  readonly #link: LinkTransport;
  readonly #limits: LinkLimits;
  readonly #lose: (reason: string) => void;
  #closing: Promise<void> | undefined;
  #lossReason: string | undefined;

  /** Shakes hands and reads the tools. Errors: McpServerError; the transport is then closed. */
  static async open(
    link: LinkTransport,
    limits: LinkLimits,
    signal: AbortSignal,
    onEnding: (end: Promise<void>) => void,
  ): Promise<ClientLink> {
    const opened = new ClientLink(link, limits);
    const timer = new AbortController();
    const timeout = setTimeout(() => timer.abort(), limits.startupTimeoutMs);
    const either = AbortSignal.any([signal, timer.signal]);
    try {
      await opened.#start(either);
      return opened;
    } catch (error) {
      const reason = await opened.#startFailure(error, timer.signal);
      onEnding(opened.close());
      throw new McpServerError(reason, { cause: error });
    } finally {
      clearTimeout(timeout);
    }
  }

  private constructor(link: LinkTransport, limits: LinkLimits) {
    this.#link = link;
    this.#limits = limits;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.lost = promise;
    this.#lose = (reason) => {
      this.#lossReason ??= reason;
      resolve(this.#lossReason);
    };
    void link.ended.then(this.#lose);
    this.#client = new Client(
      { name: "codex-mcp-client", title: "Codex", version },
      { capabilities: { elicitation: {} }, jsonSchemaValidator: NO_VALIDATION },
    );
    // There is nobody to ask here: the model is to say what is missing.
    this.#client.setRequestHandler(ElicitRequestSchema, () => ({ action: "decline" as const }));
    this.#client.setNotificationHandler(ToolListChangedNotificationSchema, () => this.#refresh());
  }

  /** Errors: McpServerError. */
  async call(name: string, args: unknown, signal: AbortSignal): Promise<McpToolResult> {
    const controller = new AbortController();
    const abort = (): void => controller.abort("interrupted by the user");
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    const params = { name, ...(args === undefined ? {} : { arguments: args }) };
    try {
      const request = { method: "tools/call", params };
      const result = await this.#client.request(request, toolResultSchema, {
        signal: controller.signal,
        timeout: this.#limits.toolTimeoutMs,
      });
      if (isTooDeep(result)) throw new McpServerError("its result nests too deep to be read");
      return result;
    } catch (error) {
      throw await this.#callFailure(error, signal);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#link.sayGoodbye();
    try {
      await this.#client.close();
      await this.#link.transport.close(); // also when the handshake never came so far
    } catch {
      // It is given up in any case.
    }
  }

  async #start(signal: AbortSignal): Promise<void> {
    const options = { signal, timeout: LONGEST_TIMER_MS };
    await this.#client.connect(this.#link.transport, options);
    this.tools = await this.#listTools(options);
  }

  /** All pages. */
  async #listTools(options: {
    signal?: AbortSignal;
    timeout: number;
  }): Promise<readonly McpTool[]> {
    const tools: McpTool[] = [];
    const seen = new Set<string>();
    for (let cursor: string | undefined; ;) {
      const page = await this.#toolPage(cursor, options);
      for (const entry of page.tools) {
        const tool = isTooDeep(entry) ? undefined : mcpToolSchema.safeParse(entry);
        if (tool?.success === true) tools.push(tool.data);
      }
      cursor = page.nextCursor ?? "";
      if (cursor === "") return tools;
      if (seen.has(cursor) || tools.length > MAX_TOOLS) {
        throw new McpServerError("its list of tools has no end");
      }
      seen.add(cursor);
    }
  }

  async #toolPage(cursor: string | undefined, options: { signal?: AbortSignal; timeout: number }) {
    const request = {
      method: "tools/list",
      ...(cursor === undefined ? {} : { params: { cursor } }),
    };
    try {
      return await this.#client.request(request, toolPageSchema, options);
    } catch (error) {
      const hasNone = hasCode(error, ErrorCode.MethodNotFound);
      if (hasNone && cursor === undefined) return { tools: [], nextCursor: undefined };
      throw error;
    }
  }

  async #refresh(): Promise<void> {
    if (this.#closing !== undefined) return;
    try {
      this.tools = await this.#listTools({ timeout: this.#limits.startupTimeoutMs });
      this.onToolsChanged();
    } catch {
      // The tools of before may still work; a call tells when they do not.
    }
  }

  async #startFailure(error: unknown, timer: AbortSignal): Promise<string> {
    if (timer.aborted) {
      const limit = seconds(this.#limits.startupTimeoutMs);
      return `it was not ready within ${limit}${this.#link.lastWords()}`;
    }
    if (isConnectionClosed(error)) return this.#whyLost();
    return this.#reasonOf(error);
  }

  async #callFailure(error: unknown, signal: AbortSignal): Promise<McpServerError> {
    if (signal.aborted) return new McpServerError("interrupted by the user", { cause: error });
    if (hasCode(error, ErrorCode.RequestTimeout) && isOurs(error)) {
      const limit = seconds(this.#limits.toolTimeoutMs);
      return new McpServerError(`no answer within ${limit}`, { cause: error });
    }
    if (isConnectionClosed(error)) {
      const reason = `the server is gone: ${await this.#whyLost()}`;
      return new McpServerError(reason, { cause: error });
    }
    const reason = this.#reasonOf(error);
    if (this.#link.isServerGone(error)) this.#lose(reason);
    return new McpServerError(reason, { cause: error });
  }

  async #whyLost(): Promise<string> {
    return this.#lossReason ?? this.lost;
  }

  #reasonOf(error: unknown): string {
    const described = this.#link.describe(error);
    if (described !== undefined) return described;
    if (error instanceof z.core.$ZodError)
      return `its answer is not as the protocol says: ${zodReason(error)}`;
    return oneLine(error instanceof Error ? error.message : String(error));
  }
}

/** Above all that a start may last; the limit is the timer's. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const MAX_TOOLS = 10_000;

function zodReason(error: z.core.$ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? "unknown" : `${issue.path.map(String).join(".")}: ${issue.message}`;
}

/** Made here, not sent by the server. */
function isOurs(error: McpError): boolean {
  return error.message.endsWith("Request timed out");
}

function isConnectionClosed(error: unknown): boolean {
  if (hasCode(error, ErrorCode.ConnectionClosed))
    return error.message.endsWith("Connection closed");
  if (!(error instanceof Error)) return false;
  if (error.message === "Not connected") return true;
  return "code" in error && typeof error.code === "string" && CLOSED_INPUT.includes(error.code);
}

/** Codes of a write to a server that does not read any more. */
const CLOSED_INPUT = ["EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"];

/** Servers may also send codes that the enumeration lacks. */
function hasCode(error: unknown, code: number): error is McpError {
  return error instanceof McpError && error.code === code;
}
