/** `codex mcp` with a scripted model, and the messages that tests send it again and again. */
import type { TestContext } from "node:test";
import { type ServerAnswer, startModelServer } from "../support/model-server.ts";
import { at, type JsonObject, StdioPeer } from "../support/stdio-peer.ts";

export const UNTRUSTED = {
  "approval-policy": "untrusted",
  sandbox: "workspace-write",
} as const;

export class McpSession extends StdioPeer {
  #nextId = 100;

  static async start(
    t: TestContext,
    script: readonly [ServerAnswer, ...ServerAnswer[]],
    config: readonly string[] = [],
  ): Promise<McpSession> {
    const server = await startModelServer(t, script);
    const session = new McpSession(t, ["mcp"], { url: server.url, config });
    const clientInfo = { name: "test", version: "1" };
    const capabilities = { elicitation: {} };
    const params = { protocolVersion: "2025-06-18", capabilities, clientInfo };
    await session.request("initialize", params);
    session.send({ jsonrpc: "2.0", method: "notifications/initialized" });
    return session;
  }

  post(id: number | string, method: string, params?: JsonObject): void {
    this.send({ jsonrpc: "2.0", id, method, ...(params === undefined ? {} : { params }) });
  }

  callTool(id: number | string, name: string, args: JsonObject): void {
    this.post(id, "tools/call", { name, arguments: args });
  }

  /** The whole answer, good or bad. */
  answer(id: number | string): Promise<JsonObject> {
    return this.next(`answer to ${id}`, (line) => line["id"] === id && !("method" in line));
  }

  async request(method: string, params?: JsonObject): Promise<JsonObject> {
    const id = this.#nextId++;
    this.post(id, method, params);
    return this.answer(id);
  }

  reply(question: JsonObject, result: JsonObject): void {
    this.send({ jsonrpc: "2.0", id: question["id"], result });
  }

  question(method: string): Promise<JsonObject> {
    return this.next(method, (line) => line["method"] === method && "id" in line);
  }

  event(type: string): Promise<JsonObject> {
    return this.next(type, (line) => at(line, "params.msg.type") === type);
  }

  /** Type of every event so far, for the tool call with this id or the conversation with it. */
  eventTypes(of: unknown): readonly unknown[] {
    return this.lines
      .filter(
        (line) =>
          at(line, "params._meta.requestId") === of || at(line, "params.conversationId") === of,
      )
      .map((line) => at(line, "params.msg.type"));
  }

  async newConversation(params: JsonObject = {}): Promise<string> {
    return String(at(await this.request("newConversation", params), "result.conversationId"));
  }
}

export function textItems(text: string): readonly JsonObject[] {
  return [{ type: "text", data: { text } }];
}

export function textResult(text: string): JsonObject {
  return { content: [{ type: "text", text }] };
}
