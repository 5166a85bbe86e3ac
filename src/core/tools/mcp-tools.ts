/** Calls of tools that MCP servers offer: their events, and what the model gets. */
import type { Environment } from "../../config/codex-home.ts";
import type { McpServer } from "../../config/mcp-servers.ts";
import { ConnectionManager, type OfferedTool } from "../../mcp-client/connection-manager.ts";
import type { ServerNotice } from "../../mcp-client/connection.ts";
import { plainDescription, plainParameters } from "../../mcp-client/plain-schema.ts";
import { resultText } from "../../mcp-client/result-text.ts";
import type { FunctionToolSpec } from "../../model/tool-specs.ts";
import type { HelperPool } from "../../process/helper-pool.ts";
import { durationFromMs } from "../../protocol/event-encoding.ts";
import type { EventMsg, McpTool, McpToolResult } from "../../protocol/event.ts";
import { isTooDeep } from "../../protocol/nesting.ts";
import type { ByteString } from "../../runtime/byte-string.ts";
import type { ToolInvocation, ToolProvider } from "./tool.ts";

export interface ServersInput {
  /** For tokens of servers elsewhere. */
  readonly env: Environment;
  /** The whole environment of the process; servers get little of it. */
  readonly inherited: readonly ByteString[];
  readonly helpers: () => Promise<HelperPool>;
  readonly emit: (msg: EventMsg) => void;
}

export class McpTools implements ToolProvider {
  readonly #manager: ConnectionManager;

  constructor(servers: readonly McpServer[], { emit, ...context }: ServersInput) {
    this.#manager = new ConnectionManager(servers, context, (notice) => emit(eventOf(notice)));
  }

  start(): Promise<void> {
    return this.#manager.start();
  }

  specs(): readonly FunctionToolSpec[] {
    return this.#manager.tools().map(({ name, tool: { description } }) => ({
      type: "function",
      name,
      description: plainDescription(description["description"]),
      strict: false,
      parameters: plainParameters(description.inputSchema),
    }));
  }

  list(): Readonly<Record<string, McpTool>> {
    return Object.fromEntries(
      this.#manager.tools().map(({ name, tool }) => [name, tool.description]),
    );
  }

  has(name: string): boolean {
    return this.#manager.find(name) !== undefined;
  }

  async call(name: string, text: string, invocation: ToolInvocation): Promise<string> {
    const tool = this.#manager.find(name);
    if (tool === undefined) return `unsupported call: ${name}`;
    const args = readArguments(text);
    if (!args.ok) return `err: ${args.message}`;
    return this.#callTool(tool, args.value, invocation);
  }

  close(): Promise<void> {
    return this.#manager.close();
  }

  async #callTool(
    tool: OfferedTool,
    args: unknown,
    { callId, emit, signal }: ToolInvocation,
  ): Promise<string> {
    const { server, toolName } = tool;
    const call = {
      call_id: callId,
      invocation: { server, tool: toolName, arguments: args ?? null },
    };
    const startedAt = performance.now();
    emit({ type: "mcp_tool_call_begin", ...call });
    const answer = await this.#answer(tool, args, signal);
    const duration = durationFromMs(performance.now() - startedAt);
    const result = typeof answer === "string" ? { Err: answer } : { Ok: answer };
    emit({ type: "mcp_tool_call_end", ...call, duration, result });
    return typeof answer === "string" ? answer : resultText(answer);
  }

  /** A text tells why there is none. */
  async #answer(
    tool: OfferedTool,
    args: unknown,
    signal: AbortSignal,
  ): Promise<McpToolResult | string> {
    try {
      return await this.#manager.call(tool, args, signal);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const called = `${tool.server}/${tool.toolName}`;
      return `tool call error: tool call failed for \`${called}\`: ${reason}`;
    }
  }
}

function eventOf({ kind, message }: ServerNotice): EventMsg {
  return { type: kind === "failed" ? "error" : "background_event", message };
}

type Arguments =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string };

/** No text and null are no arguments; whatever else is not an object is refused. */
function readArguments(text: string): Arguments {
  if (text.trim() === "") return { ok: true, value: undefined };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
  if (value === null) return { ok: true, value: undefined };
  if (typeof value !== "object" || Array.isArray(value)) {
    return { ok: false, message: "the arguments are not a JSON object" };
  }
  if (isTooDeep(value)) return { ok: false, message: "the arguments nest too deep" };
  return { ok: true, value };
}
