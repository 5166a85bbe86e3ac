import assert from "node:assert/strict";
import { test } from "node:test";
import { shellTool } from "../../src/model/tool-specs.ts";
import {
  chatChunk,
  CUT,
  HANG,
  needsLoopback,
  respondChat,
  startModelServer,
  type StreamStep,
} from "../support/model-server.ts";
import { ask, endpoint, notices, type Outcome, prompt } from "./model-request.ts";

const options = { skip: needsLoopback, timeout: 30_000 };

const message = (text: string) =>
  ({
    kind: "item-done",
    item: {
      type: "message",
      id: null,
      role: "assistant",
      content: [{ type: "output_text", text }],
    },
  }) as const;

const call = (name: string, args: string, callId: string) =>
  ({
    kind: "item-done",
    item: { type: "function_call", id: null, name, arguments: args, call_id: callId },
  }) as const;

const completed = { kind: "completed", usage: null } as const;

async function askChat(
  t: Parameters<typeof startModelServer>[0],
  ...streams: readonly [readonly StreamStep[], ...(readonly StreamStep[])[]]
): Promise<Outcome> {
  const [first, ...rest] = streams;
  const server = await startModelServer(t, [
    { stream: first },
    ...rest.map((stream) => ({ stream })),
  ]);
  return ask(endpoint(server.url, { wireApi: "chat", streamMaxRetries: 1 }));
}

test("the request has the headers and the body of the chat API", options, async (t) => {
  const server = await startModelServer(t, [respondChat({ content: "Hello" })]);
  const shell = shellTool({ approvalPolicy: "never", sandboxPolicy: { mode: "read-only" } });
  await ask(endpoint(server.url, { wireApi: "chat" }), undefined, {
    ...prompt,
    tools: [shell, { type: "local_shell" }],
  });
  const [request] = server.requests;
  assert.ok(request !== undefined);
  const { host: _host, connection: _connection, ...headers } = request.headers;
  const { type, ...shellFunction } = shell;
  assert.deepEqual(
    { method: request.method, path: request.path, headers, body: request.body },
    {
      method: "POST",
      path: "/v1/chat/completions",
      headers: {
        accept: "text/event-stream",
        authorization: "Bearer sk-test",
        "content-length": headers["content-length"],
        "content-type": "application/json",
        originator: "codex_cli_rs",
        "user-agent": "codex_cli_rs/0.0.0",
      },
      body: {
        model: "gpt-5",
        messages: [
          { role: "system", content: "Be brief" },
          { role: "user", content: "hi" },
        ],
        stream: true,
        stream_options: { include_usage: true },
        tools: [{ type, function: shellFunction }],
      },
    },
  );
});

test("without tools there is no tools field", options, async (t) => {
  const server = await startModelServer(t, [respondChat({ content: "Hello" })]);
  await ask(endpoint(server.url, { wireApi: "chat" }));
  assert.equal(JSON.stringify(server.requests[0]?.body).includes("tools"), false);
});

test("text comes as deltas and then as one message", options, async (t) => {
  const usageChunk = {
    choices: [],
    usage: {
      prompt_tokens: 9,
      completion_tokens: 3,
      total_tokens: 12,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 1 },
    },
  };
  const outcome = await askChat(t, [
    chatChunk({ role: "assistant", content: "" }),
    chatChunk({ content: "Hel" }),
    chatChunk({ content: "lo" }),
    chatChunk({}, "stop"),
    usageChunk,
    "[DONE]",
  ]);
  assert.deepEqual(outcome, {
    events: [
      { kind: "created" },
      { kind: "output-text-delta", delta: "Hel" },
      { kind: "output-text-delta", delta: "lo" },
      message("Hello"),
      {
        kind: "completed",
        usage: {
          input_tokens: 9,
          cached_input_tokens: 4,
          output_tokens: 3,
          reasoning_output_tokens: 1,
          total_tokens: 12,
        },
      },
    ],
    error: null,
  });
});

test("interleaved parts of several calls are put together by index", options, async (t) => {
  const part = (index: number, text: string, id?: string) => ({
    index,
    ...(id === undefined ? {} : { id, type: "function" }),
    function: { ...(id === undefined ? {} : { name: "shell" }), arguments: text },
  });
  const outcome = await askChat(t, [
    chatChunk({ content: "Looking" }),
    chatChunk({ tool_calls: [part(0, `{"a":`, "call_a"), part(1, `{"b":`, "call_b")] }),
    chatChunk({ tool_calls: [part(1, "2}")] }),
    chatChunk({ tool_calls: [part(0, "1}")] }),
    chatChunk({}, "tool_calls"),
    "[DONE]",
  ]);
  assert.deepEqual(outcome.events, [
    { kind: "created" },
    { kind: "output-text-delta", delta: "Looking" },
    message("Looking"),
    call("shell", `{"a":1}`, "call_a"),
    call("shell", `{"b":2}`, "call_b"),
    completed,
  ]);
});

for (const [what, indices] of [
  ["without indices", {}],
  ["all numbered 0", { index: 0 }],
] as const) {
  test(`calls ${what} are told apart by their ids`, options, async (t) => {
    const outcome = await askChat(
      t,
      respondChat(
        { tool_calls: [{ ...indices, id: "x", function: { name: "one", arguments: "{" } }] },
        { tool_calls: [{ ...indices, function: { arguments: "}" } }] },
        { tool_calls: [{ ...indices, id: "y", function: { name: "two", arguments: "{}" } }] },
      ).stream,
    );
    assert.deepEqual(outcome.events, [
      { kind: "created" },
      call("one", "{}", "x"),
      call("two", "{}", "y"),
      completed,
    ]);
  });
}

test("a call without id gets one", options, async (t) => {
  const named = { tool_calls: [{ index: 0, function: { name: "one", arguments: "{}" } }] };
  const { events } = await askChat(t, respondChat(named).stream);
  const item = events[1]?.kind === "item-done" ? events[1].item : null;
  assert.match(item?.type === "function_call" ? item.call_id : "", /^call_[0-9a-f-]{36}$/);
});

test("reasoning in any of its spellings is raw reasoning", options, async (t) => {
  const outcome = await askChat(
    t,
    respondChat(
      { reasoning: "a" },
      { reasoning: { text: "b" } },
      { reasoning: { content: "c" } },
      { reasoning_content: "d" },
      { content: "hi" },
    ).stream,
  );
  assert.deepEqual(outcome.events, [
    { kind: "created" },
    ...["a", "b", "c", "d"].map((delta) => ({ kind: "reasoning-raw-delta", delta })),
    { kind: "output-text-delta", delta: "hi" },
    message("hi"),
    completed,
  ]);
});

test("an empty answer is complete", options, async (t) => {
  assert.deepEqual(await askChat(t, ["[DONE]"]), { events: [completed], error: null });
});

test("the end after a finish reason needs no [DONE]", options, async (t) => {
  const ends: readonly (readonly StreamStep[])[] = [[], [CUT], [Buffer.from("data: {broken\n\n")]];
  for (const end of ends) {
    const outcome = await askChat(t, [
      chatChunk({ content: "Hello" }),
      chatChunk({}, "length"),
      ...end,
    ]);
    assert.deepEqual(outcome.events.slice(-2), [message("Hello"), completed]);
    assert.equal(outcome.error, null);
  }
});

test("silence after a finish reason ends soon", options, async (t) => {
  const outcome = await askChat(t, [chatChunk({ content: "Hello" }), chatChunk({}, "stop"), HANG]);
  assert.deepEqual(outcome.events.slice(-2), [message("Hello"), completed]);
});

test("the end without any finish mark is a broken stream", options, async (t) => {
  const outcome = await askChat(
    t,
    [chatChunk({ content: "Hel" })],
    respondChat({ content: "Hello" }).stream,
  );
  assert.deepEqual(notices(outcome), [
    "stream error: stream disconnected before completion: stream closed before a finish mark; retrying 1/1 in <delay>…",
  ]);
  assert.deepEqual(outcome.events.slice(-2), [message("Hello"), completed]);
});

test("an error chunk is a failure with the server's words", options, async (t) => {
  const outcome = await askChat(t, [{ error: { message: "overloaded" } }]);
  assert.equal(outcome.error?.message, "stream disconnected before completion: overloaded");
  assert.equal(notices(outcome).length, 1);
});

test("garbage and foreign shapes are passed over", options, async (t) => {
  const outcome = await askChat(t, [
    Buffer.from(": hi\n\ndata: {x\n\ndata: 1\n\n"),
    { choices: "none" },
    { choices: [7] },
    { choices: [{ delta: { content: 7, tool_calls: [null, {}] } }] },
    chatChunk({ content: "Hello" }),
    chatChunk({}, "stop"),
    "[DONE]",
  ]);
  assert.deepEqual(outcome.events, [
    { kind: "created" },
    { kind: "output-text-delta", delta: "Hello" },
    message("Hello"),
    completed,
  ]);
});
