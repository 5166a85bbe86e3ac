import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { EventMsg } from "../../src/protocol/event.ts";
import {
  assistantMessage,
  functionCall,
  respond,
  startModelServer,
} from "../support/model-server.ts";
import { until } from "../support/until.ts";
import {
  eventsOfTask,
  type HarnessOptions,
  runTurn,
  tempDir,
  text,
  typesOf,
} from "./conversation-harness.ts";
import { needsCommands, outputsOf, startWithCommands } from "./shell-harness.ts";

const skip = needsCommands;
const FULL = 'sandbox_mode="danger-full-access"';
const WRITE = 'sandbox_mode="workspace-write"';

/** One call of the shell tool, then "done": what it told users and what the model got. */
async function runCall(
  t: TestContext,
  args: unknown,
  options: Omit<HarnessOptions, "url"> = {},
): Promise<{ messages: readonly EventMsg[]; output: unknown; cwd: string }> {
  const server = await startModelServer(t, [
    respond(functionCall("shell", args)),
    respond(assistantMessage("done")),
  ]);
  const { conversation, cwd } = await startWithCommands(t, { ...options, url: server.url });
  const messages = await runTurn(conversation, "go");
  return { messages, output: outputsOf(server.requests[1])[0], cwd };
}

function endOf(messages: readonly EventMsg[]) {
  return messages.find((message) => message.type === "exec_command_end");
}

/** A zombie, which only waits for somebody to ask for its exit code, is over. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/mu.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Without what differs from run to run. */
function withoutTime(output: unknown): unknown {
  if (typeof output !== "object" || output === null || !("metadata" in output)) return output;
  const { metadata } = output;
  const exitCode =
    typeof metadata === "object" && metadata !== null && "exit_code" in metadata
      ? metadata.exit_code
      : undefined;
  return { ...output, metadata: exitCode };
}

test("a command, its events and its output", { skip }, async (t) => {
  const { messages, output, cwd } = await runCall(t, { command: ["echo", "hi"] });
  assert.deepEqual(typesOf(messages), [
    "task_started",
    "exec_command_begin",
    "exec_command_output_delta",
    "exec_command_end",
    "token_count",
    "agent_message",
    "token_count",
    "task_complete",
  ]);
  assert.deepEqual(messages[1], {
    type: "exec_command_begin",
    call_id: "call_1",
    command: ["echo", "hi"],
    cwd,
    parsed_cmd: [{ Unknown: { cmd: "echo hi" } }],
  });
  assert.deepEqual(messages[2], {
    type: "exec_command_output_delta",
    call_id: "call_1",
    stream: "stdout",
    chunk: "aGkK",
  });
  const end = endOf(messages);
  assert.ok(end !== undefined && end.duration.secs < 5);
  assert.deepEqual(
    { ...end, duration: 0 },
    {
      type: "exec_command_end",
      call_id: "call_1",
      stdout: "hi\n",
      stderr: "",
      aggregated_output: "hi\n",
      exit_code: 0,
      duration: 0,
    },
  );
  assert.deepEqual(withoutTime(output), { output: "hi\n", metadata: 0 });
});

const outputs: readonly (readonly [string, unknown, unknown])[] = [
  [
    "both streams of a failure, the real code",
    { command: ["bash", "-c", "echo out; sleep 0.05; echo err >&2; exit 3"] },
    { output: "out\nerr\n", metadata: 3 },
  ],
  [
    "a missing program is 127",
    { command: ["no-such-program"] },
    { output: /no-such-program.*not found/u, metadata: 127 },
  ],
  [
    "a signal is 128 + n",
    { command: ["bash", "-c", "kill -KILL $$"] },
    { output: "", metadata: 137 },
  ],
  [
    "a time-out keeps what was printed",
    { command: ["bash", "-c", "echo before; sleep 30; echo after"], timeout: 300 },
    { output: "command timed out after 300 milliseconds\nbefore\n", metadata: 124 },
  ],
  [
    "timeout_ms is the same",
    { command: ["sleep", "30"], timeout_ms: 100 },
    { output: "command timed out after 100 milliseconds\n", metadata: 124 },
  ],
  [
    "a background child does not hold the turn",
    { command: ["bash", "-c", "sleep 30 & echo started"] },
    { output: "started\n", metadata: 0 },
  ],
  [
    "bytes that are no text",
    { command: ["printf", "a\\377\\000b"] },
    { output: "a\ufffd\0b", metadata: 0 },
  ],
  ["a relative workdir", { command: ["pwd"], workdir: "/usr/.." }, { output: "/\n", metadata: 0 }],
  [
    "a missing workdir",
    { command: ["pwd"], workdir: "/nowhere" },
    /^execution error: .*\/nowhere.*no such file or directory/u,
  ],
  ["no words", { command: [] }, /^failed to parse function arguments: .*command/u],
  ["no command", {}, /^failed to parse function arguments: .*missing command/u],
];

for (const [name, args, expected] of outputs) {
  test(`what the model gets: ${name}`, { skip, timeout: 20_000 }, async (t) => {
    const { output } = await runCall(t, args);
    const actual = withoutTime(output);
    if (expected instanceof RegExp) {
      assert.match(String(actual), expected);
    } else if (
      typeof expected === "object" &&
      expected !== null &&
      "output" in expected &&
      expected.output instanceof RegExp
    ) {
      assert.ok(typeof actual === "object" && actual !== null && "output" in actual);
      assert.match(String(actual.output), expected.output);
      assert.deepEqual({ ...actual, output: 0 }, { ...expected, output: 0 });
    } else {
      assert.deepEqual(actual, expected);
    }
  });
}

test("a plain failure in the sandbox is not blamed on it", { skip }, async (t) => {
  const { messages, output } = await runCall(t, { command: ["bash", "-c", "exit 3"] });
  assert.equal(endOf(messages)?.exit_code, 3);
  assert.deepEqual(withoutTime(output), { output: "", metadata: 3 });
});

test("what the sandbox stops is named to the model, with what would help", { skip }, async (t) => {
  const outside = join(tempDir(t), "file");
  const overrides = [
    WRITE,
    "sandbox_workspace_write={exclude_slash_tmp=true,exclude_tmpdir_env_var=true}",
  ];
  const { messages, output } = await runCall(
    t,
    { command: ["bash", "-c", `echo x > ${outside}`] },
    { overrides },
  );
  assert.equal(existsSync(outside), false);
  assert.equal(endOf(messages)?.exit_code, 1);
  const words = JSON.stringify(output);
  assert.ok(words.includes(`did not let the command change \\"${outside}\\"`), words);
  assert.ok(words.includes("To allow it, grant a writable root"), words);
});

test("its twin without a sandbox succeeds", { skip }, async (t) => {
  const outside = join(tempDir(t), "file");
  const command = ["bash", "-c", `echo x > ${outside}`];
  const { output } = await runCall(t, { command }, { overrides: [FULL] });
  assert.deepEqual(withoutTime(output), { output: "", metadata: 0 });
  assert.equal(readFileSync(outside, "utf8"), "x\n");
});

test(
  "under never, an escalation runs in the sandbox and the model is told",
  { skip },
  async (t) => {
    const { output, messages } = await runCall(t, {
      command: ["bash", "-c", "echo x > here; exit 0"],
      with_escalated_permissions: true,
      justification: "because",
    });
    assert.match(JSON.stringify(output), /with_escalated_permissions had no effect.*never/u);
    assert.ok(!typesOf(messages).includes("exec_approval_request"));
  },
);

test("secrets of the user's environment do not reach commands", { skip }, async (t) => {
  process.env["CODEX_TEST_TOKEN"] = "s3cret";
  t.after(() => delete process.env["CODEX_TEST_TOKEN"]);
  const { output } = await runCall(t, {
    command: [
      "bash",
      "-c",
      "env; cat /proc/$PPID/environ 2>/dev/null | tr '\\0' '\\n'; command -v apply_patch",
    ],
  });
  const words = JSON.stringify(output);
  assert.ok(!words.includes("s3cret"), words);
  assert.ok(words.includes("CODEX_SANDBOX_NETWORK_DISABLED=1"), words);
  assert.ok(words.includes("/bin/apply_patch"), words);
});

test("a local_shell call and container.exec are the same tool", { skip }, async (t) => {
  const local = {
    type: "response.output_item.done",
    item: {
      type: "local_shell_call",
      id: "ls_1",
      status: "completed",
      action: { type: "exec", command: ["echo", "one"], timeout_ms: 5000 },
    },
  };
  const server = await startModelServer(t, [
    respond(local, functionCall("container.exec", { command: ["echo", "two"] }, "c2")),
    respond(assistantMessage("done")),
  ]);
  const { conversation } = await startWithCommands(t, { url: server.url });
  await runTurn(conversation, "go");
  assert.deepEqual(outputsOf(server.requests[1]).map(withoutTime), [
    { output: "one\n", metadata: 0 },
    { output: "two\n", metadata: 0 },
  ]);
});

test(
  "an interrupt ends the command and its children, and is recorded",
  { skip, timeout: 20_000 },
  async (t) => {
    const server = await startModelServer(t, [
      respond(
        functionCall("shell", { command: ["bash", "-c", "sleep 60 & echo $! $$; sleep 60"] }),
      ),
      respond(assistantMessage("again")),
    ]);
    const { conversation } = await startWithCommands(t, { url: server.url });
    const id = conversation.submit({ type: "user_input", items: text("go") });
    let pids: readonly number[] = [];
    const events = await eventsOfTask(conversation, id, ({ msg }) => {
      if (msg.type !== "exec_command_output_delta") return;
      pids = Buffer.from(msg.chunk, "base64").toString().trim().split(" ").map(Number);
      conversation.submit({ type: "interrupt" });
    });
    assert.deepEqual(events.at(-1)?.msg, { type: "turn_aborted", reason: "interrupted" });
    assert.ok(!events.some(({ msg }) => msg.type === "exec_command_end"));
    assert.equal(pids.length, 2);
    // The command's children were told to end with it; the last of them may still be on its way.
    assert.ok(await until(() => !pids.some(isRunning), 2_000));
    await runTurn(conversation, "next");
    assert.match(JSON.stringify(outputsOf(server.requests[1])), /command aborted by the user/u);
  },
);

test(
  "a flood of output is bounded in events and for the model",
  { skip, timeout: 30_000 },
  async (t) => {
    const { messages, output } = await runCall(t, {
      command: ["bash", "-c", "echo first; yes 0123456789 | head -c 30000000; echo last"],
      timeout: 20_000,
    });
    const deltas = messages.filter((message) => message.type === "exec_command_output_delta");
    assert.ok(deltas.length <= 10_000, `${deltas.length} deltas`);
    const words = JSON.stringify(output);
    assert.ok(words.length < 20_000);
    assert.match(
      words,
      /"first\\n0123456789.*\[... omitted \d+ of \d+ lines, 299\d+ bytes \.\.\.\].*last\\n"/u,
    );
    const end = endOf(messages);
    assert.ok(end !== undefined && end.aggregated_output.length < 200_000);
  },
);
