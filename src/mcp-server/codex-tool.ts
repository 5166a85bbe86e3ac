/** The tools `codex` and `codex-reply`: one call is one message, and the answer to it. */
import type { CallToolResult, RequestId, Tool } from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod/mini";
import { approvalPolicySchema } from "../protocol/approval.ts";
import { decodeWith } from "../protocol/decode.ts";
import type { Event } from "../protocol/event.ts";
import type { SubmissionId } from "../protocol/ids.ts";
import { SANDBOX_MODES } from "../protocol/sandbox-policy.ts";
import type { OpOf } from "../protocol/submission.ts";
import { askClient, elicitation } from "./approvals.ts";
import type { ClientConfigs } from "./client-config.ts";
import type { HostedConversations } from "../core/hosted-conversations.ts";
import type { HostedConversation, Listener } from "../core/hosted-conversation.ts";
import type { JsonRpcPeer } from "./json-rpc-peer.ts";

const startSchema = z.object({
  prompt: z.string(),
  model: z.optional(z.string()),
  profile: z.optional(z.string()),
  cwd: z.optional(z.string()),
  "approval-policy": z.optional(approvalPolicySchema),
  sandbox: z.optional(z.enum(SANDBOX_MODES)),
  config: z.optional(z.record(z.string(), z.unknown())),
  "base-instructions": z.optional(z.string()),
  "include-plan-tool": z.optional(z.boolean()),
});

const replySchema = z.object({
  prompt: z.string(),
  sessionId: z.optional(z.string()),
  conversationId: z.optional(z.string()),
});

function text(description: string): Readonly<Record<string, unknown>> {
  return { type: "string", description };
}

/** Answer of `tools/list`. Source of names and arguments: `codex mcp` 0.23.0. */
export const TOOLS: Tool[] = [
  {
    name: "codex",
    title: "Codex",
    description: "Start a Codex session with a first message, and get its answer.",
    inputSchema: {
      type: "object",
      properties: {
        "approval-policy": {
          ...text("When the client is asked before a command runs"),
          enum: approvalPolicySchema.options,
        },
        "base-instructions": text("Instructions in place of Codex's own"),
        config: {
          type: "object",
          description: "Settings of config.toml for this session, by their dotted keys",
          additionalProperties: true,
        },
        cwd: text("Working directory; a relative one starts at that of the server"),
        "include-plan-tool": {
          type: "boolean",
          description: "Whether the model may keep a plan",
        },
        model: text("Model to ask, for example gpt-5"),
        profile: text("Profile of config.toml to use"),
        prompt: text("The first message"),
        sandbox: { ...text("What commands may do"), enum: [...SANDBOX_MODES] },
      },
      required: ["prompt"],
    },
  },
  {
    name: "codex-reply",
    title: "Codex Reply",
    description: "Send another message to a Codex session, and get its answer.",
    inputSchema: {
      type: "object",
      properties: {
        conversationId: text("Another name for sessionId"),
        prompt: text("The message"),
        sessionId: text("Which session: session_id of its session_configured event"),
      },
      required: ["prompt", "sessionId"],
    },
  },
];

/** `signal` aborts when the client cancels the call. */
export interface ToolCall {
  readonly name: string;
  readonly args: unknown;
  readonly requestId: RequestId;
  readonly signal: AbortSignal;
}

export class CodexTool {
  readonly #peer: JsonRpcPeer;
  readonly #conversations: HostedConversations;
  readonly #configs: ClientConfigs;

  constructor(peer: JsonRpcPeer, conversations: HostedConversations, configs: ClientConfigs) {
    this.#peer = peer;
    this.#conversations = conversations;
    this.#configs = configs;
  }

  /** What is wrong with a call is its result. */
  async call(call: ToolCall): Promise<CallToolResult> {
    if (call.name === "codex") return this.#start(call);
    if (call.name === "codex-reply") return this.#reply(call);
    return failure(`Unknown tool ${JSON.stringify(call.name)}`);
  }

  async #start(call: ToolCall): Promise<CallToolResult> {
    const decoded = decodeWith(startSchema, call.args ?? {}, `arguments of "codex"`);
    if (!decoded.ok) return failure(decoded.message);
    const args = decoded.value;
    const loaded = await this.#configs.load({
      model: args.model,
      profile: args.profile,
      cwd: args.cwd,
      approvalPolicy: args["approval-policy"],
      sandbox: args.sandbox,
      config: args.config,
      baseInstructions: args["base-instructions"],
    });
    if (!loaded.ok) return failure(loaded.message);
    const options = { includePlanTool: args["include-plan-tool"] ?? false };
    const { created, host } = await this.#conversations.create(loaded.config, options);
    const listener = this.#listener(call.requestId);
    await listener.event({ id: "", msg: created.sessionConfigured });
    return this.#converse(host, listener, String(call.requestId), call.signal, args.prompt);
  }

  async #reply(call: ToolCall): Promise<CallToolResult> {
    const decoded = decodeWith(replySchema, call.args ?? {}, `arguments of "codex-reply"`);
    if (!decoded.ok) return failure(decoded.message);
    const { prompt, sessionId, conversationId } = decoded.value;
    const id = sessionId ?? conversationId;
    if (id === undefined)
      return failure(`Cannot read arguments of "codex-reply": missing sessionId`);
    const host = this.#conversations.find(id);
    if (host === undefined) return failure(`Session not found: ${JSON.stringify(id)}`);
    const listener = this.#listener(call.requestId);
    return this.#converse(host, listener, host.conversation.takeId(), call.signal, prompt);
  }

  async #converse(
    host: HostedConversation,
    listener: ToolListener,
    id: SubmissionId,
    signal: AbortSignal,
    prompt: string,
  ): Promise<CallToolResult> {
    const remove = host.listen(listener);
    const op: OpOf<"user_input"> = { type: "user_input", items: [{ type: "text", text: prompt }] };
    const interrupt = (): void => {
      host.conversation.submitWithId({ id: "", op: { type: "interrupt" } });
    };
    try {
      const taskId = host.conversation.submitWithId({ id, op });
      const ended = host.taskEnd(taskId);
      signal.addEventListener("abort", interrupt);
      if (signal.aborted) interrupt();
      const end = await ended;
      const error = listener.errorOf(taskId);
      if (error !== undefined) return { ...failure(error), error };
      if (end?.type !== "task_complete") return failure("The turn was interrupted");
      return { content: [{ type: "text", text: end.last_agent_message ?? "" }] };
    } finally {
      signal.removeEventListener("abort", interrupt);
      remove();
    }
  }

  #listener(requestId: RequestId): ToolListener {
    return new ToolListener(this.#peer, requestId);
  }
}

/** Hears a session on behalf of one call. */
class ToolListener implements Listener {
  readonly #peer: JsonRpcPeer;
  readonly #requestId: RequestId;
  readonly #errors = new Map<SubmissionId, string>();

  constructor(peer: JsonRpcPeer, requestId: RequestId) {
    this.#peer = peer;
    this.#requestId = requestId;
  }

  /** The fatal error of a task. */
  errorOf(taskId: SubmissionId): string | undefined {
    return this.#errors.get(taskId);
  }

  readonly event = async ({ id, msg }: Event): Promise<void> => {
    if (msg.type === "error" && id !== "") this.#errors.set(id, msg.message);
    await this.#peer.notify("codex/event", { _meta: { requestId: this.#requestId }, id, msg });
  };

  readonly approve: Listener["approve"] = (request, taskId, signal) => {
    const params = elicitation(request, taskId, String(this.#requestId));
    return askClient(this.#peer, "elicitation/create", params, signal);
  };
}

function failure(message: string): CallToolResult {
  return { content: [{ type: "text", text: message }], isError: true };
}
