import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { methods } from "@agentclientprotocol/sdk";
import { fixture, pinnedNode } from "../support/codex-binary.ts";
import {
  assistantMessage,
  COMPLETED,
  CREATED,
  functionCall,
  HANG,
  itemDone,
  needsLoopback,
  respond,
  startModelServer,
  textDelta,
} from "../support/model-server.ts";
import { firstReason, needsSandbox } from "../support/skip-reasons.ts";
import { at, StdioPeer } from "../support/stdio-peer.ts";
import { until } from "../support/until.ts";
import { newSession, prompt, startEditor, textOf, updatesOf } from "./editor.ts";

const skip = firstReason(needsLoopback, needsSandbox);
const DONE = respond(assistantMessage("done"));
const TOUCH = functionCall("shell", { command: ["bash", "-lc", "touch x && echo made"] });
const UNTRUSTED = ['approval_policy = "untrusted"', 'sandbox_mode = "workspace-write"'];

test("a prompt streams messages and thoughts, and ends its turn", { skip }, async (t) => {
  const reasoning = {
    type: "reasoning",
    id: "rs_1",
    summary: [{ type: "summary_text", text: "Hmm." }],
  };
  const editor = await startEditor(t, {
    script: [
      respond(itemDone(reasoning), textDelta("Hel"), textDelta("lo"), assistantMessage("Hello")),
    ],
  });
  const sessionId = await newSession(editor);
  assert.equal(await prompt(editor, sessionId, "hi"), "end_turn");
  const updates = updatesOf(editor, sessionId);
  assert.equal(textOf(updates, "agent_message_chunk"), "Hello");
  assert.equal(textOf(updates, "agent_thought_chunk"), "Hmm.");
});

for (const [choice, runs] of [
  ["approved", true],
  ["denied", false],
] as const) {
  test(`a command is a tool call, asked for and ${choice}`, { skip }, async (t) => {
    const editor = await startEditor(t, {
      script: [respond(TOUCH), DONE],
      config: UNTRUSTED,
      choose: () => choice,
    });
    const sessionId = await newSession(editor);
    assert.equal(await prompt(editor, sessionId, "hi"), "end_turn");
    assert.equal(existsSync(join(editor.home.cwd, "x")), runs);
    const question = editor.questions.at(0);
    assert.deepEqual(
      question?.options.map(({ optionId, kind }) => [optionId, kind]),
      [
        ["approved", "allow_once"],
        ["approved_for_session", "allow_always"],
        ["denied", "reject_once"],
        ["abort", "reject_once"],
      ],
    );
    const calls = updatesOf(editor, sessionId).filter((each) =>
      each.sessionUpdate.startsWith("tool"),
    );
    assert.deepEqual(
      new Set(calls.map((call) => at(call, "toolCallId"))),
      new Set(editor.questions.map(({ toolCall }) => toolCall.toolCallId)),
    );
    assert.deepEqual(calls[0], {
      sessionUpdate: "tool_call",
      toolCallId: "1:call_1",
      status: "pending",
      title: "touch x && echo made",
      kind: "execute",
      rawInput: { command: ["bash", "-lc", "touch x && echo made"], cwd: editor.home.cwd },
    });
    assert.equal(at(calls.at(-1), "status"), runs ? "completed" : "failed");
    if (runs) assert.equal(at(calls.at(-1), "content.0.content.text"), "```\nmade\n```");
  });
}

test("a patch shows the whole text before and after", { skip }, async (t) => {
  const patch = [
    "*** Begin Patch",
    "*** Update File: a.txt",
    "@@",
    "-two",
    "+2",
    "*** Add File: b.txt",
    "+new",
    "*** Delete File: c.txt",
    "*** End Patch",
  ].join("\n");
  const call = functionCall("shell", { command: ["apply_patch", patch] });
  const editor = await startEditor(t, {
    script: [respond(call), DONE],
    config: UNTRUSTED,
    choose: () => "approved",
  });
  const { cwd } = editor.home;
  writeFileSync(join(cwd, "a.txt"), "one\ntwo\nthree\n");
  writeFileSync(join(cwd, "c.txt"), "gone\n");
  const sessionId = await newSession(editor);
  assert.equal(await prompt(editor, sessionId, "hi"), "end_turn");
  assert.equal(readFileSync(join(cwd, "a.txt"), "utf8"), "one\n2\nthree\n");
  const call1 = updatesOf(editor, sessionId).find((each) => each.sessionUpdate === "tool_call");
  const content = at(call1, "content");
  assert.ok(Array.isArray(content));
  assert.deepEqual(
    new Set(content),
    new Set([
      {
        type: "diff",
        path: join(cwd, "a.txt"),
        oldText: "one\ntwo\nthree\n",
        newText: "one\n2\nthree\n",
      },
      { type: "diff", path: join(cwd, "b.txt"), newText: "new\n" },
      { type: "diff", path: join(cwd, "c.txt"), oldText: "gone\n", newText: "" },
    ]),
  );
  assert.equal(at(call1, "kind"), "edit");
  assert.equal(editor.questions[0]?.toolCall.toolCallId, at(call1, "toolCallId"));
  const last = updatesOf(editor, sessionId).findLast(
    (each) => each.sessionUpdate === "tool_call_update",
  );
  assert.equal(at(last, "status"), "completed");
});

test(
  "a question about a patch outside of the workspace says why, above its diffs",
  { skip },
  async (t) => {
    const patch = "*** Begin Patch\n*** Add File: ../outside.txt\n+new\n*** End Patch";
    const call = functionCall("shell", { command: ["apply_patch", patch] });
    const editor = await startEditor(t, {
      script: [respond(call), DONE],
      config: [
        'approval_policy = "on-request"',
        'sandbox_mode = "workspace-write"',
        "[sandbox_workspace_write]",
        "exclude_slash_tmp = true",
        "exclude_tmpdir_env_var = true",
      ],
      choose: () => "denied",
    });
    const sessionId = await newSession(editor);
    assert.equal(await prompt(editor, sessionId, "hi"), "end_turn");
    const path = `${editor.home.cwd}/../outside.txt`;
    const [why, ...diffs] = editor.questions[0]?.toolCall.content ?? [];
    assert.match(String(at(why, "content.text")), /outside/);
    assert.deepEqual(diffs, [{ type: "diff", path, newText: "new\n" }]);
  },
);

test("a plan is shown as one", { skip }, async (t) => {
  const plan = {
    plan: [
      { step: "A", status: "in_progress" },
      { step: "B", status: "pending" },
    ],
  };
  const editor = await startEditor(t, {
    script: [respond(functionCall("update_plan", plan)), DONE],
  });
  const sessionId = await newSession(editor);
  await prompt(editor, sessionId, "hi");
  const shown = updatesOf(editor, sessionId).find((each) => each.sessionUpdate === "plan");
  assert.deepEqual(shown, {
    sessionUpdate: "plan",
    entries: [
      { content: "A", status: "in_progress", priority: "medium" },
      { content: "B", status: "pending", priority: "medium" },
    ],
  });
});

test("a cancelled turn says so, with its question and its command", { skip }, async (t) => {
  const sleep = functionCall("shell", { command: ["bash", "-c", "echo $$; sleep 79.5"] });
  const editor = await startEditor(t, {
    script: [respond(TOUCH), respond(sleep), DONE],
    config: UNTRUSTED,
    choose: ({ sessionId, toolCall }) => {
      if (toolCall.toolCallId.startsWith("2:")) return "approved";
      const { agent } = editor.connection;
      void agent.notify(methods.agent.session.cancel, { sessionId });
      return undefined;
    },
  });
  const sessionId = await newSession(editor);
  assert.equal(await prompt(editor, sessionId, "hi"), "cancelled");
  assert.equal(existsSync(join(editor.home.cwd, "x")), false);
  const ended = prompt(editor, sessionId, "again");
  const shown = (): string =>
    JSON.stringify(updatesOf(editor, sessionId)).match(/`\\n(\d+)\\n/)?.[1] ?? "";
  assert.ok(await until(() => shown() !== "", 10_000));
  await editor.connection.agent.notify(methods.agent.session.cancel, { sessionId });
  assert.equal(await ended, "cancelled");
  assert.ok(await until(() => !existsSync(`/proc/${shown()}`), 2000));
  assert.equal(await prompt(editor, sessionId, "and now"), "end_turn");
});

test("a cancelled question ends the turn by itself", { skip }, async (t) => {
  const editor = await startEditor(t, { script: [respond(TOUCH), DONE], config: UNTRUSTED });
  const sessionId = await newSession(editor);
  assert.equal(await prompt(editor, sessionId, "hi"), "cancelled");
});

test("a turn that failed is the request's error", { skip }, async (t) => {
  const editor = await startEditor(t, { script: [{ status: 400, body: { error: "x" } }] });
  const sessionId = await newSession(editor);
  await assert.rejects(prompt(editor, sessionId, "hi"), /400/);
});

test("a server that is not there is told with what to do", { skip }, async (t) => {
  const config = [
    'profile = "away"',
    "[profiles.away]",
    'model_provider = "away"',
    "[model_providers.away]",
    'name = "away"',
    'base_url = "http://127.0.0.1:1"',
    "request_max_retries = 0",
    "stream_max_retries = 0",
  ];
  const editor = await startEditor(t, { script: [DONE], config });
  const sessionId = await newSession(editor);
  await assert.rejects(prompt(editor, sessionId, "hi"), /Cannot reach .*\. Check that the server/);
});

test("two sessions at once hear of their own turns alone", { skip }, async (t) => {
  const editor = await startEditor(t, {
    script: [
      (request) => {
        const word = /mark-\d/.exec(JSON.stringify(at(request.body, "input")))?.[0] ?? "none";
        const deltas = Array.from({ length: 5 }, () => [textDelta(word), 10]).flat();
        return { stream: [CREATED, ...deltas, assistantMessage(word.repeat(5)), COMPLETED] };
      },
    ],
  });
  const ids = [await newSession(editor), await newSession(editor)];
  await Promise.all(ids.map((id, index) => prompt(editor, id, `mark-${index}`)));
  for (const [index, id] of ids.entries()) {
    assert.equal(textOf(updatesOf(editor, id), "agent_message_chunk"), `mark-${index}`.repeat(5));
  }
});

test("files, links and pictures of the editor reach the model", { skip }, async (t) => {
  const editor = await startEditor(t, { script: [DONE] });
  const sessionId = await newSession(editor);
  await editor.connection.agent.request(methods.agent.session.prompt, {
    sessionId,
    prompt: [
      { type: "text", text: "look" },
      { type: "resource_link", name: "a.txt", uri: "file:///repo/a.txt" },
      { type: "resource", resource: { uri: "file:///b.txt", text: "content" } },
      { type: "image", mimeType: "image/png", data: "AAAA" },
    ],
  });
  const input = at(editor.requests[0]?.body, "input");
  assert.ok(Array.isArray(input));
  assert.deepEqual(at(input.at(-1), "content"), [
    { type: "input_text", text: "look" },
    { type: "input_text", text: "[@a.txt](/repo/a.txt)" },
    { type: "input_text", text: '<context ref="/b.txt">\ncontent\n</context>' },
    { type: "input_image", image_url: "data:image/png;base64,AAAA" },
  ]);
});

test("a session is loaded with all it said, and goes on", { skip }, async (t) => {
  const editor = await startEditor(t, {
    script: [
      respond(functionCall("update_plan", { plan: [] })),
      respond(assistantMessage("first")),
      DONE,
    ],
  });
  const sessionId = await newSession(editor);
  await prompt(editor, sessionId, "remember me");
  const { agent } = editor.connection;
  await agent.request(methods.agent.session.close, { sessionId });
  await assert.rejects(prompt(editor, sessionId, "x"), /Session not found/);
  const before = editor.updates.length;
  await agent.request(methods.agent.session.load, {
    sessionId,
    cwd: editor.home.cwd,
    mcpServers: [],
  });
  const replayed = editor.updates.slice(before).map(({ update }) => update);
  assert.equal(textOf(replayed, "user_message_chunk"), "remember me");
  assert.equal(textOf(replayed, "agent_message_chunk"), "first");
  assert.equal(replayed.filter((each) => each.sessionUpdate === "tool_call").length, 1);
  assert.equal(await prompt(editor, sessionId, "go on"), "end_turn");
  assert.match(JSON.stringify(editor.requests.at(-1)?.body), /remember me.*first.*go on/s);
});

test("a session that another process is in is not loaded", { skip }, async (t) => {
  const holder = await startEditor(t, { script: [DONE] });
  const sessionId = await newSession(holder);
  await prompt(holder, sessionId, "hi");
  const editor = await startEditor(t, { script: [DONE] });
  rmSync(editor.home.codexHome, { recursive: true });
  symlinkSync(holder.home.codexHome, editor.home.codexHome);
  const { agent } = editor.connection;
  const load = { sessionId, cwd: editor.home.cwd, mcpServers: [] };
  const pid = String(holder.process.pid);
  const refused = new RegExp(`process ${pid} still has this session open`, "u");
  await assert.rejects(agent.request(methods.agent.session.load, load), refused);
  await holder.connection.agent.request(methods.agent.session.close, { sessionId });
  await agent.request(methods.agent.session.load, load);
});

test("a tool of the editor's MCP server is called, and shown", { skip }, async (t) => {
  const editor = await startEditor(t, {
    script: [respond(functionCall("my_server__greet", {})), DONE],
  });
  const server = {
    name: "my server",
    command: pinnedNode,
    args: [fixture("mcp-server.ts"), JSON.stringify({ names: ["greet"] })],
    env: [],
  };
  const { agent } = editor.connection;
  const created: unknown = await agent.request(methods.agent.session.new, {
    cwd: editor.home.cwd,
    mcpServers: [server],
  });
  const sessionId = String(at(created, "sessionId"));
  assert.equal(await prompt(editor, sessionId, "hi"), "end_turn");
  const updates = updatesOf(editor, sessionId);
  const call = updates.find((each) => each.sessionUpdate === "tool_call");
  assert.equal(at(call, "title"), "my_server: greet");
  const end = updates.find((each) => at(each, "status") === "completed");
  assert.match(String(at(end, "content.0.content.text")), /greet/);
});

test("bad requests are answered with what is wrong", { skip }, async (t) => {
  const editor = await startEditor(t, { script: [DONE] });
  const { agent } = editor.connection;
  const create = (cwd: string) => agent.request(methods.agent.session.new, { cwd, mcpServers: [] });
  await assert.rejects(create("relative"), /Not an absolute path/);
  await assert.rejects(create("/no/such"), /no such directory/);
  await assert.rejects(create("/a\0b"), /no such directory/);
  const load = { sessionId: "nope", cwd: editor.home.cwd, mcpServers: [] };
  await assert.rejects(agent.request(methods.agent.session.load, load), /not a session id/);
  const broken = "00000000-0000-4000-8000-000000000000";
  const directory = join(editor.home.codexHome, "sessions/2026/01/02");
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `rollout-2026-01-02T03-04-05-${broken}.jsonl`), "[]\n");
  await assert.rejects(
    agent.request(methods.agent.session.load, { ...load, sessionId: broken }),
    /Cannot resume .*rollout-/,
  );
  await assert.rejects(agent.request("nope/nope"), /[Mm]ethod not found/);
});

for (const [how, leave, code] of [
  ["the end of the input", (peer: StdioPeer) => peer.closeInput(), 0],
  ["SIGTERM", (peer: StdioPeer) => peer.process.kill("SIGTERM"), 143],
  ["SIGINT", (peer: StdioPeer) => peer.process.kill("SIGINT"), 130],
] as const) {
  test(`${how} ends it, in the middle of a turn`, { skip }, async (t) => {
    const server = await startModelServer(t, [{ stream: [CREATED, textDelta("a"), HANG] }]);
    const peer = new StdioPeer(t, ["acp"], { url: server.url });
    const request = (id: number, method: string, params: object): void =>
      peer.send({ jsonrpc: "2.0", id, method, params });
    request(1, "initialize", { protocolVersion: 1 });
    peer.sendRaw("not json\n[1]\n");
    await peer.next("parse error", (line) => at(line, "error.code") === -32_700);
    await peer.next("batch", (line) => at(line, "error.code") === -32_600);
    request(2, "session/new", { cwd: peer.home.cwd, mcpServers: [] });
    const created = await peer.next("session", (line) => line["id"] === 2);
    const sessionId = at(created, "result.sessionId");
    request(3, "session/prompt", { sessionId, prompt: [{ type: "text", text: "hi" }] });
    await peer.next("chunk", (line) => line["method"] === "session/update");
    leave(peer);
    assert.deepEqual(await peer.ended(), { code, signal: null });
  });
}

test("a closed stdout ends it quietly", { skip }, async (t) => {
  const deltas = Array.from({ length: 50 }, () => [textDelta("a"), 20]).flat();
  const editor = await startEditor(t, { script: [{ stream: [CREATED, ...deltas, HANG] }] });
  const exit = once(editor.process, "exit");
  const sessionId = await newSession(editor);
  const ended = assert.rejects(prompt(editor, sessionId, "hi"));
  assert.ok(await until(() => editor.updates.length > 0, 10_000));
  editor.process.stdout.destroy();
  assert.equal((await exit)[0], 0);
  editor.connection.close();
  await ended;
});
