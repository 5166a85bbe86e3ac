import assert from "node:assert/strict";
import { test } from "node:test";
import { chatMessages } from "../../src/model/chat-messages.ts";
import type { ModelItem } from "../../src/protocol/model-item.ts";

function call(callId: string): ModelItem {
  return { type: "function_call", id: null, name: "shell", arguments: "{}", call_id: callId };
}

function output(callId: string): ModelItem {
  return { type: "function_call_output", call_id: callId, output: "done" };
}

function toolCall(id: string): object {
  return { id, type: "function", function: { name: "shell", arguments: "{}" } };
}

function messages(...items: readonly ModelItem[]): unknown {
  return chatMessages("rules", items).slice(1);
}

test("the instructions are the system message", () => {
  assert.deepEqual(chatMessages("rules", []), [{ role: "system", content: "rules" }]);
});

test("a call and its output are a pair of messages", () => {
  assert.deepEqual(messages(call("a"), output("a"), call("b"), output("b")), [
    { role: "assistant", content: null, tool_calls: [toolCall("a")] },
    { role: "tool", tool_call_id: "a", content: "done" },
    { role: "assistant", content: null, tool_calls: [toolCall("b")] },
    { role: "tool", tool_call_id: "b", content: "done" },
  ]);
});

test("calls that follow each other are one message", () => {
  const reasoning: ModelItem = {
    type: "reasoning",
    id: "r",
    summary: [],
    content: null,
    encrypted_content: null,
  };
  assert.deepEqual(messages(call("a"), reasoning, call("b"), output("a"), output("b")), [
    { role: "assistant", content: null, tool_calls: [toolCall("a"), toolCall("b")] },
    { role: "tool", tool_call_id: "a", content: "done" },
    { role: "tool", tool_call_id: "b", content: "done" },
  ]);
});

test("text before a call stays before it", () => {
  const said: ModelItem = {
    type: "message",
    id: "m",
    role: "assistant",
    content: [
      { type: "output_text", text: "a" },
      { type: "output_text", text: "b" },
    ],
  };
  assert.deepEqual(messages(said, call("a")), [
    { role: "assistant", content: "ab" },
    { role: "assistant", content: null, tool_calls: [toolCall("a")] },
  ]);
});

test("pictures are parts between the texts", () => {
  const content = [
    { type: "input_image", image_url: "data:image/png;base64,AA" },
    { type: "input_text", text: "what is this" },
  ] as const;
  assert.deepEqual(messages({ type: "message", id: null, role: "user", content }), [
    {
      role: "user",
      content: [
        { type: "image_url", image_url: { url: "data:image/png;base64,AA" } },
        { type: "text", text: "what is this" },
      ],
    },
  ]);
});

test("calls of other kinds are functions here", () => {
  const action = {
    type: "exec",
    command: ["ls"],
    timeout_ms: 5,
    working_directory: "/tmp",
    env: null,
    user: null,
  } as const;
  const converted = messages(
    { type: "local_shell_call", id: "l", call_id: null, status: "completed", action },
    { type: "custom_tool_call", id: null, call_id: "c", name: "apply_patch", input: "p" },
    { type: "custom_tool_call_output", call_id: "c", output: "done" },
  );
  const shellArguments = `{"command":["ls"],"workdir":"/tmp","timeout":5}`;
  assert.deepEqual(converted, [
    {
      role: "assistant",
      content: null,
      tool_calls: [
        { id: "l", type: "function", function: { name: "shell", arguments: shellArguments } },
        {
          id: "c",
          type: "function",
          function: { name: "apply_patch", arguments: `{"input":"p"}` },
        },
      ],
    },
    { role: "tool", tool_call_id: "c", content: "done" },
  ]);
});
