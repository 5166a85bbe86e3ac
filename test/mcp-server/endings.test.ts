import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
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
  type ServerAnswer,
  textDelta,
} from "../support/model-server.ts";
import { firstReason, needsSandbox } from "../support/skip-reasons.ts";
import { at } from "../support/stdio-peer.ts";
import { until } from "../support/until.ts";
import { McpSession, textItems, textResult, UNTRUSTED } from "./mcp-session.ts";

const skip = firstReason(needsLoopback, needsSandbox);
const DONE = respond(assistantMessage("done"));
const SLOW: ServerAnswer = {
  stream: [CREATED, textDelta("a"), 300, assistantMessage("slow"), COMPLETED],
};

test("the end of the input lets calls and turns finish, and ends with 0", { skip }, async (t) => {
  const mcp = await McpSession.start(t, [SLOW]);
  const conversationId = await mcp.newConversation();
  await mcp.request("addConversationListener", { conversationId });
  mcp.callTool(1, "codex", { prompt: "hi" });
  mcp.post(2, "sendUserMessage", { conversationId, items: textItems("hi") });
  mcp.closeInput();
  assert.deepEqual(await mcp.ended(), { code: 0, signal: null });
  assert.deepEqual(mcp.lines.find((line) => line["id"] === 1)?.["result"], textResult("slow"));
  assert.ok(mcp.eventTypes(conversationId).includes("task_complete"));
});

test("questions are answered with a no after the end of the input", { skip }, async (t) => {
  const call = functionCall("shell", { command: ["touch", "x"] });
  const mcp = await McpSession.start(t, [respond(call), respond(call), DONE]);
  const params = { approvalPolicy: "untrusted" };
  const unheard = await mcp.newConversation(params);
  await mcp.request("sendUserMessage", { conversationId: unheard, items: textItems("hi") });
  mcp.callTool(1, "codex", { prompt: "hi", ...UNTRUSTED });
  await mcp.question("elicitation/create");
  mcp.callTool(2, "codex", { prompt: "hi", ...UNTRUSTED });
  mcp.closeInput();
  assert.deepEqual(await mcp.ended(), { code: 0, signal: null });
  for (const id of [1, 2]) {
    const answer = mcp.lines.find((line) => line["id"] === id && "result" in line);
    assert.deepEqual(answer?.["result"], textResult("done"));
  }
  assert.equal(existsSync(join(mcp.home.cwd, "x")), false);
});

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const) {
  test(`${signal} ends the server with its turns and commands`, { skip }, async (t) => {
    const call = functionCall("shell", { command: ["bash", "-c", "echo $$; sleep 78.5"] });
    const mcp = await McpSession.start(t, [respond(call), DONE]);
    mcp.callTool(1, "codex", { prompt: "hi" });
    const delta = await mcp.event("exec_command_output_delta");
    const pid = Buffer.from(String(at(delta, "params.msg.chunk")), "base64")
      .toString()
      .trim();
    mcp.process.kill(signal);
    assert.deepEqual(await mcp.ended(), { code, signal: null });
    assert.ok(await until(() => !existsSync(`/proc/${pid}`), 2000));
  });
}

test("a second signal ends it at once, also after the end of the input", { skip }, async (t) => {
  const mcp = await McpSession.start(t, [{ stream: [CREATED, textDelta("a"), HANG] }]);
  mcp.callTool(1, "codex", { prompt: "hi" });
  await mcp.event("agent_message_delta");
  mcp.closeInput();
  mcp.process.kill("SIGINT");
  mcp.process.kill("SIGINT");
  assert.deepEqual(await mcp.ended(), { code: 130, signal: null });
});

test("a closed stdout ends the server quietly", { skip }, async (t) => {
  const deltas = Array.from({ length: 50 }, () => [textDelta("a"), 20]).flat();
  const mcp = await McpSession.start(t, [{ stream: [CREATED, ...deltas, HANG] }]);
  mcp.callTool(1, "codex", { prompt: "hi" });
  await mcp.event("agent_message_delta");
  mcp.process.stdout.destroy();
  assert.deepEqual(await mcp.ended(), { code: 0, signal: null });
  assert.equal(mcp.stderr, "");
});

test("a broken configuration is told before any client connects", { skip }, async (t) => {
  const { StdioPeer } = await import("../support/stdio-peer.ts");
  const peer = new StdioPeer(t, ["mcp", "-c", "approval_policy=zz"], { url: "http://127.0.0.1:1" });
  assert.deepEqual(await peer.ended(), { code: 1, signal: null });
  assert.match(peer.stderr, /approval_policy/);
});

test("fifty turns at once: no event of one appears under another", { skip }, async (t) => {
  const mcp = await McpSession.start(t, [
    (request) => {
      const word = /mark-\d+-/.exec(JSON.stringify(request.body))?.[0] ?? "none";
      const deltas = Array.from({ length: 10 }, () => [textDelta(word), 10]).flat();
      return { stream: [CREATED, ...deltas, assistantMessage(word.repeat(10)), COMPLETED] };
    },
  ]);
  const ids = Array.from({ length: 50 }, (_each, index) => index);
  const heard = new Map<string, number>();
  for (const id of ids.filter((each) => each % 2 === 1)) {
    const conversationId = await mcp.newConversation();
    heard.set(conversationId, id);
    await mcp.request("addConversationListener", { conversationId });
  }
  for (const [conversationId, id] of heard) {
    mcp.post(`m${id}`, "sendUserMessage", { conversationId, items: textItems(`mark-${id}-`) });
  }
  for (const id of ids.filter((each) => each % 2 === 0)) {
    mcp.callTool(id, "codex", { prompt: `mark-${id}-` });
  }
  for (const _id of ids) await mcp.event("task_complete");
  for (const id of ids) {
    const of = id % 2 === 0 ? id : [...heard].find(([, each]) => each === id)?.[0];
    const events = mcp.lines.filter(
      (line) =>
        at(line, "params._meta.requestId") === of || at(line, "params.conversationId") === of,
    );
    const text = JSON.stringify(events.map((line) => at(line, "params.msg")));
    assert.deepEqual([...new Set(text.match(/mark-\d+-/g))], [`mark-${id}-`]);
    const deltas = events.filter((line) => at(line, "params.msg.type") === "agent_message_delta");
    assert.equal(deltas.length, 10);
  }
});

test("conversations that were opened and closed leave nothing behind", { skip }, async (t) => {
  const mcp = await McpSession.start(t, [DONE]);
  const round = async (): Promise<void> => {
    const conversationId = await mcp.newConversation();
    await mcp.request("addConversationListener", { conversationId });
    await mcp.request("sendUserMessage", { conversationId, items: textItems("hi") });
    await mcp.event("task_complete");
    await mcp.request("closeConversation", { conversationId });
  };
  const descriptors = (): number => readdirSync(`/proc/${mcp.process.pid}/fd`).length;
  for (let count = 0; count < 5; count++) await round();
  const before = descriptors();
  for (let count = 0; count < 40; count++) await round();
  assert.ok(descriptors() <= before, `${descriptors()} descriptors, before ${before}`);
  const status = readFileSync(`/proc/${mcp.process.pid}/status`, "utf8");
  const rssKb = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
  assert.ok(rssKb < 300_000, `${rssKb} kB`);
});

test("random bytes and half lines neither crash nor stop it", { skip }, async (t) => {
  const mcp = await McpSession.start(t, [DONE]);
  const call = { name: "codex", arguments: { prompt: "x" } };
  const whole = JSON.stringify({ jsonrpc: "2.0", id: 9, method: "tools/call", params: call });
  const end = Date.now() + 3000;
  while (Date.now() < end) {
    mcp.sendRaw(randomBytes(1 + Math.floor(Math.random() * 65_536)));
    mcp.sendRaw(`\n${whole.slice(0, Math.floor(Math.random() * whole.length))}\n`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  mcp.sendRaw("\n");
  mcp.callTool(1, "codex", { prompt: "hi" });
  assert.deepEqual(at(await mcp.answer(1), "result"), textResult("done"));
  mcp.closeInput();
  assert.deepEqual(await mcp.ended(), { code: 0, signal: null });
});
