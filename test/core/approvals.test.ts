import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { ReviewDecision } from "../../src/protocol/approval.ts";
import type { Event, EventMsg } from "../../src/protocol/event.ts";
import {
  assistantMessage,
  functionCall,
  respond,
  startModelServer,
} from "../support/model-server.ts";
import { eventsOfTask, runTurn, tempDir, text, typesOf } from "./conversation-harness.ts";
import { needsCommands, outputsOf, startWithCommands } from "./shell-harness.ts";

const skip = needsCommands;
const TIGHT = [
  'sandbox_mode="workspace-write"',
  "sandbox_workspace_write={exclude_slash_tmp=true,exclude_tmpdir_env_var=true}",
];

interface Answered {
  readonly messages: readonly EventMsg[];
  readonly outputs: readonly unknown[];
  readonly questions: readonly EventMsg[];
  readonly cwd: string;
}

/** Shell calls one after the other; every question gets the next of the decisions, at once. */
async function runCalls(
  t: TestContext,
  policy: string,
  calls: readonly unknown[],
  decisions: readonly ReviewDecision[],
  overrides: readonly string[] = TIGHT,
  directory?: string,
): Promise<Answered> {
  const answers = calls.map((args, index) => respond(functionCall("shell", args, `c${index}`)));
  const done = respond(assistantMessage("done"));
  const server = await startModelServer(t, [answers[0] ?? done, ...answers.slice(1), done]);
  const { conversation, cwd } = await startWithCommands(t, {
    url: server.url,
    overrides: [...overrides, `approval_policy=${policy}`],
    ...(directory === undefined ? {} : { cwd: directory }),
  });
  const left = [...decisions];
  const questions: EventMsg[] = [];
  const id = conversation.submit({ type: "user_input", items: text("go") });
  const events = await eventsOfTask(conversation, id, (event: Event) => {
    const { type } = event.msg;
    if (type !== "exec_approval_request" && type !== "apply_patch_approval_request") return;
    questions.push(event.msg);
    const decision = left.shift() ?? "denied";
    const kind = type === "exec_approval_request" ? "exec_approval" : "patch_approval";
    conversation.submit({ type: kind, id: event.id, decision });
  });
  assert.deepEqual(left, [], "every answer was asked for");
  const outputs = outputsOf(server.requests.at(-1));
  return { messages: events.map((event) => event.msg), outputs, questions, cwd };
}

test("untrusted asks, and approved runs without the sandbox", { skip }, async (t) => {
  const outside = join(tempDir(t), "file");
  const { messages, questions, cwd } = await runCalls(
    t,
    "untrusted",
    [{ command: ["touch", outside] }],
    ["approved"],
  );
  assert.deepEqual(questions, [
    { type: "exec_approval_request", call_id: "c0", command: ["touch", outside], cwd },
  ]);
  assert.ok(existsSync(outside));
  assert.deepEqual(typesOf(messages).slice(0, 4), [
    "task_started",
    "exec_approval_request",
    "exec_command_begin",
    "exec_command_end",
  ]);
});

test("denied is told to the model, nothing runs", { skip }, async (t) => {
  const { messages, outputs, cwd } = await runCalls(
    t,
    "untrusted",
    [{ command: ["touch", "here"] }],
    ["denied"],
  );
  assert.deepEqual(outputs, ["exec command rejected by user"]);
  assert.equal(existsSync(join(cwd, "here")), false);
  assert.ok(!typesOf(messages).includes("exec_command_begin"));
});

test("abort ends the task", { skip }, async (t) => {
  const { messages } = await runCalls(t, "untrusted", [{ command: ["touch", "x"] }], ["abort"]);
  assert.deepEqual(typesOf(messages), ["task_started", "exec_approval_request", "turn_aborted"]);
});

test("once is once, for the session is for that very command", { skip }, async (t) => {
  const x = { command: ["touch", "x"] };
  const y = { command: ["touch", "y"] };
  const { questions } = await runCalls(
    t,
    "untrusted",
    [x, x, x, y],
    ["approved", "approved_for_session", "approved"],
  );
  assert.deepEqual(
    questions.map((question) => "command" in question && question.command),
    [x.command, x.command, y.command],
  );
});

test("known read-only commands run unasked, in the sandbox", { skip }, async (t) => {
  const { questions, outputs } = await runCalls(
    t,
    "untrusted",
    [{ command: ["bash", "-lc", "ls && pwd"] }],
    [],
  );
  assert.deepEqual(questions, []);
  assert.match(JSON.stringify(outputs), /"exit_code":0/u);
});

test("on-request asks when the model does, with its reason", { skip }, async (t) => {
  const outside = join(tempDir(t), "file");
  const { questions, cwd } = await runCalls(
    t,
    "on-request",
    [
      { command: ["touch", "inside"] },
      {
        command: ["touch", outside],
        with_escalated_permissions: true,
        justification: "it has to be there",
      },
    ],
    ["approved"],
  );
  assert.deepEqual(questions, [
    {
      type: "exec_approval_request",
      call_id: "c1",
      command: ["touch", outside],
      cwd,
      reason: "it has to be there",
    },
  ]);
  assert.ok(existsSync(outside) && existsSync(join(cwd, "inside")));
});

test(
  "on-failure asks only when the sandbox was in the way",
  { skip, timeout: 30_000 },
  async (t) => {
    const outside = join(tempDir(t), "file");
    const { questions, messages } = await runCalls(
      t,
      "on-failure",
      [
        { command: ["false"] },
        { command: ["bash", "-c", "exit 3"] },
        { command: ["no-such-program"] },
        { command: ["bash", "-c", "kill -TERM $$"] },
        { command: ["sleep", "30"], timeout: 100 },
        { command: ["cat", "missing-file"] },
        { command: ["bash", "-c", `echo x > ${outside}`] },
        { command: ["bash", "-c", `echo y > ${outside}`] },
      ],
      ["approved", "denied"],
    );
    assert.equal(questions.length, 2);
    const [first] = questions;
    assert.ok(first?.type === "exec_approval_request" && first.call_id === "c6");
    assert.match(first.reason ?? "", /retry without sandbox\?.*outside|no writable root/u);
    assert.ok(first.reason?.includes(outside));
    assert.equal(readFileSync(outside, "utf8"), "x\n");
    const ofRetry = messages.filter((message) => "call_id" in message && message.call_id === "c6");
    assert.deepEqual(
      typesOf(ofRetry).filter((type) => type !== "exec_command_output_delta"),
      [
        "exec_command_begin",
        "exec_command_end",
        "exec_approval_request",
        "exec_command_begin",
        "exec_command_end",
      ],
    );
  },
);

test("answers to unknown questions are ignored", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("done"))]);
  const { conversation } = await startWithCommands(t, { url: server.url });
  conversation.submit({ type: "exec_approval", id: "77", decision: "abort" });
  const messages = await runTurn(conversation, "go");
  assert.equal(messages.at(-1)?.type, "task_complete");
});

const PATCH = "*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch\n";
const CONTENT = { add: { content: "hello\n" } };

test("a patch in the workspace applies itself, in the sandbox", { skip }, async (t) => {
  const cwd = tempDir(t);
  mkdirSync(join(cwd, ".git"));
  const { messages, outputs } = await runCalls(
    t,
    "never",
    [{ command: ["bash", "-lc", `apply_patch <<'EOF'\n${PATCH}EOF\n`] }],
    [],
    TIGHT,
    cwd,
  );
  assert.equal(readFileSync(join(cwd, "new.txt"), "utf8"), "hello\n");
  const diff = `diff --git a/new.txt b/new.txt
new file mode 100644
index 0000000000000000000000000000000000000000..ce013625030ba8dba906f756967f9e9ca394464a
--- /dev/null
+++ b/new.txt
@@ -0,0 +1 @@
+hello
`;
  const stdout = "Success. Updated the following files:\nA new.txt\n";
  const about = messages.filter(
    ({ type }) => /patch|diff|exec/u.test(type) && type !== "exec_command_output_delta",
  );
  assert.deepEqual(about, [
    {
      type: "patch_apply_begin",
      call_id: "c0",
      auto_approved: true,
      changes: { [join(cwd, "new.txt")]: CONTENT },
    },
    { type: "patch_apply_end", call_id: "c0", stdout, stderr: "", success: true },
    { type: "turn_diff", unified_diff: diff },
  ]);
  assert.match(JSON.stringify(outputs), /Success.*"exit_code":0/u);
});

test("a patch of half a megabyte is no problem", { skip }, async (t) => {
  const lines = Array.from({ length: 20_000 }, (_, index) => `+line number ${index} of many`);
  const body = `*** Begin Patch\n*** Add File: big.txt\n${lines.join("\n")}\n*** End Patch\n`;
  const { outputs, cwd } = await runCalls(t, "never", [{ command: ["apply_patch", body] }], []);
  assert.match(JSON.stringify(outputs), /Success/u);
  const written = readFileSync(join(cwd, "big.txt"), "utf8");
  assert.equal(written, `${lines.map((line) => line.slice(1)).join("\n")}\n`);
});

test("a patch that does not fit changes nothing and says where", { skip }, async (t) => {
  const patch =
    "*** Begin Patch\n*** Add File: a\n+a\n*** Update File: b\n@@\n-x\n+y\n*** End Patch\n";
  const { messages, outputs, cwd } = await runCalls(
    t,
    "never",
    [
      { command: ["apply_patch", patch] },
      { command: ["apply_patch", "*** Begin Patch\n*** End Patch"] },
    ],
    [],
  );
  assert.match(String(outputs[0]), /^error: Failed to read file to update b/u);
  assert.equal(outputs[1], "patch rejected: empty patch");
  assert.equal(existsSync(join(cwd, "a")), false);
  assert.ok(!typesOf(messages).includes("patch_apply_begin"));
  const [first = "", second, ...others] = backgroundOf(messages);
  assert.match(first, /^Patch did not apply: Failed to read file to update b: .*$/u);
  assert.deepEqual([second, others], ["Patch did not apply: it is empty", []]);
});

test(
  "what no longer fits when it is approved is told, and changes nothing",
  { skip },
  async (t) => {
    const outside = join(tempDir(t), "file");
    writeFileSync(outside, "old\n");
    const patch = `*** Begin Patch\n*** Update File: ${outside}\n@@\n-old\n+new\n*** End Patch`;
    const server = await startModelServer(t, [
      respond(functionCall("shell", { command: ["apply_patch", patch] })),
      respond(assistantMessage("done")),
    ]);
    const { conversation } = await startWithCommands(t, {
      url: server.url,
      overrides: [...TIGHT, "approval_policy=on-request"],
    });
    const task = conversation.submit({ type: "user_input", items: text("go") });
    const events = await eventsOfTask(conversation, task, ({ id, msg }: Event) => {
      if (msg.type !== "apply_patch_approval_request") return;
      writeFileSync(outside, "somebody's work\n");
      conversation.submit({ type: "patch_approval", id, decision: "approved" });
    });
    const [message = "", ...others] = backgroundOf(events.map(({ msg }) => msg));
    assert.match(message, /^Patch did not apply: Failed to find expected lines .*file$/u);
    assert.deepEqual(others, []);
    assert.equal(readFileSync(outside, "utf8"), "somebody's work\n");
  },
);

test("a patch outside asks, or is rejected when nobody can be asked", { skip }, async (t) => {
  const outside = join(tempDir(t), "out.txt");
  const patch = PATCH.replace("new.txt", outside);
  const call = { command: ["apply_patch", patch] };
  const asked = await runCalls(t, "on-request", [call, call], ["denied", "approved"]);
  assert.match(JSON.stringify(asked.questions[0]), /writing outside of the project/u);
  assert.equal(asked.outputs[0], "patch rejected by user");
  assert.equal(readFileSync(outside, "utf8"), "hello\n");
  const rejected = await runCalls(t, "never", [call], []);
  assert.match(String(rejected.outputs[0]), /^patch rejected: writing outside of the project/u);
});

test("a patch of git's hooks asks", { skip }, async (t) => {
  const patch = PATCH.replace("new.txt", ".git/hooks/pre-commit");
  const { outputs, cwd } = await runCalls(t, "never", [{ command: ["apply_patch", patch] }], []);
  assert.match(String(outputs[0]), /^patch rejected: writing to a protected place/u);
  assert.equal(existsSync(join(cwd, ".git")), false);
});

test("untrusted asks before every patch", { skip }, async (t) => {
  const { questions, messages, cwd } = await runCalls(
    t,
    "untrusted",
    [{ command: ["apply_patch", PATCH] }],
    ["approved"],
  );
  const changes = { [join(cwd, "new.txt")]: CONTENT };
  assert.deepEqual(questions, [{ type: "apply_patch_approval_request", call_id: "c0", changes }]);
  const begin = messages.find((message) => message.type === "patch_apply_begin");
  assert.deepEqual(begin, {
    type: "patch_apply_begin",
    call_id: "c0",
    auto_approved: false,
    changes,
  });
  assert.equal(readFileSync(join(cwd, "new.txt"), "utf8"), "hello\n");
});

test("an approval for the session does not hold in another directory", { skip }, async (t) => {
  const here = { command: ["touch", "x"] };
  const there = { ...here, workdir: tempDir(t) };
  const { questions } = await runCalls(
    t,
    "untrusted",
    [here, there, here],
    ["approved_for_session", "denied"],
  );
  assert.equal(questions.length, 2);
  assert.equal(existsSync(join(there.workdir, "x")), false);
});

test("untrusted says where a link of the repository leads a patch", { skip }, async (t) => {
  const outside = realpathSync(tempDir(t));
  const target = join(outside, "new.txt");
  const link = { command: ["ln", "-s", outside, "docs"] };
  const patch = { command: ["apply_patch", PATCH.replace("new.txt", "docs/new.txt")] };
  const { questions } = await runCalls(t, "untrusted", [link, patch], ["approved", "denied"]);
  const [, question] = questions;
  assert.ok(question !== undefined && "reason" in question);
  assert.equal(
    question.reason,
    `writing outside of the project: "${target}" is in no writable root`,
  );
  assert.equal(existsSync(target), false);
});

function backgroundOf(messages: readonly EventMsg[]): readonly string[] {
  return messages.flatMap((msg) => (msg.type === "background_event" ? [msg.message] : []));
}
