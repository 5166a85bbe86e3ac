import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import {
  assistantMessage,
  COMPLETED,
  CREATED,
  CUT,
  functionCall,
  HANG,
  itemDone,
  needsLoopback,
  type ReceivedRequest,
  respond,
  type ServerAnswer,
  sseText,
  startModelServer,
  textDelta,
} from "../support/model-server.ts";
import { eventsOfTask, runTurn, startConversation, text, typesOf } from "./conversation-harness.ts";

const skip = needsLoopback;
const USAGE = {
  type: "token_count",
  input_tokens: 100,
  cached_input_tokens: 20,
  output_tokens: 30,
  reasoning_output_tokens: 5,
  total_tokens: 130,
} as const;
const STARTED = { type: "task_started", model_context_window: 272_000 } as const;
const PLAN = { plan: [{ step: "A", status: "in_progress" }] };
const PLAN_EVENT = { type: "plan_update", explanation: null, ...PLAN } as const;

/** Short forms of what was sent: roles with texts, calls and outputs with their ids. */
function inputOf(request: ReceivedRequest | undefined): readonly string[] {
  const body: unknown = request?.body;
  assert.ok(typeof body === "object" && body !== null && "input" in body);
  assert.ok(Array.isArray(body.input));
  return (body.input as readonly unknown[]).map((item) => {
    assert.ok(typeof item === "object" && item !== null && "type" in item);
    if ("role" in item && "content" in item) {
      const words = JSON.stringify(item.content);
      if (words.includes("<environment_context>")) return "environment";
      return `${String(item.role)}: ${/"text":"(.*?)"[,}]/u.exec(words)?.[1] ?? words}`;
    }
    if ("output" in item && "call_id" in item)
      return `${String(item.call_id)} -> ${String(item.output)}`;
    return "call_id" in item ? `call ${String(item.call_id)}` : String(item.type);
  });
}

test("a plain answer", { skip }, async (t) => {
  const server = await startModelServer(t, [
    respond(textDelta("Hel"), textDelta("lo"), assistantMessage("Hello")),
  ]);
  const { conversation } = await startConversation(t, { url: server.url });
  assert.deepEqual(await runTurn(conversation, "hi"), [
    STARTED,
    { type: "agent_message_delta", delta: "Hel" },
    { type: "agent_message_delta", delta: "lo" },
    { type: "agent_message", message: "Hello" },
    USAGE,
    { type: "task_complete", last_agent_message: "Hello" },
  ]);
  assert.deepEqual(server.requests.map(inputOf), [["environment", "user: hi"]]);
});

test(
  "each request extends the one before, and streamed text is in it once",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [
      respond(textDelta("first"), assistantMessage("first")),
      respond(assistantMessage("second")),
    ]);
    const { conversation } = await startConversation(t, { url: server.url });
    await runTurn(conversation, "one");
    await runTurn(conversation, "two");
    assert.deepEqual(inputOf(server.requests[1]), [
      "environment",
      "user: one",
      "assistant: first",
      "user: two",
    ]);
  },
);

test("calls run in turn, each output follows its call", { skip }, async (t) => {
  const server = await startModelServer(t, [
    respond(functionCall("update_plan", PLAN, "c1"), functionCall("update_plan", PLAN, "c2")),
    respond(assistantMessage("done")),
  ]);
  const { conversation } = await startConversation(t, { url: server.url });
  assert.deepEqual(await runTurn(conversation, "go"), [
    STARTED,
    PLAN_EVENT,
    PLAN_EVENT,
    USAGE,
    { type: "agent_message", message: "done" },
    USAGE,
    { type: "task_complete", last_agent_message: "done" },
  ]);
  assert.deepEqual(inputOf(server.requests[1]), [
    "environment",
    "user: go",
    "call c1",
    "c1 -> Plan updated",
    "call c2",
    "c2 -> Plan updated",
  ]);
});

test("calls nobody knows or understands are answered", { skip }, async (t) => {
  const custom = { type: "custom_tool_call", id: "x", call_id: "c3", name: "draw", input: "a cat" };
  const server = await startModelServer(t, [
    respond(
      functionCall("frobnicate", {}, "c1"),
      functionCall("update_plan", "{no json", "c2"),
      itemDone(custom),
    ),
    respond(assistantMessage("done")),
  ]);
  const { conversation } = await startConversation(t, { url: server.url });
  await runTurn(conversation, "go");
  assert.deepEqual(inputOf(server.requests[1]).slice(2), [
    "call c1",
    "c1 -> unsupported call: frobnicate",
    "call c2",
    "c2 -> failed to parse function arguments: Cannot read plan: not valid JSON",
    "call c3",
    "c3 -> unsupported custom tool call: draw",
  ]);
});

test("a stream that breaks after a call ran does not run it again", { skip }, async (t) => {
  const server = await startModelServer(t, [
    { stream: [CREATED, textDelta("par"), functionCall("update_plan", PLAN, "c1"), CUT] },
    respond(assistantMessage("done")),
  ]);
  const { conversation } = await startConversation(t, { url: server.url });
  const messages = await runTurn(conversation, "go");
  assert.deepEqual(typesOf(messages), [
    "task_started",
    "agent_message_delta",
    "plan_update",
    "background_event",
    "agent_message",
    "token_count",
    "task_complete",
  ]);
  assert.deepEqual(inputOf(server.requests[1]), [
    "environment",
    "user: go",
    "call c1",
    "c1 -> Plan updated",
  ]);
});

test(
  "reasoning that nothing follows is not sent again after a broken stream",
  { skip },
  async (t) => {
    const reasoning = itemDone({ type: "reasoning", id: "r1", summary: [] });
    const server = await startModelServer(t, [
      { stream: [CREATED, reasoning, CUT] },
      respond(reasoning, assistantMessage("done")),
      respond(assistantMessage("more")),
    ]);
    const { conversation } = await startConversation(t, { url: server.url });
    await runTurn(conversation, "go");
    await runTurn(conversation, "on");
    assert.deepEqual(inputOf(server.requests[1]), ["environment", "user: go"]);
    assert.deepEqual(inputOf(server.requests[2]), [
      "environment",
      "user: go",
      "reasoning",
      "assistant: done",
      "user: on",
    ]);
  },
);

const fatal: readonly (readonly [string, ServerAnswer, number, RegExp])[] = [
  ["400", { status: 400, body: { error: { message: "bad field" } } }, 1, /400.*bad field/u],
  ["401", { status: 401, body: { error: { message: "who are you" } } }, 1, /401.*who are you/u],
  ["500 for ever", { status: 500, body: { error: { message: "oops" } } }, 2, /500.*oops/u],
  ["early close for ever", { stream: [CREATED, CUT] }, 2, /stream disconnected/u],
  [
    "usage limit",
    { status: 429, body: { error: { type: "usage_limit_reached", message: "none left" } } },
    1,
    /none left/u,
  ],
];

for (const [name, answer, requests, words] of fatal) {
  test(`a fatal error ends the task: ${name}`, { skip }, async (t) => {
    const server = await startModelServer(t, [answer]);
    const { conversation } = await startConversation(t, { url: server.url });
    const messages = await runTurn(conversation, "go");
    assert.equal(server.requests.length, requests);
    const error = messages.find((message) => message.type === "error");
    assert.match(error?.message ?? "", words);
    assert.deepEqual(messages.at(-1), { type: "task_complete", last_agent_message: null });
  });
}

test("a missing key is a fatal error of the task, without a request", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("no"))]);
  const { conversation } = await startConversation(t, {
    url: server.url,
    overrides: ['model_providers.mock.env_key="MOCK_KEY"'],
  });
  assert.deepEqual(await runTurn(conversation, "go"), [
    STARTED,
    { type: "error", message: 'Missing environment variable: "MOCK_KEY"' },
    { type: "task_complete", last_agent_message: null },
  ]);
  assert.equal(server.requests.length, 0);
});

test("bytes cut anywhere, garbage and unknown events change nothing", { skip }, async (t) => {
  const whole = Buffer.from(
    [
      sseText(CREATED),
      "data: {not json\n\n: a comment\n\n",
      sseText({ type: "response.surprise", value: 1 }),
      sseText(textDelta("größe 🦊")),
      sseText(assistantMessage("größe 🦊")),
      sseText(COMPLETED),
    ].join(""),
  );
  const pieces = Array.from(whole, (byte) => Uint8Array.of(byte));
  const server = await startModelServer(t, [{ stream: pieces }]);
  const { conversation } = await startConversation(t, { url: server.url });
  assert.deepEqual(await runTurn(conversation, "hi"), [
    STARTED,
    { type: "agent_message_delta", delta: "größe 🦊" },
    { type: "agent_message", message: "größe 🦊" },
    USAGE,
    { type: "task_complete", last_agent_message: "größe 🦊" },
  ]);
});

test(
  "an interrupt closes the stream and keeps what was said",
  { skip, timeout: 10_000 },
  async (t) => {
    const server = await startModelServer(t, [
      { stream: [CREATED, textDelta("half an "), textDelta("answer"), HANG] },
      respond(assistantMessage("again")),
    ]);
    const { conversation } = await startConversation(t, { url: server.url });
    const id = conversation.submit({ type: "user_input", items: text("go") });
    const events = await eventsOfTask(conversation, id, ({ msg }) => {
      if (msg.type === "agent_message_delta" && msg.delta === "answer") {
        conversation.submit({ type: "interrupt" });
      }
    });
    assert.deepEqual(events.at(-1), { id, msg: { type: "turn_aborted", reason: "interrupted" } });
    await server.requests[0]?.closed;
    await runTurn(conversation, "next");
    assert.deepEqual(inputOf(server.requests[1]), [
      "environment",
      "user: go",
      "assistant: half an answer",
      "user: next",
    ]);
  },
);

test("input during a task goes into its next request, once", { skip }, async (t) => {
  const server = await startModelServer(t, [
    { stream: [CREATED, textDelta("a"), 200, assistantMessage("a"), COMPLETED] },
    respond(assistantMessage("b")),
  ]);
  const { conversation } = await startConversation(t, { url: server.url });
  const id = conversation.submit({ type: "user_input", items: text("one") });
  const events = await eventsOfTask(conversation, id, ({ msg }) => {
    if (msg.type === "agent_message_delta") {
      conversation.submit({ type: "user_input", items: text("two") });
    }
  });
  assert.deepEqual(
    events.map((event) => event.id),
    events.map(() => id),
  );
  assert.deepEqual(inputOf(server.requests[1]), [
    "environment",
    "user: one",
    "assistant: a",
    "user: two",
  ]);
});

test(
  "a message joins the running task, and the conversation is idle after it",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [
      { stream: [CREATED, textDelta("a"), 50, assistantMessage("a"), COMPLETED] },
      respond(assistantMessage("b")),
    ]);
    const { conversation } = await startConversation(t, { url: server.url });
    assert.equal(conversation.isIdle, true);
    const id = conversation.submitWithId({
      id: "x",
      op: { type: "user_input", items: text("one") },
    });
    const joined = { id: "y", op: { type: "user_input", items: text("two") } } as const;
    assert.deepEqual([id, conversation.submitWithId(joined)], ["x", "x"]);
    assert.equal(conversation.isIdle, false);
    await eventsOfTask(conversation, id);
    assert.equal(conversation.isIdle, true);
  },
);

test("a message right after an interrupt starts a task of its own", { skip }, async (t) => {
  const server = await startModelServer(t, [
    { stream: [CREATED, textDelta("half"), HANG] },
    respond(assistantMessage("again")),
  ]);
  const { conversation } = await startConversation(t, { url: server.url });
  const id = conversation.submit({ type: "user_input", items: text("go") });
  const next = { id: "next", op: { type: "user_input", items: text("next") } } as const;
  await eventsOfTask(conversation, id, ({ msg }) => {
    if (msg.type !== "agent_message_delta") return;
    conversation.submit({ type: "interrupt" });
    assert.equal(conversation.submitWithId(next), "next");
  });
  const events = await eventsOfTask(conversation, "next");
  assert.deepEqual(events.at(-1)?.msg, { type: "task_complete", last_agent_message: "again" });
});

test("no items, no request, and still an end", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("no"))]);
  const { conversation } = await startConversation(t, { url: server.url });
  const id = conversation.submit({ type: "user_input", items: [] });
  const events = await eventsOfTask(conversation, id);
  assert.deepEqual(
    events.map((event) => event.msg),
    [STARTED, { type: "task_complete", last_agent_message: null }],
  );
  assert.equal(server.requests.length, 0);
});

test("the environment is told again when it changed, and only then", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
  const { conversation, cwd } = await startConversation(t, { url: server.url });
  await runTurn(conversation, "one");
  conversation.submit({ type: "override_turn_context", approval_policy: "on-request" });
  await runTurn(conversation, "two");
  await runTurn(conversation, "three");
  const id = conversation.submit({
    type: "user_turn",
    items: text("four"),
    cwd,
    approval_policy: "never",
    sandbox_policy: { mode: "danger-full-access" },
    model: "gpt-4.1",
    effort: "low",
    summary: "none",
  });
  await eventsOfTask(conversation, id);
  await runTurn(conversation, "five");
  const sent = inputOf(server.requests.at(-1)).filter((item) => !item.startsWith("assistant"));
  assert.deepEqual(sent, [
    "environment",
    "user: one",
    "environment",
    "user: two",
    "user: three",
    "environment",
    "user: four",
    "environment",
    "user: five",
  ]);
  const models = server.requests.map(({ body }) =>
    typeof body === "object" && body !== null && "model" in body ? body.model : null,
  );
  assert.deepEqual(models, ["gpt-5", "gpt-5", "gpt-5", "gpt-4.1", "gpt-5"]);
});

test(
  "a compaction keeps the user's words and the summary; it waits for its turn",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [
      { stream: [CREATED, 50, assistantMessage("first answer"), COMPLETED] },
      respond(assistantMessage("SUMMARY")),
      respond(assistantMessage("third answer")),
    ]);
    const { conversation } = await startConversation(t, { url: server.url });
    conversation.submit({ type: "user_input", items: text("one") });
    const compactId = conversation.submit({ type: "compact" });
    const events = await eventsOfTask(conversation, compactId);
    assert.deepEqual(
      events.filter(({ id }) => id === compactId).map(({ msg }) => msg.type),
      ["task_started", "token_count", "agent_message", "task_complete"],
    );
    assert.ok(!JSON.stringify(events).includes("SUMMARY"));
    await runTurn(conversation, "three");
    const [environment, one, notes, three] = inputOf(server.requests[2]);
    assert.deepEqual([environment, one, three], ["environment", "user: one", "user: three"]);
    assert.match(notes ?? "", /SUMMARY/u);
  },
);

test(
  "shutdown answers, ends the events, and stops what runs",
  { skip, timeout: 10_000 },
  async (t) => {
    const server = await startModelServer(t, [{ stream: [CREATED, HANG] }]);
    const { conversation } = await startConversation(t, { url: server.url });
    conversation.submit({ type: "user_input", items: text("go") });
    await sleep(20);
    conversation.submit({ type: "shutdown" });
    const types: string[] = [];
    for await (const { msg } of conversation) types.push(msg.type);
    assert.deepEqual(types, ["task_started", "turn_aborted", "shutdown_complete"]);
    await assert.rejects(conversation.nextEvent(), { name: "ConversationEndedError" });
  },
);
