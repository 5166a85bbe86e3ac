/** Text as content of a tool call. */
import type { ToolCallContent } from "@agentclientprotocol/sdk";

export function textContent(text: string): ToolCallContent {
  return { type: "content", content: { type: "text", text } };
}

/** Verbatim for a reader of Markdown, whatever it holds. */
export function verbatimContent(text: string): ToolCallContent {
  const runs = [...text.matchAll(/`+/gu)].map(([run]) => run.length);
  const fence = "`".repeat(Math.max(3, ...runs.map((length) => length + 1)));
  const end = text.endsWith("\n") ? "" : "\n";
  return textContent(`${fence}\n${text}${end}${fence}`);
}
