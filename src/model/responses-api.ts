/** The Responses wire API: its request and its events. */
import type { TokenUsage } from "../protocol/event.ts";
import { decodeModelItem, type ModelItem } from "../protocol/model-item.ts";
import { isRecord, type JsonRecord, numberAt, recordAt, textAt } from "./json-record.ts";
import { failedResponseError, streamError } from "./model-error.ts";
import type { ModelEvent } from "./model-event.ts";
import type { Prompt, ReasoningSettings } from "./prompt.ts";
import type { ToolSpec } from "./tool-specs.ts";
import type { WireApiAdapter, WireReader } from "./wire-api.ts";

export const responsesApi: WireApiAdapter = {
  path: "/responses",
  headers: (prompt) => ({
    "openai-beta": "responses=experimental",
    session_id: prompt.promptCacheKey,
  }),
  body: responsesBody,
  createReader: () => new ResponsesReader(),
};

/** The fields in the order that 0.23.0 sends them; what comes first stays equal between turns. */
export interface ResponsesBody {
  readonly model: string;
  readonly instructions: string;
  readonly input: readonly ModelItem[];
  readonly tools: readonly ToolSpec[];
  readonly tool_choice: "auto";
  readonly parallel_tool_calls: false;
  readonly reasoning: {
    readonly effort: ReasoningSettings["effort"];
    readonly summary?: Exclude<ReasoningSettings["summary"], "none">;
  } | null;
  readonly store: boolean;
  readonly stream: true;
  readonly include: readonly string[];
  readonly prompt_cache_key: string;
}

export function responsesBody(prompt: Prompt): ResponsesBody {
  const { reasoning, store } = prompt;
  return {
    model: prompt.model,
    instructions: prompt.instructions,
    input: prompt.input(),
    tools: prompt.tools,
    tool_choice: "auto",
    parallel_tool_calls: false,
    reasoning: reasoning === null ? null : reasoningField(reasoning),
    store,
    stream: true,
    include: !store && reasoning !== null ? ["reasoning.encrypted_content"] : [],
    prompt_cache_key: prompt.promptCacheKey,
  };
}

function reasoningField(reasoning: ReasoningSettings): NonNullable<ResponsesBody["reasoning"]> {
  const { effort, summary } = reasoning;
  return summary === "none" ? { effort } : { effort, summary };
}

class ResponsesReader implements WireReader {
  state: WireReader["state"] = "open";

  /** Unknown events and unknown items give nothing. Throws ModelError for a failed response. */
  read(data: JsonRecord | null, eventName: string | null): readonly ModelEvent[] {
    if (data === null) return [];
    switch (textAt(data, "type") ?? eventName ?? "") {
      case "response.output_text.delta":
        return deltaEvent("output-text-delta", data);
      case "response.reasoning_summary_text.delta":
        return deltaEvent("reasoning-summary-delta", data);
      case "response.reasoning_text.delta":
        return deltaEvent("reasoning-raw-delta", data);
      case "response.reasoning_summary_part.added":
        return [{ kind: "reasoning-section-break" }];
      case "response.created":
        return [{ kind: "created" }];
      case "response.output_item.done":
        return itemDone(data);
      case "response.completed":
        this.state = "complete";
        return [{ kind: "completed", usage: usageOf(data) }];
      case "response.failed":
        throw failedResponseError(errorOf(data));
      case "response.incomplete":
        throw streamError(`the response is incomplete (${incompleteReason(data)})`);
      case "error":
        throw failedResponseError(recordAt(data, "error") ?? data);
      default:
        return [];
    }
  }

  end(): readonly ModelEvent[] {
    throw streamError("stream closed before response.completed");
  }
}

function deltaEvent(
  kind: "output-text-delta" | "reasoning-summary-delta" | "reasoning-raw-delta",
  data: JsonRecord,
): readonly ModelEvent[] {
  const delta = data["delta"];
  return typeof delta === "string" && delta !== "" ? [{ kind, delta }] : [];
}

function itemDone(data: JsonRecord): readonly ModelEvent[] {
  const item = decodeModelItem(data["item"]);
  return item === null ? [] : [{ kind: "item-done", item }];
}

function errorOf(data: JsonRecord): JsonRecord | null {
  const response = recordAt(data, "response");
  return response === null ? null : recordAt(response, "error");
}

function incompleteReason(data: JsonRecord): string {
  const details = recordAt(recordAt(data, "response") ?? {}, "incomplete_details") ?? {};
  return textAt(details, "reason") ?? "reason unknown";
}

function usageOf(data: JsonRecord): TokenUsage | null {
  const usage = recordAt(data, "response")?.["usage"];
  if (!isRecord(usage)) return null;
  const input = numberAt(usage, "input_tokens");
  const output = numberAt(usage, "output_tokens");
  if (input === null || output === null) return null;
  return {
    input_tokens: input,
    cached_input_tokens: numberAt(recordAt(usage, "input_tokens_details") ?? {}, "cached_tokens"),
    output_tokens: output,
    reasoning_output_tokens: numberAt(
      recordAt(usage, "output_tokens_details") ?? {},
      "reasoning_tokens",
    ),
    total_tokens: numberAt(usage, "total_tokens") ?? input + output,
  };
}
