import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  assistantMessage,
  COMPLETED,
  CREATED,
  functionCall,
  HANG,
  needsLoopback,
  respond,
  type ServerAnswer,
  startModelServer,
  textDelta,
} from "../support/model-server.ts";
import { firstReason, needsSandbox } from "../support/skip-reasons.ts";
import { at, type JsonObject, StdioPeer } from "../support/stdio-peer.ts";
import { until } from "../support/until.ts";

const skip = firstReason(needsLoopback, needsSandbox);
const TOUCH = functionCall("shell", { command: ["touch", "x"] });
const DONE = respond(assistantMessage("done"));
const UNTRUSTED = ['approval_policy = "untrusted"', 'sandbox_mode = "workspace-write"'];

async function startProto(
  t: TestContext,
  script: readonly [ServerAnswer, ...ServerAnswer[]],
  config: readonly string[] = [],
): Promise<StdioPeer> {
  const server = await startModelServer(t, script);
  return new StdioPeer(t, ["proto"], { url: server.url, config });
}

function userInput(id: string, text = "hi"): JsonObject {
  return { id, op: { type: "user_input", items: [{ type: "text", text }] } };
}

function event(peer: StdioPeer, type: string): Promise<JsonObject> {
  return peer.next(type, (line) => at(line, "msg.type") === type);
}

function typesOf(peer: StdioPeer): readonly unknown[] {
  return peer.lines.map((line) => at(line, "msg.type"));
}

test("a piped submission is finished after the end of the input", { skip }, async (t) => {
  const peer = await startProto(t, [
    {
      stream: [
        CREATED,
        textDelta("Hel"),
        200,
        textDelta("lo"),
        assistantMessage("Hello"),
        COMPLETED,
      ],
    },
  ]);
  peer.send(userInput("s1"));
  peer.closeInput();
  assert.deepEqual(await peer.ended(), { code: 0, signal: null });
  const configured = peer.lines[0];
  assert.match(String(at(configured, "msg.session_id")), /^[0-9a-f-]{36}$/);
  assert.deepEqual(configured, {
    id: "",
    msg: {
      type: "session_configured",
      session_id: at(configured, "msg.session_id"),
      model: "gpt-5",
      history_log_id: at(configured, "msg.history_log_id"),
      history_entry_count: 0,
    },
  });
  assert.deepEqual(peer.lines.slice(1), [
    { id: "s1", msg: { type: "task_started", model_context_window: 272_000 } },
    { id: "s1", msg: { type: "agent_message_delta", delta: "Hel" } },
    { id: "s1", msg: { type: "agent_message_delta", delta: "lo" } },
    { id: "s1", msg: { type: "agent_message", message: "Hello" } },
    {
      id: "s1",
      msg: {
        type: "token_count",
        input_tokens: 100,
        cached_input_tokens: 20,
        output_tokens: 30,
        reasoning_output_tokens: 5,
        total_tokens: 130,
      },
    },
    { id: "s1", msg: { type: "task_complete", last_agent_message: "Hello" } },
    { id: "", msg: { type: "shutdown_complete" } },
  ]);
  assert.equal(peer.stderr, "");
});

test("lines that are no submissions are told on stderr and passed over", { skip }, async (t) => {
  const peer = await startProto(t, [DONE]);
  peer.sendRaw('not json\n{"id":"x","op":{"type":"nope"}}\n{"id":"x"}\n\n[1]\nnull\n"\xff"\n');
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  peer.sendRaw(`{"id":"x","op":{"type":${deep}}}\n`);
  peer.send(userInput("s1"));
  await event(peer, "task_complete");
  peer.send({ id: "end", op: { type: "shutdown" } });
  assert.deepEqual(await peer.ended(), { code: 0, signal: null });
  assert.deepEqual(peer.lines.at(-1), { id: "end", msg: { type: "shutdown_complete" } });
  assert.equal(peer.stderr.trimEnd().split("\n").length, 7);
  assert.match(peer.stderr, /^codex: Line 1: Cannot read submission: not valid JSON\n/);
  assert.match(peer.stderr, /Line 2: .*"nope" at op\.type, expected one of "interrupt"/);
  assert.match(peer.stderr, /Line 3: Cannot read submission: missing op\n/);
  assert.match(peer.stderr, /Line 8: .*unknown value \[\[… at op\.type/);
});

test("a sandboxed command that was approved runs", { skip }, async (t) => {
  const peer = await startProto(t, [respond(TOUCH), DONE], UNTRUSTED);
  peer.send(userInput("s1"));
  const question = await event(peer, "exec_approval_request");
  assert.deepEqual(at(question, "msg.command"), ["touch", "x"]);
  peer.send({ id: "a", op: { type: "exec_approval", id: "s1", decision: "approved" } });
  const end = await event(peer, "exec_command_end");
  assert.equal(at(end, "msg.exit_code"), 0);
  await event(peer, "task_complete");
  assert.equal(existsSync(join(peer.home.cwd, "x")), true);
  peer.closeInput();
  assert.deepEqual(await peer.ended(), { code: 0, signal: null });
});

for (const [decision, last] of [
  ["denied", "task_complete"],
  ["abort", "turn_aborted"],
] as const) {
  test(`a command whose approval is "${decision}" does not run`, { skip }, async (t) => {
    const peer = await startProto(t, [respond(TOUCH), DONE], UNTRUSTED);
    peer.send(userInput("s1"));
    await event(peer, "exec_approval_request");
    peer.send({ id: "a", op: { type: "exec_approval", id: "s1", decision } });
    await event(peer, last);
    assert.equal(typesOf(peer).includes("exec_command_begin"), false);
    assert.equal(existsSync(join(peer.home.cwd, "x")), false);
  });
}

test("an open question is denied when nobody can answer it any more", { skip }, async (t) => {
  const second = respond(functionCall("shell", { command: ["touch", "y"] }, "call_2"));
  const peer = await startProto(t, [respond(TOUCH), second, DONE], UNTRUSTED);
  peer.send(userInput("s1"));
  await event(peer, "exec_approval_request");
  peer.closeInput();
  assert.deepEqual(await peer.ended(), { code: 0, signal: null });
  assert.equal(typesOf(peer).filter((type) => type === "exec_approval_request").length, 2);
  assert.deepEqual(typesOf(peer).slice(-2), ["task_complete", "shutdown_complete"]);
  assert.equal(existsSync(join(peer.home.cwd, "x")), false);
});

test("everything that was asked is answered before the end", { skip }, async (t) => {
  const peer = await startProto(t, [DONE]);
  peer.send(
    { id: "tools", op: { type: "list_mcp_tools" } },
    userInput("s1"),
    userInput("s2"),
    { id: "c", op: { type: "compact" } },
    { id: "h", op: { type: "get_history_entry_request", offset: 0, log_id: 0 } },
  );
  peer.closeInput();
  assert.deepEqual(await peer.ended(), { code: 0, signal: null });
  const ends = peer.lines.filter((line) => at(line, "msg.type") === "task_complete");
  assert.deepEqual(
    ends.map((line) => line["id"]),
    ["s1", "c"],
  );
  assert.ok(typesOf(peer).includes("mcp_list_tools_response"));
  assert.ok(typesOf(peer).includes("get_history_entry_response"));
});

test("SIGINT interrupts, and the next message is answered", { skip }, async (t) => {
  const peer = await startProto(t, [{ stream: [CREATED, textDelta("a"), HANG] }, DONE]);
  peer.send(userInput("s1"));
  await event(peer, "agent_message_delta");
  peer.process.kill("SIGINT");
  const aborted = await event(peer, "turn_aborted");
  assert.deepEqual(aborted, { id: "s1", msg: { type: "turn_aborted", reason: "interrupted" } });
  peer.send(userInput("s2"));
  await event(peer, "task_complete");
  peer.process.kill("SIGINT");
  assert.deepEqual(await peer.ended(), { code: 130, signal: null });
});

for (const [signal, code] of [
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const) {
  test(`${signal} ends the program and its command`, { skip }, async (t) => {
    const script = "echo $$; sleep 77.5 & wait";
    const call = functionCall("shell", { command: ["bash", "-c", script] });
    const peer = await startProto(t, [respond(call), DONE]);
    peer.send(userInput("s1"));
    const delta = await event(peer, "exec_command_output_delta");
    const pid = Buffer.from(String(at(delta, "msg.chunk")), "base64")
      .toString()
      .trim();
    peer.process.kill(signal);
    assert.deepEqual(await peer.ended(), { code, signal: null });
    assert.ok(await until(() => !existsSync(`/proc/${pid}`), 2000));
    assert.deepEqual(typesOf(peer).at(-1), "shutdown_complete");
  });
}

test("a second SIGINT ends what the first could not interrupt", { skip }, async (t) => {
  const script = "trap '' TERM INT; echo up; while :; do sleep 1; done";
  const call = functionCall("shell", { command: ["bash", "-c", script] });
  const peer = await startProto(t, [respond(call), DONE]);
  peer.send(userInput("s1"));
  await event(peer, "exec_command_output_delta");
  peer.process.kill("SIGINT");
  peer.process.kill("SIGINT");
  // Two signals may arrive as one; then the first has interrupted, and the next finds it idle.
  await Promise.race([peer.exit, event(peer, "turn_aborted")]);
  peer.process.kill("SIGINT");
  assert.deepEqual(await peer.ended(), { code: 130, signal: null });
});

test("a closed stdout ends the program quietly", { skip }, async (t) => {
  const peer = await startProto(t, [
    { stream: [CREATED, ...Array.from({ length: 50 }, () => [textDelta("a"), 20]).flat(), HANG] },
  ]);
  peer.send(userInput("s1"));
  await event(peer, "agent_message_delta");
  peer.process.stdout.destroy();
  assert.deepEqual(await peer.ended(), { code: 0, signal: null });
  assert.equal(peer.stderr, "");
});

test("a reader that stops for a while loses nothing and stops no signal", { skip }, async (t) => {
  const deltas = Array.from({ length: 20_000 }, (_each, index) => textDelta(`${index} `));
  const peer = await startProto(t, [respond(...deltas, assistantMessage("all"))]);
  await event(peer, "session_configured");
  peer.process.stdout.pause();
  peer.send(userInput("s1"));
  await new Promise((resolve) => setTimeout(resolve, 500));
  peer.process.stdout.resume();
  await event(peer, "task_complete");
  const texts = peer.lines
    .map((line) => at(line, "msg.delta"))
    .filter((text) => typeof text === "string");
  assert.equal(texts.join(""), deltas.map((_each, index) => `${index} `).join(""));
  peer.process.stdout.pause();
  peer.process.kill("SIGTERM");
  peer.process.stdout.resume();
  assert.deepEqual(await peer.ended(), { code: 143, signal: null });
});

test("random bytes and half lines neither crash nor stop it", { skip }, async (t) => {
  const peer = await startProto(t, [DONE]);
  const until3s = Date.now() + 3000;
  const whole = JSON.stringify(userInput("half"));
  while (Date.now() < until3s) {
    peer.sendRaw(randomBytes(1 + Math.floor(Math.random() * 65_536)));
    peer.sendRaw(`${whole.slice(0, Math.floor(Math.random() * whole.length))}\n`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  peer.sendRaw("\n");
  peer.send(userInput("s1"));
  await peer.next(
    "task_complete",
    (line) => line["id"] === "s1" && at(line, "msg.type") === "task_complete",
  );
  peer.closeInput();
  assert.deepEqual(await peer.ended(), { code: 0, signal: null });
});
