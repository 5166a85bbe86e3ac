/** A stored session as the updates that its editor would have seen. */
import type { SessionUpdate } from "@agentclientprotocol/sdk";
import { isEnvironmentContext } from "../core/environment-context.ts";
import { isUserInstructions } from "../core/project-doc.ts";
import {
  callIdOf,
  type MessageItem,
  type ModelItem,
  textOfMessage,
} from "../protocol/model-item.ts";
import { messageChunk, thoughtChunk } from "./session-updates.ts";
import { verbatimContent } from "./text-content.ts";

export function historyUpdates(items: readonly ModelItem[]): readonly SessionUpdate[] {
  return items.flatMap((item, index) => itemUpdates(item, `h${index}`, items));
}

function itemUpdates(
  item: ModelItem,
  toolCallId: string,
  items: readonly ModelItem[],
): readonly SessionUpdate[] {
  switch (item.type) {
    case "message":
      return messageUpdates(item);
    case "reasoning":
      return item.summary.map(({ text }) => thoughtChunk(`${text}\n\n`));
    case "function_call":
    case "custom_tool_call":
    case "local_shell_call": {
      const output = outputOf(callIdOf(item), items);
      return [
        {
          sessionUpdate: "tool_call",
          toolCallId,
          title: item.type === "local_shell_call" ? item.action.command.join(" ") : item.name,
          kind: "other",
          status: "completed",
          content: output === undefined ? [] : [verbatimContent(output)],
          rawInput: item,
        },
      ];
    }
    case "function_call_output":
    case "custom_tool_call_output":
      return [];
  }
}

function messageUpdates(message: MessageItem): readonly SessionUpdate[] {
  const text = textOfMessage(message);
  if (message.role === "assistant") return [messageChunk(text)];
  const isOurs = isEnvironmentContext(message) || isUserInstructions(message);
  if (message.role !== "user" || isOurs) return [];
  return [{ sessionUpdate: "user_message_chunk", content: { type: "text", text } }];
}

function outputOf(callId: string, items: readonly ModelItem[]): string | undefined {
  for (const item of items) {
    const isOutput =
      item.type === "function_call_output" || item.type === "custom_tool_call_output";
    if (isOutput && item.call_id === callId) return item.output;
  }
  return undefined;
}
