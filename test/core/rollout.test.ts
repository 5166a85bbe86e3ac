import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ABORTED_OUTPUT } from "../../src/core/history.ts";
import { ResumeError } from "../../src/core/resume-error.ts";
import {
  findLastRollout,
  findRollout,
  readRollout,
  sessionFiles,
  takeUpRollout,
} from "../../src/core/rollout-reader.ts";
import { Rollout, rolloutPath } from "../../src/core/rollout.ts";
import { findOtherWriter } from "../../src/process/file-writers.ts";
import type { ModelItem } from "../../src/protocol/model-item.ts";
import {
  assistantMessage,
  needsLoopback,
  respond,
  startModelServer,
} from "../support/model-server.ts";
import { until } from "../support/until.ts";
import { runTurn, startConversation, tempDir } from "./conversation-harness.ts";

const ID = "11111111-2222-4333-8444-555555555555";
const TIME = new Date(2026, 10, 24, 9, 5, 7);

const user: ModelItem = {
  type: "message",
  id: null,
  role: "user",
  content: [{ type: "input_text", text: "größe 🦊" }],
};
const answer: ModelItem = {
  type: "message",
  id: null,
  role: "assistant",
  content: [{ type: "output_text", text: "I look" }],
};
const call: ModelItem = {
  type: "function_call",
  id: "fc",
  name: "shell",
  arguments: "{}",
  call_id: "c1",
};
const output: ModelItem = { type: "function_call_output", call_id: "c1", output: "out" };

function writeSession(codexHome: string, items: readonly ModelItem[], id = ID): string {
  const rollout = Rollout.start(
    { id, codexHome, cwd: "/nowhere", instructions: "be brief" },
    (message) => assert.fail(message),
    () => TIME,
  );
  for (const item of items) rollout.append(item);
  rollout.close();
  return rolloutPath(codexHome, id, TIME);
}

function isOpen(path: string): boolean {
  return readdirSync("/proc/self/fd").some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false; // the one that listed the others
    }
  });
}

test("of many sessions between turns the last ones stay open; another process may take up the rest", async (t) => {
  const codexHome = tempDir(t);
  const problems: string[] = [];
  const ids = Array.from({ length: 70 }, () => randomUUID());
  const paths = ids.map((id) => rolloutPath(codexHome, id, TIME));
  const rollouts = ids.map((id) => {
    const begin = { id, codexHome, cwd: "/nowhere", instructions: null };
    const rollout = Rollout.start(
      begin,
      (message) => problems.push(message),
      () => TIME,
    );
    rollout.append(user);
    rollout.rest();
    return rollout;
  });
  t.after(() => rollouts.forEach((rollout) => rollout.close()));
  assert.equal(paths.filter(isOpen).length, 64);
  const [first, second] = rollouts;
  const [taken = "", free = ""] = paths;
  assert.deepEqual([taken, free].map(isOpen), [false, false]);
  const other = spawn("sh", ["-c", 'exec 3>>"$1"; exec sleep 600', "sh", taken]);
  t.after(() => other.kill("SIGKILL"));
  assert.ok(await until(() => findOtherWriter(taken) === other.pid, 10_000));
  first?.append(answer);
  second?.append(answer);
  assert.deepEqual(problems, [
    `Cannot write the session file "${taken}": process ${other.pid} has taken the session up; what follows is not kept for "codex resume"`,
  ]);
  assert.deepEqual(
    [taken, free].map((path) => readRollout(path).history.length),
    [1, 2],
  );
});

test("between turns the file stays open, and one that was removed is not begun anew", (t) => {
  const codexHome = tempDir(t);
  const problems: string[] = [];
  const rollout = Rollout.start(
    { id: ID, codexHome, cwd: "/nowhere", instructions: null },
    (message) => problems.push(message),
    () => TIME,
  );
  const path = rolloutPath(codexHome, ID, TIME);
  for (const item of [user, call, output]) {
    rollout.append(item);
    assert.ok(isOpen(path));
    rollout.rest();
    assert.ok(isOpen(path));
  }
  assert.equal(readFileSync(path, "utf8").trimEnd().split("\n").length, 4);
  rmSync(path);
  rollout.append(user);
  rollout.append(user);
  const reason = 'no such file or directory; what follows is not kept for "codex resume"';
  assert.deepEqual(problems, [`Cannot write the session file "${path}": ${reason}`]);
  assert.ok(!existsSync(path));
});

test("a session file holds the session and its items, for the user alone", (t) => {
  const codexHome = tempDir(t);
  const path = writeSession(codexHome, [user, call, output]);
  assert.equal(
    path,
    join(codexHome, `sessions/2026/11/24/rollout-2026-11-24T09-05-07-${ID}.jsonl`),
  );
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const lines = readFileSync(path, "utf8").split("\n");
  assert.deepEqual(
    lines.slice(0, -1).map((line): unknown => JSON.parse(line)),
    [
      {
        id: ID,
        timestamp: TIME.toISOString(),
        cwd: "/nowhere",
        instructions: "be brief",
        git: {},
      },
      user,
      call,
      output,
    ],
  );
  assert.deepEqual(readRollout(path), {
    path,
    id: ID,
    cwd: "/nowhere",
    history: [user, call, output],
    usage: { firstInput: undefined, lastTotal: undefined },
    interruptedAt: new Set([output]),
    model: undefined,
    isTurnOpen: true,
    unreadableLines: 0,
  });
});

test("what the first and the last request took is there again, until the history is another one", (t) => {
  const path = writeSession(tempDir(t), [user]);
  const rollout = Rollout.resume(path, (message) => assert.fail(message));
  const usageOf = (input: number, total: number) => ({
    input_tokens: input,
    cached_input_tokens: null,
    output_tokens: total - input,
    reasoning_output_tokens: null,
    total_tokens: total,
  });
  rollout.appendUsage(usageOf(1000, 1200));
  rollout.append(call);
  rollout.append(output);
  rollout.appendUsage(usageOf(1300, 1500));
  const { history, usage } = readRollout(path);
  assert.deepEqual(history, [user, call, output]);
  assert.deepEqual(usage, { firstInput: 1000, lastTotal: 1500 });
  rollout.appendCompacted([user]);
  assert.deepEqual(readRollout(path).usage, { firstInput: 1000, lastTotal: undefined });
  rollout.close();
});

test("interrupted turns and the model of the last one are there again", (t) => {
  const path = writeSession(tempDir(t), [user]);
  const rollout = Rollout.resume(path, (message) => assert.fail(message));
  rollout.appendModel({ model: "one", effort: "low" });
  rollout.appendModel({ model: "one", effort: "low" });
  rollout.append(call);
  rollout.append(output);
  rollout.appendAborted();
  rollout.appendModel({ model: "two", effort: null });
  rollout.append(user);
  rollout.appendComplete();
  const session = readRollout(path);
  assert.deepEqual(session.model, { model: "two", effort: null });
  assert.deepEqual([...session.interruptedAt], [output]);
  assert.ok(session.interruptedAt.has(session.history[2] ?? user));
  assert.equal(readFileSync(path, "utf8").split('"turn_context"').length, 3);
  rollout.appendCompacted([user, call, output]);
  assert.deepEqual([...readRollout(path).interruptedAt], [output], "the same so far");
  rollout.appendCompacted([call, output, user]);
  assert.deepEqual([...readRollout(path).interruptedAt], [], "another history");
  rollout.close();
  const again = Rollout.resume(path, (message) => assert.fail(message), session);
  const before = readFileSync(path, "utf8");
  again.appendModel({ model: "two", effort: null });
  again.close();
  assert.equal(readFileSync(path, "utf8"), before);
});

test("a turn whose end was never written is interrupted at the last item, also later on", (t) => {
  const aborted = { ...output, output: ABORTED_OUTPUT };
  const cases = [
    { items: [user], history: [user], end: user },
    { items: [user, call], history: [user, call, aborted], end: call },
    { items: [user, call, output], history: [user, call, output], end: output },
    { items: [user, answer], history: [user, answer], end: answer },
  ] as const;
  for (const { items, history, end } of cases) {
    for (const hasTurnBefore of [true, false]) {
      const fail = (message: string) => assert.fail(message);
      const begin = { id: ID, codexHome: tempDir(t), cwd: "/nowhere", instructions: null };
      const rollout = Rollout.start(begin, fail, () => TIME);
      const file = rolloutPath(begin.codexHome, ID, TIME);
      rollout.appendModel({ model: "one", effort: null });
      if (hasTurnBefore) {
        rollout.append(user);
        rollout.append(answer);
        rollout.appendComplete();
      }
      const before: ModelItem[] = hasTurnBefore ? [user, answer] : [];
      for (const item of items) rollout.append(item);
      rollout.close();
      const session = readRollout(file);
      assert.deepEqual(session.history, [...before, ...history]);
      assert.deepEqual([...session.interruptedAt], [end]);
      assert.ok(session.isTurnOpen);
      const again = Rollout.resume(file, fail, session);
      again.append(user);
      again.append(answer);
      again.appendComplete();
      again.close();
      const later = readRollout(file);
      assert.ok(!later.isTurnOpen);
      assert.deepEqual([...later.interruptedAt], [end]);
    }
  }
});

test("a whole answer of a program that writes no ends is not interrupted", (t) => {
  const path = writeSession(tempDir(t), [user, answer]);
  assert.deepEqual([...readRollout(path).interruptedAt], []);
  const rollout = Rollout.resume(path, (message) => assert.fail(message));
  rollout.appendCompacted([user]);
  rollout.close();
  assert.deepEqual([...readRollout(path).interruptedAt], [], "between turns");
});

test("a session without items leaves no file", (t) => {
  const codexHome = tempDir(t);
  writeSession(codexHome, []);
  assert.deepEqual(sessionFiles(codexHome), []);
});

test("a file cut at any byte is read, repaired, and can be written on", (t) => {
  const codexHome = tempDir(t);
  const path = writeSession(codexHome, [user, call, output]);
  const bytes = readFileSync(path);
  const metaEnd = bytes.indexOf("\n") + 1;
  for (let size = bytes.length; size >= metaEnd; size -= 1) {
    writeFileSync(path, bytes);
    truncateSync(path, size);
    readRollout(path);
    assert.equal(statSync(path).size, size);
    const { history, claim } = takeUpRollout(path);
    const aborted = { ...output, output: ABORTED_OUTPUT };
    const possible = [[user, call, output], [user, call, aborted], [user], []];
    assert.ok(possible.some((items) => JSON.stringify(items) === JSON.stringify(history)));
    const rollout = Rollout.resume(path, (message) => assert.fail(message), undefined, claim);
    rollout.append(user);
    rollout.close();
    assert.deepEqual(readRollout(path).history.at(-1), user);
  }
  truncateSync(path, metaEnd - 1);
  assert.throws(() => readRollout(path), ResumeError);
});

test("a compaction replaces what was before it", (t) => {
  const codexHome = tempDir(t);
  const path = writeSession(codexHome, [user, call, output]);
  const rollout = Rollout.resume(path, (message) => assert.fail(message));
  rollout.appendCompacted([user]);
  rollout.append(call);
  rollout.append(output);
  rollout.close();
  assert.deepEqual(readRollout(path).history, [user, call, output]);
});

test("lines of other programs are skipped", (t) => {
  const codexHome = tempDir(t);
  const path = writeSession(codexHome, [user]);
  const text = readFileSync(path, "utf8");
  writeFileSync(path, `${text}{"record_type":"state"}\nnot json\n{"type":"ghost_item"}\n`);
  const { history, unreadableLines } = readRollout(path);
  assert.deepEqual(history, [user]);
  assert.equal(unreadableLines, 1);
});

test("a resumed conversation tells where it began, and of lines that could not be read", async (t) => {
  const { manager, config, codexHome } = await startConversation(t, { url: "http://127.0.0.1:1" });
  const path = writeSession(codexHome, [user, call, output]);
  const warningOf = async (cwd = "/nowhere"): Promise<unknown> => {
    const { conversation } = await manager.resumeConversation({ ...config, cwd }, path);
    conversation.submit({ type: "shutdown" });
    return (await conversation.nextEvent()).msg;
  };
  assert.deepEqual(await warningOf(), { type: "shutdown_complete" });
  assert.deepEqual(await warningOf("/elsewhere"), {
    type: "background_event",
    message: 'This session began in "/nowhere" and goes on in "/elsewhere"',
  });
  for (const [garbage, lines] of [
    ["not json\n", "1 line"],
    ['17\n{"type":"ghost_item"}\n', "2 lines"],
  ] as const) {
    appendFileSync(path, garbage);
    const message = `${lines} of the session file "${path}" could not be read: left out`;
    assert.deepEqual(await warningOf(), { type: "background_event", message });
  }
});

test("sessions are found by id, and the one written to last", (t) => {
  const codexHome = tempDir(t);
  const other = "99999999-2222-4333-8444-555555555555";
  const first = writeSession(codexHome, [user], ID);
  const second = writeSession(codexHome, [user], other);
  assert.equal(findRollout(codexHome, ID.toUpperCase()), first);
  Rollout.resume(first, () => undefined).append(user);
  writeFileSync(first, readFileSync(first));
  assert.ok([first, second].includes(findLastRollout(codexHome)));
  assert.throws(() => findRollout(codexHome, "../../etc"), ResumeError);
  assert.throws(() => findRollout(codexHome, "99999999-2222-4333-8444-000000000000"), ResumeError);
  assert.throws(() => findLastRollout(tempDir(t)), ResumeError);
});

test("an empty file is not the session that was written to last", (t) => {
  const codexHome = tempDir(t);
  const path = writeSession(codexHome, [user]);
  const empty = rolloutPath(codexHome, "99999999-2222-4333-8444-555555555555", TIME);
  writeFileSync(empty, "");
  utimesSync(path, TIME, TIME);
  assert.equal(findLastRollout(codexHome), path);
  writeFileSync(empty, "not a session\n");
  assert.equal(findLastRollout(codexHome), empty);
});

test("a file that is no session is refused and left alone", (t) => {
  const path = join(tempDir(t), "notes.txt");
  writeFileSync(path, "first\nsecond without an end");
  assert.throws(() => takeUpRollout(path), ResumeError);
  assert.equal(readFileSync(path, "utf8"), "first\nsecond without an end");
  for (const read of [readRollout, takeUpRollout]) {
    assert.throws(() => read("/dev/null"), ResumeError);
  }
});

test("a resumed conversation knows what was said", { skip: needsLoopback }, async (t) => {
  const server = await startModelServer(t, [
    respond(assistantMessage("first answer")),
    respond(assistantMessage("second answer")),
  ]);
  const first = await startConversation(t, { url: server.url });
  await runTurn(first.conversation, "one");
  first.conversation.submit({ type: "shutdown" });
  for await (const _ of first.conversation);
  const path = findLastRollout(first.codexHome);
  const resumed = await first.manager.resumeConversation(first.config, path);
  assert.equal(resumed.conversationId, first.conversationId);
  await runTurn(resumed.conversation, "two");
  resumed.conversation.submit({ type: "shutdown" });
  const [before, after] = server.requests.map(({ body }) => JSON.stringify(body));
  assert.ok(before !== undefined && after !== undefined);
  const prefix = before.slice(before.indexOf('"input"'), before.indexOf(']}],"tools"'));
  assert.ok(after.includes(prefix), "the second request extends the first");
  assert.equal(sessionFiles(first.codexHome).length, 1);
  assert.equal(readRollout(path).history.length, 5);
});

test(
  "a FIFO in the place of a session file is told and holds nobody",
  { skip: process.platform === "win32" && "no FIFOs" },
  (t) => {
    const path = join(tempDir(t), "rollout.jsonl");
    assert.equal(spawnSync("mkfifo", [path]).status, 0);
    const problems: string[] = [];
    const rollout = Rollout.resume(path, (message) => problems.push(message));
    rollout.append(user);
    rollout.append(answer);
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? "", /Cannot write the session file/u);
  },
);
