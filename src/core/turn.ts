/** One turn: a request to the model, and every call of its answer carried out as it comes in. */
import type { Prompt } from "../model/prompt.ts";
import { type ModelItem, textOfMessage } from "../protocol/model-item.ts";
import { isCall, outputItem } from "./history.ts";
import { baseInstructions } from "./instructions.ts";
import type { SessionState, Task } from "./session-state.ts";

export interface TurnResult {
  /** The last text of the assistant in this turn. */
  readonly lastMessage: string | null;
  /** There are outputs that no request has sent yet. */
  readonly calledTools: boolean;
}

/** Throws ModelError, of kind "aborted" when the task was. What was answered until then is kept. */
export async function runTurn(state: SessionState, task: Task): Promise<TurnResult> {
  const response = new Response(state, task);
  try {
    const events = state.model().stream(turnPrompt(state, task), task.signal);
    for await (const event of events) {
      switch (event.kind) {
        case "created":
          state.router.prepare();
          break;
        case "output-text-delta":
          response.text(event.delta);
          if (task.isHeld()) await task.letGo();
          break;
        case "reasoning-summary-delta":
          task.emit({ type: "agent_reasoning_delta", delta: event.delta });
          break;
        case "reasoning-section-break":
          task.emit({ type: "agent_reasoning_section_break" });
          break;
        case "reasoning-raw-delta":
          response.rawReasoning(event.delta);
          break;
        case "item-done":
          await response.item(event.item);
          break;
        case "retrying":
          response.broken();
          task.emit({ type: "background_event", message: event.message });
          break;
        case "completed":
          response.complete();
          if (event.usage === null) break;
          state.recordUsage(event.usage);
          task.emit({ type: "token_count", ...event.usage });
          break;
      }
    }
  } finally {
    response.end();
    const diff = await state.router.turnDiff();
    if (diff !== null) task.emit({ type: "turn_diff", unified_diff: diff });
  }
  return { lastMessage: response.lastMessage, calledTools: response.calledTools };
}

function turnPrompt(state: SessionState, { context }: Task): Prompt {
  return {
    model: context.model,
    instructions: baseInstructions(state.config),
    input: () => state.history.items,
    tools: state.router.specs(context),
    reasoning: context.supportsReasoning
      ? { effort: context.effort, summary: context.summary }
      : null,
    store: !state.config.disableResponseStorage,
    promptCacheKey: state.id,
  };
}

class Response {
  lastMessage: string | null = null;
  calledTools = false;
  readonly #state: SessionState;
  readonly #task: Task;
  /** Text of a message that is not finished. */
  #partialText: string[] = [];
  /** Reasoning that nothing has followed yet: alone, servers do not take it back. */
  #reasoning: ModelItem[] = [];

  constructor(state: SessionState, task: Task) {
    this.#state = state;
    this.#task = task;
  }

  text(delta: string): void {
    this.#partialText.push(delta);
    this.#task.emit({ type: "agent_message_delta", delta });
  }

  rawReasoning(delta: string): void {
    if (!this.#state.config.showRawAgentReasoning) return;
    this.#task.emit({ type: "agent_reasoning_raw_content_delta", delta });
  }

  async item(item: ModelItem): Promise<void> {
    if (item.type === "reasoning") {
      this.#reasoning.push(item);
      this.#showReasoning(item);
    } else if (item.type === "message") {
      if (item.role !== "assistant") return;
      this.#partialText = [];
      this.#keep(item);
      this.lastMessage = textOfMessage(item);
      this.#task.emit({ type: "agent_message", message: this.lastMessage });
    } else if (isCall(item)) {
      await this.#call(item);
    }
  }

  async #call(call: Parameters<typeof outputItem>[0]): Promise<void> {
    this.calledTools = true;
    this.#keep(call);
    const output = await this.#state.router.call(call, this.#task);
    this.#state.record(outputItem(call, output));
  }

  /** Another attempt follows, which sends the outputs so far: what is finished stays. */
  broken(): void {
    this.calledTools = false;
    this.#partialText = [];
    this.#reasoning = [];
  }

  complete(): void {
    this.#keep();
    this.#partialText = [];
  }

  /** What the user has seen of an answer stays in the history, even when its end never came. */
  end(): void {
    const text = this.#partialText.join("");
    this.#partialText = [];
    this.#reasoning = [];
    if (text === "") return;
    const content = [{ type: "output_text", text } as const];
    this.#state.record({ type: "message", id: null, role: "assistant", content });
  }

  #keep(...items: readonly ModelItem[]): void {
    this.#state.record(...this.#reasoning, ...items);
    this.#reasoning = [];
  }

  #showReasoning(item: Extract<ModelItem, { type: "reasoning" }>): void {
    for (const { text } of item.summary) this.#task.emit({ type: "agent_reasoning", text });
    if (!this.#state.config.showRawAgentReasoning) return;
    for (const { text } of item.content ?? []) {
      this.#task.emit({ type: "agent_reasoning_raw_content", text });
    }
  }
}
