/** What a session that goes on says of the one before: what was stopped, and who answered. */
import assert from "node:assert/strict";
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findRollout } from "../../src/core/rollout-reader.ts";
import { Rollout } from "../../src/core/rollout.ts";
import { needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  CREATED,
  functionCall,
  HANG,
  needsLoopback,
  respond,
  startModelServer,
  textDelta,
} from "../support/model-server.ts";
import { firstReason, needsSandbox } from "../support/skip-reasons.ts";
import {
  assertTold,
  ESC,
  IDLE,
  KEY,
  makePlace,
  type Place,
  sessionRecords,
  TerminalScreen,
} from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);
/** As kitty sends it. */
const ESCAPE = `${ESC}[27u`;

async function quit(screen: TerminalScreen): Promise<void> {
  await screen.waitForRows(IDLE);
  screen.type(KEY.control("d"));
  assert.equal(await screen.exitCode(), 0);
}

/** Everything of the session file that is no item of the history. */
function notesOf(place: Place): readonly unknown[] {
  return sessionRecords(place).filter(
    (record) => typeof record === "object" && record !== null && "record_type" in record,
  );
}

test("a resumed session shows which turns were interrupted", { skip }, async (t) => {
  const half = { stream: [CREATED, textDelta("half an answer\n\nand"), HANG] } as const;
  const server = await startModelServer(t, [
    half,
    respond(assistantMessage("a whole answer")),
    half,
    respond(assistantMessage("the end")),
  ]);
  const place = makePlace(t, server);
  const first = new TerminalScreen(t, { place });
  await first.waitFor("Ask for something");
  first.send("one");
  await first.waitFor("half an answer");
  first.type(ESCAPE);
  await first.waitFor(/^✗ Interrupted$/mu);
  await first.waitForRows(IDLE);
  first.send("two");
  await first.waitFor("a whole answer");
  await first.waitForRows(IDLE);
  // The terminal is closed in the middle of this one.
  first.send("three");
  await first.waitFor(/a whole answer[^]*half an answer/u);
  first.close();
  await first.ended();
  const aborted = { record_type: "turn_aborted", reason: "interrupted" };
  assert.deepEqual(
    notesOf(place).filter(
      (note) => !/token_count|turn_context|turn_complete/u.test(JSON.stringify(note)),
    ),
    [aborted, aborted],
  );
  const second = new TerminalScreen(t, { place, args: ["resume", "--last"], rows: 50 });
  const shown =
    "› one\n\nhalf an answer\n\nand\n\n✗ Interrupted\n\n› two\n\na whole answer\n\n› three\n\nhalf an answer\n\nand\n\n✗ Interrupted\n";
  await second.waitFor(shown);
  second.send("four");
  await second.waitFor("the end");
  await second.waitForRows(IDLE);
  assertTold(second, place, {
    rows: IDLE,
    scrollback: /✗ Interrupted\n\n› four\n\nthe end\n/u,
    log: [
      "user: one",
      "assistant: half an answer\n\nand",
      "user: two",
      "assistant: a whole answer",
      "user: three",
      "assistant: half an answer\n\nand",
      "user: four",
      "assistant: the end",
    ],
  });
  // What is for the user is not told to the model.
  assert.doesNotMatch(JSON.stringify(server.requests.at(-1)?.body), /Interrupted|turn_aborted/u);
  second.type(KEY.control("t"));
  await second.waitForRows(/── Notice\nInterrupted/u);
  second.type("q");
  // Taken back, the messages before it are interrupted still.
  await second.waitForRows(IDLE);
  second.type(ESCAPE);
  await second.waitFor("Esc again");
  second.type(ESCAPE);
  // The draft, not the message above it, which has the same words.
  await second.waitForRows(/^› four\n[^\n]* · [^\n]*$(?![^])/mu);
  second.type(KEY.control("c"));
  await quit(second);
  const third = new TerminalScreen(t, { place, args: ["resume", "--last"], rows: 50 });
  await third.waitFor(`${shown}\n› Ask for something`);
  await quit(third);
});

test(
  "a signal while a session ends does not take what is still to be written",
  { skip: firstReason(skip, needsSandbox) },
  async (t) => {
    const stubborn = "trap '' TERM; touch began; while :; do sleep 60; done";
    const server = await startModelServer(t, [
      respond(functionCall("shell", { command: ["sh", "-c", stubborn] }, "c1")),
    ]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place });
    await screen.waitFor("Ask for something");
    screen.send("one");
    const began = join(place.workspace, "began");
    await screen.waitUntil(() => existsSync(began), "the command to begin");
    process.kill(screen.pid, "SIGTERM");
    // The terminal is given back; the command has two seconds before it is killed.
    await screen.waitUntil(() => screen.raw.includes(`${ESC}[?2004l`), "the session to end");
    process.kill(screen.pid, "SIGHUP");
    await screen.ended();
    assert.match(JSON.stringify(notesOf(place)), /turn_aborted/u);
  },
);

/** Whose process gets SIGKILL when the screen has shown `mark`. */
async function killAt(screen: TerminalScreen, mark: string): Promise<void> {
  await screen.waitFor(mark);
  process.kill(screen.pid, "SIGKILL");
  await screen.ended();
}

test("a session that was killed in a turn shows where", { skip }, async (t) => {
  const half = { stream: [CREATED, textDelta("half an answer\n\nand"), HANG] } as const;
  const server = await startModelServer(t, [
    respond(functionCall("shell", { command: ["sleep", "100"] }, "c1")),
    half,
    respond(assistantMessage("the end")),
  ]);
  const place = makePlace(t, server);
  const first = new TerminalScreen(t, {
    place,
    args: ["-s", "danger-full-access", "-a", "never"],
  });
  await first.waitFor("Ask for something");
  first.send("one");
  await killAt(first, "$ sleep 100");
  const second = new TerminalScreen(t, { place, args: ["resume", "--last"], rows: 50 });
  await second.waitFor("› one\n\n✗ Interrupted\n");
  await second.waitForRows(IDLE);
  second.send("two");
  await killAt(second, "half an answer");
  const third = new TerminalScreen(t, { place, args: ["resume", "--last"], rows: 50 });
  const shown = "› one\n\n✗ Interrupted\n\n› two\n\n✗ Interrupted\n";
  await third.waitFor(shown);
  await third.waitForRows(IDLE);
  third.send("three");
  await third.waitFor("the end");
  const body = JSON.stringify(server.requests.at(-1)?.body);
  assert.match(body, /"call_id":"c1","output":"aborted by the user before it finished"/u);
  assert.doesNotMatch(body, /Interrupted|turn_aborted/u);
  await quit(third);
  const lines = new TerminalScreen(t, {
    place,
    args: ["resume", "--last"],
    env: { TERM: "dumb" },
    rows: 50,
  });
  await lines.waitFor(
    /one\n+[^\n]*Interrupted\n+[^\n]*two\n+[^\n]*Interrupted\n+[^\n]*three\n+the end\n/u,
  );
  lines.type(KEY.control("d"));
  assert.equal(await lines.exitCode(), 0);
});

test("the list of sessions says that there are older ones, and shows them", { skip }, async (t) => {
  const place = makePlace(t, await startModelServer(t, [respond(assistantMessage("unused"))]));
  for (let index = 1; index <= 52; index += 1) {
    const two = String(index).padStart(2, "0");
    const id = `11111111-2222-4333-8444-5555555555${two}`;
    const session = { id, codexHome: place.codexHome, cwd: place.workspace, instructions: null };
    const rollout = Rollout.start(
      session,
      (message) => assert.fail(message),
      () => new Date(2026, 10, 24, 9, index, 0),
    );
    const content = [{ type: "input_text", text: `message ${two}` }] as const;
    rollout.append({ type: "message", id: null, role: "user", content });
    rollout.close();
  }
  appendFileSync(findRollout(place.codexHome, "11111111-2222-4333-8444-555555555501"), "garbage\n");
  const screen = new TerminalScreen(t, { place, args: ["resume"] });
  await screen.waitForRows(
    /Which session\?\n+.*These are not all: the last entry lists older ones/u,
  );
  await screen.waitForRows(/message 52/u);
  screen.type(KEY.up);
  await screen.waitForRows(/message 03[^]*Older sessions/u);
  screen.type(KEY.enter);
  await screen.waitForRows(
    /Which session\?\n+(?!.*not all)[^]*message 02[^]*message 01(?![^]*Older)/u,
  );
  screen.type("2");
  await screen.waitFor("› message 01\n");
  await screen.waitFor(/^! 1 line of the session file/mu);
  await quit(screen);
  const lines = new TerminalScreen(t, { place, args: ["resume"], env: { TERM: "dumb" }, rows: 70 });
  await lines.waitFor(/51 or older: Older sessions\n/u);
  await lines.waitFor("These are not all: the last entry lists older ones");
  lines.type("older\n");
  await lines.waitFor("Number from 1 to 2;");
  lines.type("1\n");
  await lines.waitFor("› message 02\n");
  lines.type(KEY.control("d"));
  assert.equal(await lines.exitCode(), 0);
});

test("a session that another codex is in is listed, and refused", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("an answer"))]);
  const place = makePlace(t, server);
  const first = new TerminalScreen(t, { place });
  await first.waitFor("Ask for something");
  first.send("one");
  await first.waitFor("an answer");
  await first.waitForRows(IDLE);
  const second = new TerminalScreen(t, { place, args: ["resume"] });
  await second.waitFor("Which session?");
  second.type(KEY.enter);
  await second.waitFor("end it there first");
  await quit(first);
  second.send("/resume");
  await second.waitFor("Which session?");
  second.type(KEY.enter);
  await second.waitFor("an answer");
  await quit(second);
});

test("a session that goes on with another model says so", { skip }, async (t) => {
  const server = await startModelServer(t, [
    respond(assistantMessage("the first answer")),
    respond(assistantMessage("the second answer")),
    respond(assistantMessage("the third answer")),
  ]);
  const place = makePlace(t, server, 'model = "gpt-5"\nmodel_reasoning_effort = "low"');
  const first = new TerminalScreen(t, { place });
  await first.waitFor("Ask for something");
  first.send("one");
  await first.waitFor("the first answer");
  await first.waitForRows(IDLE);
  first.send("/model o3 high");
  await first.waitFor("✓ Model: o3 high");
  first.send("two");
  await first.waitFor("the second answer");
  await quit(first);
  const second = new TerminalScreen(t, { place, args: ["resume", "--last"] });
  await second.waitFor("the second answer");
  assert.match(
    second.text(),
    /^! This session used o3 high, and now gpt-5 low: \/model o3 high goes back\n\n› one\n/mu,
  );
  second.send("/model o3 high");
  await second.waitFor("✓ Model: o3 high");
  second.send("three");
  await second.waitFor("the third answer");
  await quit(second);
  const [one, two, three] = server.requests.map(({ body }) => JSON.stringify(body));
  assert.match(one ?? "", /"model":"gpt-5"/u);
  assert.match(two ?? "", /"model":"o3"/u);
  assert.match(three ?? "", /"model":"o3"/u);
  assert.deepEqual(
    notesOf(place).filter((note) => /turn_context/u.test(JSON.stringify(note))),
    [
      { record_type: "turn_context", model: "gpt-5", effort: "low" },
      { record_type: "turn_context", model: "o3", effort: "high" },
    ],
  );
  const same = new TerminalScreen(t, {
    place,
    args: ["-m", "o3", "-c", "model_reasoning_effort=high", "resume", "--last"],
  });
  await same.waitFor("the third answer");
  assert.doesNotMatch(same.text(), /This session used/u);
  await quit(same);
});

test("a resumed session shows where it was compacted, and has the notes", { skip }, async (t) => {
  const server = await startModelServer(t, [
    respond(assistantMessage("the long answer")),
    respond(assistantMessage("the summary")),
    respond(assistantMessage("after it")),
  ]);
  const place = makePlace(t, server);
  const first = new TerminalScreen(t, { place, rows: 40 });
  await first.waitFor("Ask for something");
  first.send("the question");
  await first.waitFor("the long answer");
  first.send("/compact");
  await first.waitFor("The conversation was compacted.");
  first.send("next");
  await first.waitFor("after it");
  await quit(first);
  const second = new TerminalScreen(t, { place, args: ["resume", "--last"], rows: 40 });
  await second.waitFor(
    /› the question\n\n! The answers before this were compacted\. Ctrl-T has the notes\.\n\n› next\n\nafter it\n/u,
  );
  assert.doesNotMatch(second.text(), /This session began/u);
  second.type(KEY.control("t"));
  await second.waitForRows(/── Notes on what was compacted\nthe summary\n/u);
  second.type("q");
  await quit(second);
});

test("a session that goes on in another directory says so", { skip }, async (t) => {
  const server = await startModelServer(t, [
    respond(assistantMessage("the first answer")),
    respond(assistantMessage("the second answer")),
  ]);
  const place = makePlace(t, server);
  const first = new TerminalScreen(t, { place });
  await first.waitFor("Ask for something");
  first.send("one");
  await first.waitFor("the first answer");
  await quit(first);
  const other = { ...place, workspace: place.codexHome };
  const args = ["resume", "--last"];
  const second = new TerminalScreen(t, { place: other, args, rows: 40, columns: 200 });
  await second.waitFor("Do you trust this directory?");
  second.type("2");
  await second.waitFor(
    `This session began in "${place.workspace}" and goes on in "${other.workspace}"`,
  );
});
