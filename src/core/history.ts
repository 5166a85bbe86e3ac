/**
 * What the model has been told and has answered, in the order it is sent again. Every call is
 * followed by its output, whatever happened to it: servers refuse a history with a gap.
 */
import {
  callIdOf,
  type MessageItem,
  type ModelItem,
  textOfMessage,
  type ToolCallItem,
} from "../protocol/model-item.ts";
import { isEnvironmentContext } from "./environment-context.ts";
import { isUserInstructions } from "./project-doc.ts";

/** What a summary of the conversation begins with. */
export const NOTES_TITLE = "Notes on the conversation so far, which was longer than what you see:";

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

export interface UserMessage {
  readonly text: string;
  readonly imageCount: number;
}

/** What a person wrote, and nothing that was put between for the model alone. */
export function userMessagesOf(items: readonly ModelItem[]): readonly UserMessage[] {
  return items.flatMap((item) => {
    if (item.type !== "message" || item.role !== "user" || isForModel(item)) return [];
    const imageCount = item.content.filter(({ type }) => type === "input_image").length;
    return [{ text: textOfMessage(item), imageCount }];
  });
}

/** Of the messages in a user's role, those that no user has written. */
export function isForModel(item: MessageItem): boolean {
  return isEnvironmentContext(item) || isUserInstructions(item) || notesIn(item) !== undefined;
}

/** What the model wrote down when the conversation before it was compacted; undefined: not that. */
export function notesIn(item: MessageItem): string | undefined {
  const text = textOfMessage(item);
  return text.startsWith(NOTES_TITLE) ? text.slice(NOTES_TITLE.length).trim() : undefined;
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
