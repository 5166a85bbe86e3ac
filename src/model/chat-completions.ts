/** The Chat Completions wire API: its request, and its chunks as the events of the other one. */
import { randomUUID } from "node:crypto";
import type {
  ChatCompletionCreateParamsStreaming,
  ChatCompletionFunctionTool,
} from "openai/resources/chat/completions/completions";
import type { TokenUsage } from "../protocol/event.ts";
import { chatMessages } from "./chat-messages.ts";
import { isRecord, type JsonRecord, numberAt, recordAt, textAt } from "./json-record.ts";
import { failedResponseError, streamError } from "./model-error.ts";
import type { ModelEvent } from "./model-event.ts";
import type { Prompt } from "./prompt.ts";
import type { ToolSpec } from "./tool-specs.ts";
import type { WireApiAdapter, WireReader } from "./wire-api.ts";

export const chatCompletionsApi: WireApiAdapter = {
  path: "/chat/completions",
  headers: () => ({}),
  body: chatBody,
  createReader: () => new ChatReader(),
};

export function chatBody(prompt: Prompt): ChatCompletionCreateParamsStreaming {
  const tools = chatTools(prompt.tools);
  return {
    model: prompt.model,
    messages: chatMessages(prompt.instructions, prompt.input()),
    stream: true,
    stream_options: { include_usage: true },
    ...(tools.length === 0 ? {} : { tools }),
  };
}

function chatTools(specs: readonly ToolSpec[]): ChatCompletionFunctionTool[] {
  const tools: ChatCompletionFunctionTool[] = [];
  for (const spec of specs) {
    if (spec.type !== "function") continue;
    const { name, description, strict, parameters } = spec;
    tools.push({ type: "function", function: { name, description, strict, parameters } });
  }
  return tools;
}

interface PendingCall {
  /** Null where the server gave none. */
  readonly index: number | null;
  id: string;
  name: string;
  arguments: string;
}

class ChatReader implements WireReader {
  state: WireReader["state"] = "open";
  #started = false;
  #text = "";
  #calls: PendingCall[] = [];
  #usage: TokenUsage | null = null;

  /** Chunks that are no JSON give nothing. Throws ModelError for an error chunk. */
  read(data: JsonRecord | null, _eventName: string | null, text: string): readonly ModelEvent[] {
    if (data === null) return text.startsWith("[DONE]") ? this.#complete() : [];
    const error = data["error"];
    if (error !== undefined && error !== null) throw failedResponseError(errorRecord(error));
    const events: ModelEvent[] = [];
    if (!this.#started) {
      this.#started = true;
      events.push({ kind: "created" });
    }
    this.#usage = usageOf(data) ?? this.#usage;
    const choices = data["choices"];
    const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
    if (isRecord(choice)) this.#readChoice(choice, events);
    return events;
  }

  end(): readonly ModelEvent[] {
    if (this.state === "open") throw streamError("stream closed before a finish mark");
    return this.#complete();
  }

  #readChoice(choice: JsonRecord, events: ModelEvent[]): void {
    const delta = recordAt(choice, "delta");
    if (delta !== null && this.state === "open") this.#readDelta(delta, events);
    const finished = textAt(choice, "finish_reason") ?? "";
    if (finished !== "") events.push(...this.#finish());
  }

  #readDelta(delta: JsonRecord, events: ModelEvent[]): void {
    const reasoning = reasoningText(delta);
    if (reasoning !== "") events.push({ kind: "reasoning-raw-delta", delta: reasoning });
    const text = textAt(delta, "content") ?? "";
    if (text !== "") {
      this.#text += text;
      events.push({ kind: "output-text-delta", delta: text });
    }
    const calls = delta["tool_calls"];
    if (!Array.isArray(calls)) return;
    for (const call of calls as readonly unknown[]) if (isRecord(call)) this.#readCall(call);
  }

  #readCall(part: JsonRecord): void {
    const named = recordAt(part, "function") ?? {};
    const call = this.#callFor(numberAt(part, "index"), textAt(part, "id") ?? "");
    call.name += textAt(named, "name") ?? "";
    call.arguments += textAt(named, "arguments") ?? "";
  }

  // Parts of a call share an index. Some servers give none, or number all calls 0: there a new id
  // begins a new call.
  #callFor(index: number | null, id: string): PendingCall {
    const known =
      index === null ? this.#calls.at(-1) : this.#calls.findLast((call) => call.index === index);
    if (known !== undefined && (id === "" || known.id === "" || id === known.id)) {
      if (known.id === "") known.id = id;
      return known;
    }
    const call: PendingCall = { index, id, name: "", arguments: "" };
    this.#calls.push(call);
    return call;
  }

  /** The text before the calls, as the model said it. */
  #finish(): readonly ModelEvent[] {
    if (this.state !== "open") return [];
    this.state = "finishing";
    const events: ModelEvent[] = [];
    if (this.#text !== "") {
      const content = [{ type: "output_text", text: this.#text }] as const;
      const item = { type: "message", id: null, role: "assistant", content } as const;
      events.push({ kind: "item-done", item });
    }
    for (const call of this.#calls) {
      if (call.name === "") continue;
      const item = {
        type: "function_call",
        id: null,
        name: call.name,
        arguments: call.arguments,
        call_id: call.id === "" ? `call_${randomUUID()}` : call.id,
      } as const;
      events.push({ kind: "item-done", item });
    }
    return events;
  }

  #complete(): readonly ModelEvent[] {
    const items = this.#finish();
    this.state = "complete";
    return [...items, { kind: "completed", usage: this.#usage }];
  }
}

function errorRecord(error: unknown): JsonRecord {
  return isRecord(error) ? error : { message: String(error) };
}

/** `reasoning` as text or as an object, and the other name that some servers use. */
function reasoningText(delta: JsonRecord): string {
  const nested = recordAt(delta, "reasoning");
  if (nested !== null) return textAt(nested, "text") ?? textAt(nested, "content") ?? "";
  return textAt(delta, "reasoning") ?? textAt(delta, "reasoning_content") ?? "";
}

function usageOf(data: JsonRecord): TokenUsage | null {
  const usage = recordAt(data, "usage");
  if (usage === null) return null;
  const input = numberAt(usage, "prompt_tokens");
  const output = numberAt(usage, "completion_tokens");
  if (input === null || output === null) return null;
  return {
    input_tokens: input,
    cached_input_tokens: numberAt(recordAt(usage, "prompt_tokens_details") ?? {}, "cached_tokens"),
    output_tokens: output,
    reasoning_output_tokens: numberAt(
      recordAt(usage, "completion_tokens_details") ?? {},
      "reasoning_tokens",
    ),
    total_tokens: numberAt(usage, "total_tokens") ?? input + output,
  };
}
