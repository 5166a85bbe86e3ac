/** Every request of the client, by its method. */
import type { JSONRPCRequest, Result } from "@modelcontextprotocol/sdk/types.js";
import {
  LATEST_PROTOCOL_VERSION,
  SUPPORTED_PROTOCOL_VERSIONS,
} from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod/mini";
import { version } from "../runtime/version.ts";
import { type CodexTool, TOOLS } from "./codex-tool.ts";
import {
  type ConversationMethod,
  type ConversationMethods,
  isConversationMethod,
  read,
} from "./conversation-methods.ts";
import { INVALID_REQUEST, METHOD_NOT_FOUND, RpcError } from "./rpc-error.ts";

const SERVER_INFO = { name: "codex-mcp-server", title: "Codex", version } as const;

const initializeParams = z.object({ protocolVersion: z.string() });
const callParams = z.object({ name: z.string(), arguments: z.optional(z.unknown()) });
const diffParams = z.object({ cwd: z.string() });
const cancelLoginParams = z.object({ loginId: z.string() });

export interface ProcessorParts {
  readonly tool: CodexTool;
  readonly methods: ConversationMethods;
  readonly gitDiff: (cwd: string) => Promise<Result>;
}

export class MessageProcessor {
  readonly #parts: ProcessorParts;
  #isInitialized = false;
  #previous: Promise<unknown> = Promise.resolve();

  constructor(parts: ProcessorParts) {
    this.#parts = parts;
  }

  /** Errors: RpcError. Requests before `initialize` are served. */
  async handle(request: JSONRPCRequest, signal: AbortSignal): Promise<Result> {
    const { method, params } = request;
    if (isConversationMethod(method)) return this.#inOrder(method, params);
    switch (method) {
      case "initialize":
        return this.#initialize(read(initializeParams, params).protocolVersion);
      case "ping":
        return {};
      case "tools/list":
        return { tools: TOOLS };
      case "tools/call": {
        const { name, arguments: args } = read(callParams, params);
        return this.#parts.tool.call({ name, args, requestId: request.id, signal });
      }
      case "gitDiffToRemote":
        return this.#parts.gitDiff(read(diffParams, params).cwd);
      case "loginChatGpt":
        throw new RpcError(
          INVALID_REQUEST,
          "Signing in with ChatGPT is not supported in this build",
        );
      case "cancelLoginChatGpt": {
        const { loginId } = read(cancelLoginParams, params);
        throw new RpcError(INVALID_REQUEST, `login id not found: ${loginId}`);
      }
      default:
        throw new RpcError(METHOD_NOT_FOUND, `Method not found: ${method}`);
    }
  }

  #initialize(wanted: string): Result {
    if (this.#isInitialized) {
      throw new RpcError(INVALID_REQUEST, "initialize called more than once");
    }
    this.#isInitialized = true;
    const isKnown = SUPPORTED_PROTOCOL_VERSIONS.includes(wanted);
    return {
      protocolVersion: isKnown ? wanted : LATEST_PROTOCOL_VERSION,
      capabilities: { tools: { listChanged: true } },
      serverInfo: SERVER_INFO,
    };
  }

  /** One after the other: a message may rely on what the one before it has done. */
  async #inOrder(method: ConversationMethod, params: unknown): Promise<Result> {
    const step = this.#previous.then(() => this.#parts.methods.call(method, params));
    const next = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    this.#previous = step.then(next, next);
    const finish = await step;
    return finish();
  }
}
