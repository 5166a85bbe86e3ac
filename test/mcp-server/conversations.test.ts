import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  assistantMessage,
  CREATED,
  functionCall,
  HANG,
  needsLoopback,
  respond,
  textDelta,
} from "../support/model-server.ts";
import { firstReason, needsProgram, needsSandbox } from "../support/skip-reasons.ts";
import { until } from "../support/until.ts";
import { at } from "../support/stdio-peer.ts";
import { McpSession, textItems } from "./mcp-session.ts";

const skip = firstReason(needsLoopback, needsSandbox);
const DONE = respond(assistantMessage("done"));
const TOUCH = functionCall("shell", { command: ["touch", "x"] });
const ZERO = "00000000-0000-4000-8000-000000000000";
const TURN = ["task_started", "agent_message", "token_count", "task_complete"];

test(
  "a listener hears a turn after the answer to its message, and nothing once removed",
  { skip },
  async (t) => {
    const mcp = await McpSession.start(t, [DONE]);
    const conversationId = await mcp.newConversation();
    const listening = await mcp.request("addConversationListener", { conversationId });
    const subscriptionId = at(listening, "result.subscriptionId");
    mcp.post(3, "sendUserMessage", { conversationId, items: textItems("hi") });
    const end = await mcp.event("task_complete");
    assert.deepEqual(end, {
      jsonrpc: "2.0",
      method: "codex/event/task_complete",
      params: {
        id: "0",
        msg: { type: "task_complete", last_agent_message: "done" },
        conversationId,
      },
    });
    assert.deepEqual(mcp.eventTypes(conversationId), TURN);
    const answered = mcp.lines.findIndex((line) => line["id"] === 3);
    const began = mcp.lines.findIndex((line) => line["method"] === "codex/event/task_started");
    assert.ok(answered < began);
    assert.deepEqual(mcp.lines[answered], { jsonrpc: "2.0", id: 3, result: {} });
    const removed = await mcp.request("removeConversationListener", { subscriptionId });
    assert.deepEqual(at(removed, "result"), {});
    await mcp.request("sendUserMessage", { conversationId, items: textItems("again") });
    const unknown = await mcp.request("removeConversationListener", { subscriptionId });
    assert.equal(at(unknown, "error.code"), -32_600);
    assert.deepEqual(mcp.eventTypes(conversationId), TURN);
    // What nobody has heard waits for the next listener.
    await mcp.request("addConversationListener", { conversationId });
    await mcp.event("task_complete");
    assert.deepEqual(mcp.eventTypes(conversationId), [...TURN, ...TURN]);
  },
);

test("each of two listeners gets every event, and one of them is asked", { skip }, async (t) => {
  const mcp = await McpSession.start(t, [respond(TOUCH), DONE]);
  const params = { approvalPolicy: "untrusted", sandbox: "workspace-write" };
  const conversationId = await mcp.newConversation(params);
  await mcp.request("addConversationListener", { conversationId });
  await mcp.request("addConversationListener", { conversationId });
  await mcp.request("sendUserMessage", { conversationId, items: textItems("hi") });
  const question = await mcp.question("execCommandApproval");
  assert.deepEqual(at(question, "params"), {
    conversation_id: conversationId,
    call_id: "call_1",
    command: ["touch", "x"],
    cwd: mcp.home.cwd,
  });
  mcp.reply(question, { decision: "approved" });
  await mcp.event("task_complete");
  await mcp.event("task_complete");
  const types = mcp.eventTypes(conversationId);
  assert.deepEqual(
    types.filter((_type, index) => index % 2 === 0),
    types.filter((_type, index) => index % 2 === 1),
  );
  assert.equal(mcp.lines.filter((line) => line["method"] === "execCommandApproval").length, 1);
  assert.equal(existsSync(join(mcp.home.cwd, "x")), true);
});

test("without a listener a question waits, and the first listener gets it", { skip }, async (t) => {
  const patch = ["*** Begin Patch", "*** Add File: n.txt", "+a", "*** End Patch"].join("\n");
  const call = functionCall("shell", { command: ["apply_patch", patch] });
  const mcp = await McpSession.start(t, [respond(call), DONE]);
  const params = { approvalPolicy: "untrusted", sandbox: "workspace-write" };
  const conversationId = await mcp.newConversation(params);
  await mcp.request("sendUserMessage", { conversationId, items: textItems("hi") });
  await mcp.request("addConversationListener", { conversationId });
  const question = await mcp.question("applyPatchApproval");
  assert.deepEqual(at(question, "params"), {
    conversation_id: conversationId,
    call_id: "call_1",
    file_changes: { [join(mcp.home.cwd, "n.txt")]: { add: { content: "a\n" } } },
  });
  mcp.reply(question, { decision: "denied" });
  await mcp.event("task_complete");
  assert.equal(existsSync(join(mcp.home.cwd, "n.txt")), false);
});

test(
  "an interruption is answered after its event, and at once when nothing runs",
  { skip },
  async (t) => {
    const mcp = await McpSession.start(t, [{ stream: [CREATED, textDelta("a"), HANG] }, DONE]);
    const conversationId = await mcp.newConversation();
    const result = { abortReason: "interrupted" };
    const idle = await mcp.request("interruptConversation", { conversationId });
    assert.deepEqual(at(idle, "result"), result);
    await mcp.request("addConversationListener", { conversationId });
    await mcp.request("sendUserMessage", { conversationId, items: textItems("hi") });
    await mcp.event("agent_message_delta");
    const interrupted = await mcp.request("interruptConversation", { conversationId });
    assert.deepEqual(at(interrupted, "result"), result);
    assert.equal(mcp.eventTypes(conversationId).at(-1), "turn_aborted");
    await mcp.request("sendUserMessage", { conversationId, items: textItems("again") });
    await mcp.event("task_complete");
  },
);

test("a turn of its own settings", { skip }, async (t) => {
  const pwd = functionCall("shell", { command: ["bash", "-lc", "pwd"] });
  const mcp = await McpSession.start(t, [respond(pwd), DONE]);
  const conversationId = await mcp.newConversation();
  await mcp.request("addConversationListener", { conversationId });
  const sent = await mcp.request("sendUserTurn", {
    conversationId,
    items: textItems("hi"),
    cwd: mcp.home.codexHome,
    approvalPolicy: "never",
    sandboxPolicy: { mode: "workspace-write", network_access: false },
    model: "gpt-5-mini",
    effort: "low",
    summary: "auto",
  });
  assert.deepEqual(at(sent, "result"), {});
  const end = await mcp.event("exec_command_end");
  assert.equal(at(end, "params.msg.stdout"), `${mcp.home.codexHome}\n`);
});

test("a closed conversation is gone, whatever it was doing", { skip }, async (t) => {
  const mcp = await McpSession.start(t, [{ stream: [CREATED, textDelta("a"), HANG] }]);
  const conversationId = await mcp.newConversation();
  await mcp.request("addConversationListener", { conversationId });
  await mcp.request("sendUserMessage", { conversationId, items: textItems("hi") });
  await mcp.event("agent_message_delta");
  assert.deepEqual(at(await mcp.request("closeConversation", { conversationId }), "result"), {});
  assert.deepEqual(mcp.eventTypes(conversationId).slice(-2), ["turn_aborted", "shutdown_complete"]);
  const again = await mcp.request("closeConversation", { conversationId });
  assert.equal(at(again, "error.code"), -32_600);
});

test("every request with an id is answered", { skip }, async (t) => {
  const mcp = await McpSession.start(t, [DONE]);
  const items = textItems("x");
  for (const [method, params, code] of [
    ["nope/nope", {}, -32_601],
    ["resources/list", {}, -32_601],
    ["prompts/list", {}, -32_601],
    ["logging/setLevel", { level: "info" }, -32_601],
    ["completion/complete", {}, -32_601],
    ["initialize", { protocolVersion: "2025-06-18" }, -32_600],
    ["sendUserMessage", { conversationId: ZERO, items }, -32_600],
    ["addConversationListener", { conversationId: ZERO }, -32_600],
    ["interruptConversation", { conversationId: ZERO }, -32_600],
    ["removeConversationListener", { subscriptionId: ZERO }, -32_600],
    ["newConversation", { profile: "nope" }, -32_600],
    ["newConversation", { approvalPolicy: "zz" }, -32_602],
    ["sendUserMessage", { conversationId: "x" }, -32_602],
    ["sendUserMessage", { conversationId: "x", items: [{ type: "nope" }] }, -32_602],
    ["sendUserTurn", { conversationId: "x", items }, -32_602],
    ["gitDiffToRemote", { cwd: "/no/such" }, -32_600],
    ["gitDiffToRemote", {}, -32_602],
    ["loginChatGpt", {}, -32_600],
    ["cancelLoginChatGpt", { loginId: ZERO }, -32_600],
  ] as const) {
    assert.equal(at(await mcp.request(method, params), "error.code"), code, method);
  }
  assert.match(
    String(
      at(await mcp.request("interruptConversation", { conversationId: ZERO }), "error.message"),
    ),
    new RegExp(ZERO),
  );
});

test(
  "malformed messages: what has an id is answered, the rest is told on stderr",
  { skip },
  async (t) => {
    const mcp = await McpSession.start(t, [DONE]);
    for (const [line, id, code] of [
      ['{"jsonrpc":"2.0","id":50,"method":"ping","params":[1]}', 50, -32_602],
      ['{"id":51,"method":"ping"}', 51, -32_600],
      ['{"jsonrpc":"2.0","id":52}', 52, -32_600],
      ['{"jsonrpc":"2.0","id":53,"method":7}', 53, -32_600],
      ['{"jsonrpc":"2.0","id":{},"method":"ping"}', null, -32_600],
      ['[{"jsonrpc":"2.0","id":54,"method":"ping"}]', null, -32_600],
      ["7", null, -32_600],
    ] as const) {
      mcp.sendRaw(`${line}\n`);
      const answer = await mcp.next(line, (message) => message["id"] === id);
      assert.equal(at(answer, "error.code"), code, line);
    }
    mcp.sendRaw('\n  \nnot json\n{"jsonrpc":"2.0","method":"notifications/x","params":3}\n');
    await mcp.request("ping");
    const lines = (): number => mcp.stderr.split("\n").length - 1;
    await until(() => lines() >= 2, 5000); // that pipe is read on its own
    assert.equal(lines(), 2, mcp.stderr);
  },
);

test(
  "the difference to the remote, with what git does not track yet",
  { skip: firstReason(skip, needsProgram("git")) },
  async (t) => {
    const mcp = await McpSession.start(t, [DONE]);
    const { cwd, env } = mcp.home;
    const git = (...args: readonly string[]): string => {
      const identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"];
      return execFileSync("git", [...identity, ...args], { cwd, env, encoding: "utf8" });
    };
    git("init", "-q", "-b", "main");
    const early = await mcp.request("gitDiffToRemote", { cwd: "." });
    assert.match(String(at(early, "error.message")), /no remote has any of its commits$/);
    writeFileSync(join(cwd, "a"), "one\n");
    git("add", ".");
    git("commit", "-qm", "one");
    const sha = git("rev-parse", "HEAD").trim();
    git("update-ref", "refs/remotes/origin/main", sha);
    writeFileSync(join(cwd, "a"), "two\n");
    git("commit", "-qam", "two");
    writeFileSync(join(cwd, "b c"), "new\n");
    git("config", "diff.external", "touch pwned");
    git("config", "filter.bad=name.clean", "touch pwned; cat");
    writeFileSync(join(cwd, ".git", "info", "attributes"), "* filter=bad=name\n");
    utimesSync(join(cwd, "a"), 1, 1);
    const { result } = await mcp.request("gitDiffToRemote", { cwd: "." });
    assert.equal(at(result, "sha"), sha);
    const diff = String(at(result, "diff"));
    assert.match(
      diff,
      /^diff --git a\/a b\/a\n[^]*-one\n\+two\n[^]*\+\+\+ b\/b c\t?\n@@ -0,0 \+1 @@\n\+new\n$/,
    );
    assert.equal(existsSync(join(cwd, "pwned")), false);
  },
);

test(
  "what git does not track yet is shown as git shows it against nothing, whatever it is",
  { skip: firstReason(skip, needsProgram("git")) },
  async (t) => {
    const mcp = await McpSession.start(t, [DONE]);
    const { cwd, env } = mcp.home;
    const run = (...args: readonly string[]): string =>
      execFileSync("git", args, { cwd, env, encoding: "utf8" });
    run("init", "-q");
    writeFileSync(join(cwd, ".gitignore"), "ignored\n");
    writeFileSync(join(cwd, ".gitattributes"), "*.lock -diff\n*.nul diff\n");
    run("add", ".");
    run("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "one");
    run("update-ref", "refs/remotes/origin/main", "HEAD");
    mkdirSync(join(cwd, "sub"));
    const files: readonly (readonly [name: string | Buffer, content: string | Buffer])[] = [
      ["a", "one\n"],
      ["b c", "one\ntwo\n"],
      ["d", "no end"],
      ["e", ""],
      ["f", "\n\n"],
      ["g.bin", "text\0binary"],
      ["h.lock", "text\n"],
      ["i.nul", "text\0text\n"],
      ["late nul", `${"x".repeat(8000)}\0\n`],
      ["large", "0123456789abcde\n".repeat(8192)],
      ['quote" \\ tab\t line\n \u007f bell\u0007', "one\n"],
      ["ä ~[]!#$%&'()", "ä\r\n"],
      [Buffer.from("latin-\u00e9", "latin1"), Buffer.from("latin-\u00e9\n", "latin1")],
      ["sub/x", "one\n"],
    ];
    for (const [name, content] of files) {
      writeFileSync(Buffer.concat([Buffer.from(`${cwd}/`), Buffer.from(name)]), content);
    }
    writeFileSync(join(cwd, "ignored"), "not shown\n");
    writeFileSync(join(cwd, "sub", "run"), "#!/bin/sh\n", { mode: 0o755 });
    symlinkSync("no/such", join(cwd, "to-nothing"));
    execFileSync("mkfifo", [join(cwd, "pipe")]);
    const wanted = execFileSync(
      "sh",
      [
        "-c",
        "git ls-files -z --others --exclude-standard | xargs -0 -n 1 git diff --no-index /dev/null || :",
      ],
      { cwd, env, encoding: "utf8" },
    );
    const { result } = await mcp.request("gitDiffToRemote", { cwd: "sub" });
    // The names of blobs are left out.
    assert.equal(at(result, "diff"), wanted.replace(/^index .*\n/gmu, ""));
    assert.equal(wanted.match(/^diff --git /gmu)?.length, files.length + 2);
  },
);
