import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  callIdOf,
  decodeModelItem,
  type ModelItem,
  modelItemSchema,
  textOfMessage,
  userMessage,
} from "../../src/protocol/model-item.ts";

const everyItem: readonly ModelItem[] = [
  {
    type: "message",
    id: null,
    role: "user",
    content: [
      { type: "input_text", text: "a" },
      { type: "input_image", image_url: "data:image/png;base64,AA" },
    ],
  },
  { type: "message", id: "m", role: "assistant", content: [{ type: "output_text", text: "b" }] },
  {
    type: "reasoning",
    id: "rs",
    summary: [{ type: "summary_text", text: "s" }],
    content: [{ type: "reasoning_text", text: "raw" }],
    encrypted_content: "ENC",
  },
  { type: "function_call", id: "fc", name: "shell", arguments: "{}", call_id: "c" },
  { type: "function_call_output", call_id: "c", output: "ok" },
  {
    type: "local_shell_call",
    id: "l",
    call_id: null,
    status: "completed",
    action: {
      type: "exec",
      command: ["echo"],
      timeout_ms: 5,
      working_directory: "/",
      env: { A: "b" },
      user: null,
    },
  },
  { type: "custom_tool_call", id: null, call_id: "c", name: "apply_patch", input: "*** Begin" },
  { type: "custom_tool_call_output", call_id: "c", output: "ok" },
];

test("every kind of item survives its JSON", () => {
  for (const item of everyItem) {
    assert.deepEqual(decodeModelItem(JSON.parse(JSON.stringify(item))), item);
  }
  const kinds = modelItemSchema.def.options.map((option) => option.def.shape.type.def.values[0]);
  assert.deepEqual(
    kinds.map(String).toSorted(),
    [...new Set(everyItem.map((i) => i.type))].toSorted(),
  );
});

test("what a server leaves out becomes null, what it adds is dropped", () => {
  assert.deepEqual(
    decodeModelItem({
      type: "message",
      status: "completed",
      role: "assistant",
      content: [{ type: "output_text", text: "x", annotations: [], logprobs: [] }],
    }),
    { type: "message", id: null, role: "assistant", content: [{ type: "output_text", text: "x" }] },
  );
  assert.deepEqual(decodeModelItem({ type: "reasoning", id: "r", content: [{ type: "new" }] }), {
    type: "reasoning",
    id: "r",
    summary: [],
    content: [],
    encrypted_content: null,
  });
  assert.deepEqual(decodeModelItem({ type: "function_call", id: "f", name: "n" }), {
    type: "function_call",
    id: "f",
    name: "n",
    arguments: "",
    call_id: "f",
  });
  assert.deepEqual(
    decodeModelItem({ type: "local_shell_call", action: { type: "exec", command: ["a"] } }),
    {
      type: "local_shell_call",
      id: null,
      call_id: null,
      status: "completed",
      action: {
        type: "exec",
        command: ["a"],
        timeout_ms: null,
        working_directory: null,
        env: null,
        user: null,
      },
    },
  );
});

test("a refusal is read as text, other unknown parts are left out", () => {
  assert.deepEqual(
    decodeModelItem({
      type: "message",
      id: "m",
      role: "assistant",
      content: [{ type: "audio" }, { type: "refusal", refusal: "I will not" }, 7],
    }),
    {
      type: "message",
      id: "m",
      role: "assistant",
      content: [{ type: "output_text", text: "I will not" }],
    },
  );
});

test("unknown kinds, broken items and empty messages are null", () => {
  for (const value of [
    { type: "web_search_call", id: "w" },
    { type: "function_call" },
    { type: "message", role: "assistant", content: "text" },
    { type: "message", role: "assistant", content: [] },
    { type: "message", role: "assistant", content: [{ type: "audio" }] },
    {},
    null,
    "message",
    [],
  ]) {
    assert.equal(decodeModelItem(value), null);
  }
});

test("any JSON value decodes without throwing", () => {
  const kind = fc.constantFrom(...everyItem.map((item) => item.type));
  fc.assert(
    fc.property(kind, fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (type, a, b) => {
      decodeModelItem({ ...a, type, content: b, arguments: b, action: a });
      decodeModelItem(b);
    }),
  );
});

test("the text of a message is all its text", () => {
  const content = [
    { type: "input_text", text: "a" },
    { type: "input_image", image_url: "x" },
    { type: "output_text", text: "b" },
  ] as const;
  assert.equal(textOfMessage(userMessage(content)), "ab");
});

test("a local shell call without call id is named by its id", () => {
  const [, , , call, , shell, custom] = everyItem;
  assert.equal(call?.type === "function_call" && callIdOf(call), "c");
  assert.equal(shell?.type === "local_shell_call" && callIdOf(shell), "l");
  assert.equal(custom?.type === "custom_tool_call" && callIdOf(custom), "c");
});
