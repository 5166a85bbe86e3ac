/** The methods beside the tools: conversations that the client listens to as it likes. */
import { randomUUID } from "node:crypto";
import type { Result } from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod/mini";
import { approvalPolicySchema } from "../protocol/approval.ts";
import { type Decoded, decodeWith } from "../protocol/decode.ts";
import type { Event } from "../protocol/event.ts";
import { reasoningEffortSchema, reasoningSummarySchema } from "../protocol/reasoning.ts";
import { SANDBOX_MODES } from "../protocol/sandbox-policy.ts";
import { sandboxPolicySchema } from "../protocol/sandbox-policy-schema.ts";
import type { InputItem, Op } from "../protocol/submission.ts";
import { approvalMethod, approvalParams, askClient } from "./approvals.ts";
import type { ClientConfigs } from "./client-config.ts";
import type { HostedConversations } from "../core/hosted-conversations.ts";
import type { HostedConversation, Listener } from "../core/hosted-conversation.ts";
import type { JsonRpcPeer } from "./json-rpc-peer.ts";
import { INVALID_PARAMS, INVALID_REQUEST, RpcError } from "./rpc-error.ts";

/** The wire form of this interface; that of operations differs. */
export const wireItemSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), data: z.object({ text: z.string() }) }),
  z.object({ type: z.literal("image"), data: z.object({ image_url: z.string() }) }),
  z.object({ type: z.literal("localImage"), data: z.object({ path: z.string() }) }),
]);

const conversationId = z.string();

/** Parameters by method. */
export const PARAMS = {
  newConversation: z.object({
    model: z.nullish(z.string()),
    profile: z.nullish(z.string()),
    cwd: z.nullish(z.string()),
    approvalPolicy: z.nullish(approvalPolicySchema),
    sandbox: z.nullish(z.enum(SANDBOX_MODES)),
    config: z.nullish(z.record(z.string(), z.unknown())),
    baseInstructions: z.nullish(z.string()),
    includePlanTool: z.nullish(z.boolean()),
    includeApplyPatchTool: z.nullish(z.boolean()),
  }),
  addConversationListener: z.object({ conversationId }),
  removeConversationListener: z.object({ subscriptionId: z.string() }),
  sendUserMessage: z.object({ conversationId, items: z.array(wireItemSchema) }),
  sendUserTurn: z.object({
    conversationId,
    items: z.array(wireItemSchema),
    cwd: z.string(),
    approvalPolicy: approvalPolicySchema,
    sandboxPolicy: sandboxPolicySchema,
    model: z.string(),
    effort: reasoningEffortSchema,
    summary: reasoningSummarySchema,
  }),
  interruptConversation: z.object({ conversationId }),
  /** Ends a conversation; nothing of it is left then. 0.23.0 has no such method. */
  closeConversation: z.object({ conversationId }),
} as const;

export type ConversationMethod = keyof typeof PARAMS;

export function isConversationMethod(method: string): method is ConversationMethod {
  return Object.hasOwn(PARAMS, method);
}

interface Subscription {
  readonly conversationId: string;
  readonly remove: () => void;
}

export class ConversationMethods {
  readonly #peer: JsonRpcPeer;
  readonly #conversations: HostedConversations;
  readonly #configs: ClientConfigs;
  readonly #subscriptions = new Map<string, Subscription>();

  constructor(peer: JsonRpcPeer, conversations: HostedConversations, configs: ClientConfigs) {
    this.#peer = peer;
    this.#conversations = conversations;
    this.#configs = configs;
  }

  /**
   * Does its part in one go, and returns what waits for the answer. Errors: RpcError. The next call
   * must not be made before the next turn of the event loop.
   */
  async call(method: ConversationMethod, params: unknown): Promise<() => Promise<Result>> {
    switch (method) {
      case "newConversation":
        return answer(await this.#create(read(PARAMS.newConversation, params)));
      case "addConversationListener":
        return answer(this.#listen(read(PARAMS.addConversationListener, params).conversationId));
      case "removeConversationListener":
        return answer(
          this.#unlisten(read(PARAMS.removeConversationListener, params).subscriptionId),
        );
      case "sendUserMessage": {
        const { conversationId: id, items } = read(PARAMS.sendUserMessage, params);
        return this.#submit(id, { type: "user_input", items: items.map(inputItem) });
      }
      case "sendUserTurn":
        return this.#sendTurn(read(PARAMS.sendUserTurn, params));
      case "interruptConversation":
        return this.#interrupt(read(PARAMS.interruptConversation, params).conversationId);
      case "closeConversation":
        return this.#close(read(PARAMS.closeConversation, params).conversationId);
    }
  }

  async #create(params: z.infer<typeof PARAMS.newConversation>): Promise<Result> {
    const loaded = await this.#configs.load({
      model: params.model ?? undefined,
      profile: params.profile ?? undefined,
      cwd: params.cwd ?? undefined,
      approvalPolicy: params.approvalPolicy ?? undefined,
      sandbox: params.sandbox ?? undefined,
      config: params.config ?? undefined,
      baseInstructions: params.baseInstructions ?? undefined,
    });
    if (!loaded.ok)
      throw new RpcError(INVALID_REQUEST, `Cannot use the configuration: ${loaded.message}`);
    const { created } = await this.#conversations.create(loaded.config, {
      includePlanTool: params.includePlanTool ?? false,
      includeApplyPatchTool: params.includeApplyPatchTool ?? false,
    });
    return { conversationId: created.conversationId, model: created.sessionConfigured.model };
  }

  #listen(id: string): Result {
    const host = this.#find(id);
    const subscriptionId = randomUUID();
    const remove = host.listen(this.#listener(host));
    this.#subscriptions.set(subscriptionId, { conversationId: id, remove });
    return { subscriptionId };
  }

  #unlisten(subscriptionId: string): Result {
    const subscription = this.#subscriptions.get(subscriptionId);
    if (subscription === undefined) {
      throw new RpcError(INVALID_REQUEST, `subscription not found: ${subscriptionId}`);
    }
    this.#subscriptions.delete(subscriptionId);
    subscription.remove();
    return {};
  }

  #sendTurn(params: z.infer<typeof PARAMS.sendUserTurn>): () => Promise<Result> {
    this.#configs.tellWider(params.sandboxPolicy);
    return this.#submit(params.conversationId, {
      type: "user_turn",
      items: params.items.map(inputItem),
      cwd: params.cwd,
      approval_policy: params.approvalPolicy,
      sandbox_policy: params.sandboxPolicy,
      model: params.model,
      effort: params.effort,
      summary: params.summary,
    });
  }

  #submit(id: string, op: Op): () => Promise<Result> {
    const host = this.#find(id);
    // The answer first: what the turn says comes behind it.
    setImmediate(() => host.conversation.submit(op));
    return answer({});
  }

  #interrupt(id: string): () => Promise<Result> {
    const host = this.#find(id);
    const { conversation } = host;
    const taskId = conversation.runningTaskId;
    const ended = taskId === null || !host.hasListeners ? null : host.taskEnd(taskId);
    conversation.submit({ type: "interrupt" });
    return async () => {
      const end = await ended;
      return { abortReason: end?.type === "turn_aborted" ? end.reason : "interrupted" };
    };
  }

  #close(id: string): () => Promise<Result> {
    this.#find(id);
    for (const [subscriptionId, subscription] of this.#subscriptions) {
      if (subscription.conversationId === id) this.#subscriptions.delete(subscriptionId);
    }
    return async () => {
      await this.#conversations.close(id);
      return {};
    };
  }

  #find(id: string): HostedConversation {
    const host = this.#conversations.find(id);
    if (host === undefined) throw new RpcError(INVALID_REQUEST, `conversation not found: ${id}`);
    return host;
  }

  #listener({ conversation: { id } }: HostedConversation): Listener {
    return {
      event: ({ id: taskId, msg }: Event) => {
        const params = { id: taskId, msg, conversationId: id };
        return this.#peer.notify(`codex/event/${msg.type}`, params);
      },
      approve: (request, _taskId, signal) =>
        askClient(this.#peer, approvalMethod(request), approvalParams(request, id), signal),
    };
  }
}

function answer(result: Result): () => Promise<Result> {
  return () => Promise.resolve(result);
}

function inputItem(item: z.infer<typeof wireItemSchema>): InputItem {
  switch (item.type) {
    case "text":
      return { type: "text", text: item.data.text };
    case "image":
      return { type: "image", image_url: item.data.image_url };
    case "localImage":
      return { type: "local_image", path: item.data.path };
  }
}

/** Errors: RpcError with -32602. */
export function read<T>(schema: z.ZodMiniType<T>, params: unknown): T {
  const decoded: Decoded<T> = decodeWith(schema, params ?? {}, "params");
  if (decoded.ok) return decoded.value;
  throw new RpcError(INVALID_PARAMS, decoded.message);
}
