/** One session of an editor: a conversation, what is told of it, and who is asked. */
import {
  type AgentContext,
  methods,
  type PromptResponse,
  RequestError,
} from "@agentclientprotocol/sdk";
import { modelAdvice } from "../core/model-advice.ts";
import type { HostedConversation, Listener } from "../core/hosted-conversation.ts";
import type { Event } from "../protocol/event.ts";
import type { SubmissionId } from "../protocol/ids.ts";
import type { InputItem } from "../protocol/submission.ts";
import { decisionOf, permissionRequest } from "./permissions.ts";
import { SessionUpdates } from "./session-updates.ts";

export class AcpSession implements Listener {
  readonly #id: string;
  readonly #host: HostedConversation;
  readonly #client: AgentContext;
  readonly #updates = new SessionUpdates();
  readonly #errors = new Map<SubmissionId, string>();

  constructor(id: string, host: HostedConversation, client: AgentContext) {
    this.#id = id;
    this.#host = host;
    this.#client = client;
    host.listen(this);
  }

  /** Errors: RequestError when the turn failed. `signal` aborts when the request is cancelled. */
  async prompt(items: readonly InputItem[], signal: AbortSignal): Promise<PromptResponse> {
    const { conversation } = this.#host;
    const id = conversation.takeId();
    const taskId = conversation.submitWithId({ id, op: { type: "user_input", items } });
    const ended = this.#host.taskEnd(taskId);
    const cancel = (): void => this.cancel();
    signal.addEventListener("abort", cancel);
    try {
      if (signal.aborted) cancel();
      const end = await ended;
      const error = this.#errors.get(taskId);
      this.#errors.delete(taskId);
      if (end?.type !== "task_complete") return { stopReason: "cancelled" };
      if (error === undefined) return { stopReason: "end_turn" };
      const advice = modelAdvice(error);
      throw new RequestError(INTERNAL_ERROR, advice === undefined ? error : `${error}. ${advice}`);
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  cancel(): void {
    this.#host.conversation.submitWithId({ id: "", op: { type: "interrupt" } });
  }

  readonly event = async (event: Event): Promise<void> => {
    const { id, msg } = event;
    if (msg.type === "error" && id !== "") this.#errors.set(id, msg.message);
    for (const update of this.#updates.of(event)) await this.#notify(update);
  };

  readonly approve: Listener["approve"] = async (request, _taskId, signal) => {
    const params = permissionRequest(this.#id, this.#updates.calls.idOf(request.call_id), request);
    try {
      const options = { cancellationSignal: signal, stopWaitingOnCancel: true };
      const method = methods.client.session.requestPermission;
      return decisionOf(await this.#client.request(method, params, options));
    } catch {
      return "denied"; // whatever is no clear yes
    }
  };

  async #notify(update: Parameters<typeof updateParams>[1]): Promise<void> {
    try {
      await this.#client.notify(methods.client.session.update, updateParams(this.#id, update));
    } catch {
      // The connection is gone, which ends everything.
    }
  }
}

const INTERNAL_ERROR = -32_603;

function updateParams(sessionId: string, update: ReturnType<SessionUpdates["of"]>[number]) {
  return { sessionId, update };
}
