import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  assistantMessage,
  COMPLETED,
  CREATED,
  functionCall,
  HANG,
  needsLoopback,
  respond,
  textDelta,
} from "../support/model-server.ts";
import { firstReason, needsSandbox } from "../support/skip-reasons.ts";
import { at } from "../support/stdio-peer.ts";
import { until } from "../support/until.ts";
import { McpSession, textResult, UNTRUSTED } from "./mcp-session.ts";

const skip = firstReason(needsLoopback, needsSandbox);
const DONE = respond(assistantMessage("done"));
const TOUCH = functionCall("shell", { command: ["touch", "x"] });
const PATCH = ["*** Begin Patch", "*** Add File: new.txt", "+hello", "*** End Patch"].join("\n");

test(
  "a call is answered with the last message, after all events of the session",
  { skip },
  async (t) => {
    const mcp = await McpSession.start(t, [
      respond(textDelta("Hel"), textDelta("lo"), assistantMessage("Hello")),
      respond(assistantMessage("Second")),
    ]);
    mcp.callTool(1, "codex", { prompt: "hi" });
    assert.deepEqual(await mcp.answer(1), { jsonrpc: "2.0", id: 1, result: textResult("Hello") });
    assert.deepEqual(mcp.eventTypes(1), [
      "session_configured",
      "task_started",
      "agent_message_delta",
      "agent_message_delta",
      "agent_message",
      "token_count",
      "task_complete",
    ]);
    const events = mcp.lines.filter((line) => line["method"] === "codex/event");
    assert.deepEqual(
      events.map((line) => at(line, "params.id")),
      ["", "1", "1", "1", "1", "1", "1"],
    );
    const sessionId = at(events[0], "params.msg.session_id");
    for (const [id, name, eventId] of [
      [2, "sessionId", "0"],
      ["three", "conversationId", "1"],
    ] as const) {
      mcp.callTool(id, "codex-reply", { [name]: sessionId, prompt: "more" });
      assert.deepEqual(at(await mcp.answer(id), "result"), textResult("Second"));
      assert.deepEqual(mcp.eventTypes(id), [
        "task_started",
        "agent_message",
        "token_count",
        "task_complete",
      ]);
      const last = mcp.lines.findLast((line) => line["method"] === "codex/event");
      assert.equal(at(last, "params.id"), eventId);
    }
  },
);

for (const [args, words] of [
  [{}, "missing prompt"],
  [{ prompt: "x", "approval-policy": "zzz" }, "approval-policy"],
  [{ prompt: "x", profile: "nope" }, `"nope" not found`],
  [{ prompt: "x", cwd: "/no/such" }, "no such directory"],
  [{ prompt: "x", config: { "a=b": null } }, "null is not a value"],
] as const) {
  test(
    `arguments ${JSON.stringify(args)} of codex are answered with what is wrong`,
    { skip },
    async (t) => {
      const mcp = await McpSession.start(t, [DONE]);
      mcp.callTool(1, "codex", args);
      const { result } = await mcp.answer(1);
      assert.equal(at(result, "isError"), true);
      assert.ok(String(at(result, "content.0.text")).includes(words), JSON.stringify(result));
    },
  );
}

test("unknown sessions, tools and arguments", { skip }, async (t) => {
  const mcp = await McpSession.start(t, [DONE]);
  for (const [name, args] of [
    ["codex-reply", {}],
    ["codex-reply", { prompt: "x" }],
    ["codex-reply", { sessionId: "notuuid", prompt: "x" }],
    ["codex-reply", { sessionId: "00000000-0000-4000-8000-000000000000", prompt: "x" }],
    ["nope", {}],
  ] as const) {
    const answer = await mcp.request("tools/call", { name, arguments: args });
    assert.equal(at(answer, "result.isError"), true);
  }
  assert.equal(at(await mcp.request("tools/call", { name: "codex" }), "result.isError"), true);
  assert.equal(at(await mcp.request("tools/call", {}), "error.code"), -32_602);
  const ignored = await mcp.request("tools/call", {
    name: "codex",
    arguments: { prompt: "x", bogus: 1 },
  });
  assert.deepEqual(at(ignored, "result"), textResult("done"));
});

for (const [answer, runs] of [
  [{ decision: "approved" }, true],
  [{ action: "accept", content: {} }, true],
  [{ decision: "denied" }, false],
  [{ action: "decline" }, false],
  [{ nonsense: 1 }, false],
] as const) {
  test(
    `an elicitation answered with ${JSON.stringify(answer)} ${runs ? "runs" : "does not run"} the command`,
    { skip },
    async (t) => {
      const mcp = await McpSession.start(t, [respond(TOUCH), DONE]);
      mcp.callTool(1, "codex", { prompt: "hi", ...UNTRUSTED });
      const question = await mcp.question("elicitation/create");
      assert.deepEqual(question, {
        jsonrpc: "2.0",
        id: 0,
        method: "elicitation/create",
        params: {
          message: `Allow Codex to run \`touch x\` in \`${mcp.home.cwd}\`?`,
          requestedSchema: { type: "object", properties: {} },
          codex_elicitation: "exec-approval",
          codex_mcp_tool_call_id: "1",
          codex_event_id: "1",
          codex_call_id: "call_1",
          codex_command: ["touch", "x"],
          codex_cwd: mcp.home.cwd,
        },
      });
      assert.equal(mcp.eventTypes(1).at(-1), "exec_approval_request");
      mcp.reply(question, answer);
      assert.deepEqual(at(await mcp.answer(1), "result"), textResult("done"));
      assert.equal(existsSync(join(mcp.home.cwd, "x")), runs);
    },
  );
}

for (const answer of [
  { error: { code: -32_601, message: "no such method" } },
  { result: "approved" },
  { error: "broken" },
] as const) {
  test(`an elicitation answered with ${JSON.stringify(answer)} is a no`, { skip }, async (t) => {
    const mcp = await McpSession.start(t, [respond(TOUCH), DONE]);
    mcp.callTool(1, "codex", { prompt: "hi", ...UNTRUSTED });
    const question = await mcp.question("elicitation/create");
    mcp.send({ jsonrpc: "2.0", id: question["id"], ...answer });
    assert.deepEqual(at(await mcp.answer(1), "result"), textResult("done"));
    assert.equal(existsSync(join(mcp.home.cwd, "x")), false);
  });
}

for (const answer of [{ decision: "abort" }, { action: "cancel" }] as const) {
  test(
    `an elicitation answered with ${JSON.stringify(answer)} ends the turn`,
    { skip },
    async (t) => {
      const mcp = await McpSession.start(t, [respond(TOUCH), DONE]);
      mcp.callTool(1, "codex", { prompt: "hi", ...UNTRUSTED });
      mcp.reply(await mcp.question("elicitation/create"), answer);
      assert.equal(at(await mcp.answer(1), "result.isError"), true);
      assert.equal(mcp.eventTypes(1).at(-1), "turn_aborted");
    },
  );
}

test("what hides in a command is shown in the question", { skip }, async (t) => {
  const hidden = respond(functionCall("shell", { command: ["touch", "x\u202e\u001b[2J"] }));
  const mcp = await McpSession.start(t, [hidden, DONE]);
  mcp.callTool(1, "codex", { prompt: "hi", ...UNTRUSTED });
  const question = await mcp.question("elicitation/create");
  assert.match(String(at(question, "params.message")), /`touch 'x<U\+202E><U\+001B>\[2J'`/u);
  mcp.reply(question, { decision: "denied" });
  await mcp.answer(1);
});

test("a patch is elicited with its changes", { skip }, async (t) => {
  const call = functionCall("shell", { command: ["apply_patch", PATCH] });
  const mcp = await McpSession.start(t, [respond(call), DONE]);
  mcp.callTool(1, "codex", { prompt: "hi", ...UNTRUSTED });
  const question = await mcp.question("elicitation/create");
  assert.deepEqual(at(question, "params"), {
    message: "Allow Codex to apply proposed code changes?",
    requestedSchema: { type: "object", properties: {} },
    codex_elicitation: "patch-approval",
    codex_mcp_tool_call_id: "1",
    codex_event_id: "1",
    codex_call_id: "call_1",
    codex_changes: { [join(mcp.home.cwd, "new.txt")]: { add: { content: "hello\n" } } },
  });
  mcp.reply(question, { decision: "approved" });
  await mcp.answer(1);
  assert.equal(existsSync(join(mcp.home.cwd, "new.txt")), true);
});

test("a fatal error is the result, marked as one", { skip }, async (t) => {
  const mcp = await McpSession.start(t, [{ status: 400, body: { error: "x" } }]);
  mcp.callTool(1, "codex", { prompt: "hi" });
  const { result } = await mcp.answer(1);
  assert.equal(at(result, "isError"), true);
  assert.match(String(at(result, "content.0.text")), /400/);
  assert.equal(at(result, "error"), at(result, "content.0.text"));
});

for (const id of [0, 1, "one"] as const) {
  test(
    `a cancelled call with the id ${JSON.stringify(id)} is interrupted and not answered`,
    { skip },
    async (t) => {
      const mcp = await McpSession.start(t, [
        { stream: [CREATED, textDelta("a"), HANG] },
        respond(assistantMessage("second")),
      ]);
      mcp.callTool(id, "codex", { prompt: "hi" });
      await mcp.event("agent_message_delta");
      const sessionId = at(
        mcp.lines.find((line) => at(line, "params.msg.type") === "session_configured"),
        "params.msg.session_id",
      );
      mcp.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id } });
      await mcp.event("turn_aborted");
      mcp.callTool(2, "codex-reply", { sessionId, prompt: "more" });
      assert.deepEqual(at(await mcp.answer(2), "result"), textResult("second"));
      // The events of the second call are the second call's alone.
      assert.equal(mcp.eventTypes(id).at(-1), "turn_aborted");
      assert.deepEqual(mcp.eventTypes(2).at(-1), "task_complete");
      assert.equal(
        mcp.lines.some((line) => line["id"] === id && !("method" in line)),
        false,
      );
      mcp.callTool(id, "codex-reply", { sessionId, prompt: "the same id again" });
      assert.deepEqual(at(await mcp.answer(id), "result"), textResult("second"));
    },
  );
}

test(
  "a cancelled question is taken back, and a cancelled wait for one ends",
  { skip },
  async (t) => {
    const mcp = await McpSession.start(t, [respond(TOUCH), DONE]);
    mcp.callTool(1, "codex", { prompt: "hi", ...UNTRUSTED });
    const question = await mcp.question("elicitation/create");
    mcp.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } });
    const taken = await mcp.next(
      "cancellation",
      (line) => line["method"] === "notifications/cancelled",
    );
    assert.equal(at(taken, "params.requestId"), question["id"]);
    mcp.reply(question, { decision: "approved" });
    assert.deepEqual(at(await mcp.request("ping"), "result"), {});
    assert.equal(existsSync(join(mcp.home.cwd, "x")), false);
  },
);

test("an answer that comes twice answers one question alone", { skip }, async (t) => {
  const other = functionCall("shell", { command: ["touch", "y"] }, "call_2");
  const mcp = await McpSession.start(t, [respond(TOUCH), respond(other), DONE]);
  mcp.callTool(1, "codex", { prompt: "hi", ...UNTRUSTED });
  const first = await mcp.question("elicitation/create");
  for (let times = 0; times < 5; times += 1) mcp.reply(first, { action: "accept" });
  const second = await mcp.next(
    "the second question",
    (line) => line["method"] === "elicitation/create" && line["id"] !== first["id"],
  );
  for (let times = 0; times < 5; times += 1) mcp.reply(first, { action: "accept" });
  assert.deepEqual(at(await mcp.request("ping"), "result"), {});
  mcp.reply(second, { action: "decline" });
  mcp.reply(second, { action: "accept" });
  await mcp.answer(1);
  assert.equal(existsSync(join(mcp.home.cwd, "x")), true);
  assert.equal(existsSync(join(mcp.home.cwd, "y")), false);
});

test(
  "a message to a running session joins it, and both calls are answered",
  { skip },
  async (t) => {
    const mcp = await McpSession.start(t, [
      { stream: [CREATED, textDelta("a"), 300, assistantMessage("a"), COMPLETED] },
      respond(assistantMessage("both")),
    ]);
    mcp.callTool(1, "codex", { prompt: "hi" });
    await mcp.event("agent_message_delta");
    const sessionId = at(mcp.lines[1], "params.msg.session_id");
    mcp.callTool(2, "codex-reply", { sessionId, prompt: "and" });
    const [first, second] = [
      await mcp.next("answers", isAnswer),
      await mcp.next("answers", isAnswer),
    ];
    assert.deepEqual([first["id"], second["id"]], [1, 2]);
    assert.deepEqual([first["result"], second["result"]], [textResult("both"), textResult("both")]);
  },
);

test("the client's settings win over the command line", { skip }, async (t) => {
  const mcp = await McpSession.start(t, [
    (request) => respond(assistantMessage(String(at(request.body, "model")))),
  ]);
  const config = { model_reasoning_effort: "low", "tui.animations": false };
  mcp.callTool(1, "codex", { prompt: "x", model: "o3", config, "base-instructions": "BASE" });
  assert.deepEqual(at(await mcp.answer(1), "result"), textResult("o3"));
});

function isAnswer(line: Readonly<Record<string, unknown>>): boolean {
  return "result" in line;
}

test("a client that widens the sandbox is told of on stderr", { skip }, async (t) => {
  const mcp = await McpSession.start(t, [DONE]);
  mcp.callTool(1, "codex", { prompt: "x", sandbox: "read-only" });
  await mcp.answer(1);
  assert.equal(mcp.stderr, "");
  mcp.callTool(2, "codex", { prompt: "x", config: { sandbox_mode: "danger-full-access" } });
  await mcp.answer(2);
  assert.equal(await until(() => mcp.stderr !== "", 5000), true);
  assert.equal(
    mcp.stderr,
    "codex: The client asked for another sandbox: danger-full-access instead of read-only\n",
  );
});
