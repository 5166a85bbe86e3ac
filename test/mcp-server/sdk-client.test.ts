import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema, type ElicitResult } from "@modelcontextprotocol/sdk/types.js";
import { codexBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
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
import { at, makePeerHome, type PeerHome } from "../support/stdio-peer.ts";
import { UNTRUSTED } from "./mcp-session.ts";

const skip = firstReason(needsLoopback, needsSandbox);
const DONE = respond(assistantMessage("done"));
const TOUCH = functionCall("shell", { command: ["touch", "x"] });

interface Connected {
  readonly client: Client;
  readonly home: PeerHome;
  readonly events: readonly unknown[];
}

async function connect(
  t: TestContext,
  script: readonly [ServerAnswer, ...ServerAnswer[]],
  answer: ElicitResult = { action: "cancel" },
): Promise<Connected> {
  const server = await startModelServer(t, script);
  const home = makePeerHome(t, { url: server.url });
  const client = new Client({ name: "test", version: "1" }, { capabilities: { elicitation: {} } });
  const events: unknown[] = [];
  client.fallbackNotificationHandler = (notification) => {
    events.push(notification.params);
    return Promise.resolve();
  };
  client.setRequestHandler(ElicitRequestSchema, () => answer);
  const { cwd, env } = home;
  const transport = new StdioClientTransport({ command: codexBinary, args: ["mcp"], cwd, env });
  await client.connect(transport);
  t.after(() => client.close());
  return { client, home, events };
}

function sessionIds(events: readonly unknown[]): readonly string[] {
  return events
    .filter((event) => at(event, "msg.type") === "session_configured")
    .map((event) => String(at(event, "msg.session_id")));
}

test("the SDK's client lists, calls, and replies in two conversations", { skip }, async (t) => {
  const { client, events } = await connect(t, [
    (request) => {
      const input = JSON.stringify(at(request.body, "input"));
      const heard = [...new Set(input.match(/word-\w/g))].join(" ");
      return respond(assistantMessage(heard));
    },
  ]);
  assert.equal(client.getServerVersion()?.name, "codex-mcp-server");
  await client.ping();
  const { tools } = await client.listTools();
  assert.deepEqual(
    tools.map(({ name }) => name),
    ["codex", "codex-reply"],
  );
  const call = (name: string, args: Record<string, unknown>) =>
    client.callTool({ name, arguments: args });
  const texts = async (calls: readonly ReturnType<typeof call>[]): Promise<readonly unknown[]> =>
    (await Promise.all(calls)).map((result) => at(result, "content.0.text"));
  assert.deepEqual(
    await texts([call("codex", { prompt: "word-a" }), call("codex", { prompt: "word-b" })]),
    ["word-a", "word-b"],
  );
  const replies = sessionIds(events).map((sessionId, index) =>
    call("codex-reply", { sessionId, prompt: `word-${index}` }),
  );
  assert.deepEqual(new Set(await texts(replies)), new Set(["word-a word-0", "word-b word-1"]));
});

for (const [action, runs] of [
  ["accept", true],
  ["decline", false],
] as const) {
  test(`the SDK's client answers an approval with "${action}"`, { skip }, async (t) => {
    const { client, home } = await connect(t, [respond(TOUCH), DONE], { action });
    const result = await client.callTool({
      name: "codex",
      arguments: { prompt: "hi", ...UNTRUSTED },
    });
    assert.equal(at(result, "content.0.text"), "done");
    assert.equal(existsSync(join(home.cwd, "x")), runs);
  });
}

test("the SDK's client cancels a call", { skip }, async (t) => {
  const { client, events } = await connect(t, [{ stream: [CREATED, textDelta("a"), HANG] }, DONE]);
  const controller = new AbortController();
  const call = client.callTool({ name: "codex", arguments: { prompt: "hi" } }, undefined, {
    signal: controller.signal,
    onprogress: () => undefined,
  });
  const rejected = assert.rejects(call);
  const { until } = await import("../support/until.ts");
  const has = (type: string) => () => events.some((event) => at(event, "msg.type") === type);
  assert.ok(await until(has("agent_message_delta"), 10_000));
  controller.abort("changed my mind");
  await rejected;
  assert.ok(await until(has("turn_aborted"), 10_000));
  const [sessionId] = sessionIds(events);
  const reply = await client.callTool({
    name: "codex-reply",
    arguments: { sessionId, prompt: "more" },
  });
  assert.equal(at(reply, "content.0.text"), "done");
});
