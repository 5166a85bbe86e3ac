/**
 * What the model has been told and has answered, in the order it is sent again. Every call is
 * followed by its output, whatever happened to it: servers refuse a history with a gap.
 */
import {
  callIdOf,
  type ModelItem,
  textOfMessage,
  type ToolCallItem,
} from "../protocol/model-item.ts";
import { isEnvironmentContext } from "./environment-context.ts";

/** The output of a call that never got one. */
export const ABORTED_OUTPUT = "aborted by the user before it finished";

export class History {
  #items: ModelItem[];

  constructor(items: readonly ModelItem[] = []) {
    this.#items = withAllOutputs(items);
  }

  get items(): readonly ModelItem[] {
    return this.#items;
  }

  add(item: ModelItem): void {
    this.#items.push(item);
  }

  replace(items: readonly ModelItem[]): void {
    this.#items = withAllOutputs(items);
  }
}

/**
 * What was there before the user's last message, when that is `text`. Undefined when it is another
 * one, as after a compaction, whose notes stand for more than the message.
 */
export function itemsBeforeMessage(
  items: readonly ModelItem[],
  text: string,
): readonly ModelItem[] | undefined {
  const index = items.findLastIndex(
    (item) => item.type === "message" && item.role === "user" && !isEnvironmentContext(item),
  );
  const item = items[index];
  if (item?.type !== "message" || textOfMessage(item) !== text) return undefined;
  return items.slice(0, index);
}

export function outputItem(call: ToolCallItem, output: string): ModelItem {
  const type =
    call.type === "custom_tool_call" ? "custom_tool_call_output" : "function_call_output";
  return { type, call_id: callIdOf(call), output };
}

/** Outputs without a call are dropped, calls without an output get one that says so. */
export function withAllOutputs(items: readonly ModelItem[]): ModelItem[] {
  const outputs = new Map<string, ModelItem>();
  for (const item of items) {
    if (isOutput(item) && !outputs.has(item.call_id)) outputs.set(item.call_id, item);
  }
  const complete: ModelItem[] = [];
  for (const item of items) {
    if (isOutput(item)) continue;
    complete.push(item);
    if (!isCall(item)) continue;
    const id = callIdOf(item);
    complete.push(outputs.get(id) ?? outputItem(item, ABORTED_OUTPUT));
    outputs.delete(id);
  }
  return complete;
}

export function isCall(item: ModelItem): item is ToolCallItem {
  return (
    item.type === "function_call" ||
    item.type === "local_shell_call" ||
    item.type === "custom_tool_call"
  );
}

function isOutput(
  item: ModelItem,
): item is Extract<ModelItem, { type: "function_call_output" | "custom_tool_call_output" }> {
  return item.type === "function_call_output" || item.type === "custom_tool_call_output";
}
