/** The history as messages of the Chat Completions API. */
import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionContentPart,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
} from "openai/resources/chat/completions/completions";
import {
  callIdOf,
  type MessageItem,
  type ModelItem,
  textOfMessage,
  type ToolCallItem,
} from "../protocol/model-item.ts";

/**
 * Calls that follow each other become one message, because their outputs must come right after it.
 * Reasoning is left out: there is no place for it.
 */
export function chatMessages(
  instructions: string,
  items: readonly ModelItem[],
): ChatCompletionMessageParam[] {
  const messages: ChatCompletionMessageParam[] = [{ role: "system", content: instructions }];
  let calls: ChatCompletionMessageFunctionToolCall[] | null = null;
  for (const item of items) {
    if (item.type === "reasoning") continue;
    if (isToolCall(item)) {
      if (calls === null) {
        calls = [];
        messages.push(callsMessage(calls));
      }
      calls.push(toolCall(item));
      continue;
    }
    calls = null;
    if (item.type === "message") messages.push(chatMessage(item));
    else messages.push({ role: "tool", tool_call_id: item.call_id, content: item.output });
  }
  return messages;
}

function callsMessage(
  calls: ChatCompletionMessageFunctionToolCall[],
): ChatCompletionAssistantMessageParam {
  return { role: "assistant", content: null, tool_calls: calls };
}

function isToolCall(item: ModelItem): item is ToolCallItem {
  return (
    item.type === "function_call" ||
    item.type === "local_shell_call" ||
    item.type === "custom_tool_call"
  );
}

function toolCall(item: ToolCallItem): ChatCompletionMessageFunctionToolCall {
  return { id: callIdOf(item), type: "function", function: calledFunction(item) };
}

// Only functions exist here. A conversation may have begun with a model that had other tools.
function calledFunction(item: ToolCallItem): { name: string; arguments: string } {
  switch (item.type) {
    case "function_call":
      return { name: item.name, arguments: item.arguments };
    case "custom_tool_call":
      return { name: item.name, arguments: JSON.stringify({ input: item.input }) };
    case "local_shell_call": {
      const { command, working_directory: workdir, timeout_ms: timeout } = item.action;
      const optional = {
        ...(workdir === null ? {} : { workdir }),
        ...(timeout === null ? {} : { timeout }),
      };
      return { name: "shell", arguments: JSON.stringify({ command, ...optional }) };
    }
  }
}

function chatMessage(message: MessageItem): ChatCompletionMessageParam {
  switch (message.role) {
    case "assistant":
      return { role: "assistant", content: textOfMessage(message) };
    case "system":
    case "developer":
      return { role: "system", content: textOfMessage(message) };
    default:
      return { role: "user", content: userContent(message) };
  }
}

function userContent(message: MessageItem): string | ChatCompletionContentPart[] {
  if (message.content.every((part) => part.type !== "input_image")) return textOfMessage(message);
  return message.content.map((part) =>
    part.type === "input_image"
      ? { type: "image_url", image_url: { url: part.image_url } }
      : { type: "text", text: part.text },
  );
}
