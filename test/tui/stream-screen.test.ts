/** Answers as they stream in: everything once, in order, whatever happens to the stream. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  COMPLETED,
  CREATED,
  CUT,
  functionCall,
  HANG,
  needsLoopback,
  respond,
  type ServerAnswer,
  startModelServer,
  textDelta,
} from "../support/model-server.ts";
import { firstReason, needsSandbox } from "../support/skip-reasons.ts";
import {
  assertTold,
  IDLE,
  KEY,
  makePlace,
  sequence,
  TerminalScreen,
} from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);

function chunksOf(text: string, size: number) {
  const chunks: string[] = [];
  for (let at = 0; at < text.length; at += size) chunks.push(text.slice(at, at + size));
  return chunks.map((chunk) => textDelta(chunk));
}

test("412 sections stream into the scrollback, each once and in order", { skip }, async (t) => {
  const sections = Array.from(
    { length: 412 },
    (_, index) =>
      `## Section ${index}\n\nText of **section** ${index}, with \`code\`.\n\n- a\n- b\n\n`,
  ).join("");
  const server = await startModelServer(t, [
    { stream: [CREATED, ...chunksOf(sections, 97), assistantMessage(sections), COMPLETED] },
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place, columns: 100, rows: 32 });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor("Section 411", 30_000);
  await screen.waitUntil(() => !screen.text().includes("esc to interrupt"), "the end of the turn");
  const shown = [...screen.text().matchAll(/## Section (\d+)/gu)].map((match) => Number(match[1]));
  assert.deepEqual(
    shown,
    Array.from({ length: 412 }, (_, index) => index),
  );
  assert.doesNotMatch(screen.raw, sequence(String.raw`\[[23]J`), "no full clear");
  assert.doesNotMatch(screen.raw, sequence(String.raw`\[\?1049h`), "no alternate screen");
  await screen.waitForRows(IDLE);
  assertTold(screen, place, {
    rows: IDLE,
    scrollback: /^› go\n\n## Section 0\n[^]*^## Section 411\n/mu,
    log: ["user: go", `assistant: ${sections}`],
  });
});

test("items of a list are in the scrollback while the list streams", { skip }, async (t) => {
  const numbers = Array.from({ length: 60 }, (_, index) => index + 1);
  const items = numbers.map((number) => `1. item **${number}**\n   - below it\n`).join("");
  const text = `A list:\n${items}1. open`;
  const server = await startModelServer(t, [{ stream: [CREATED, ...chunksOf(text, 41), HANG] }]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place, columns: 100, rows: 24 });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor(/^61\. open$/mu);
  const list = numbers.map((n) => `${n}\\. item ${n}\n +- below it\n`).join("");
  assert.match(screen.text(), new RegExp(`^A list:\n\n${list}61\\. open\n`, "mu"));
  // Only what is open is drawn again, and can stay behind when the terminal moves its rows.
  screen.resize(80, 24);
  await screen.waitForRows(/^61\. open$/mu);
  screen.type(KEY.escape);
  await screen.waitFor("Interrupted");
  await screen.waitForRows(IDLE);
  assertTold(screen, place, {
    rows: IDLE,
    scrollback:
      /^A list:\n\n1\. item 1\n {3}- below it\n2\. item 2\n[^]*^60\. item 60\n {4}- below it\n61\. open\n\n\S* Interrupted/mu,
    log: ["user: go", `assistant: ${text}`],
  });
  const seen = [...screen.text().matchAll(/^\d+\. item (\d+)$/gmu)].map((match) =>
    Number(match[1]),
  );
  assert.deepEqual(seen, numbers);
});

test("wide letters, emoji and code keep their places", { skip }, async (t) => {
  const text =
    "日本語のテキスト 👩‍👩‍👧 done\n\n```js\nconst a = 1;\n```\n\n| k | v |\n|---|---|\n| 名 | x |\n";
  const server = await startModelServer(t, [
    { stream: [CREATED, ...chunksOf(text, 3), assistantMessage(text), COMPLETED] },
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor("const a = 1;");
  await screen.waitFor(/名\s+│ x/u);
  await screen.waitForRows(IDLE);
  assertTold(screen, place, {
    rows: IDLE,
    scrollback:
      /^› go\n\n日本語のテキスト 👩‍👩‍👧 done\n\n```js\nconst a = 1;\n```\n\nk +│ v\n─+┼─+\n名 +│ x\n/mu,
    log: ["user: go", `assistant: ${text}`],
  });
  assert.equal(screen.text().split("const a = 1;").length, 2);
});

test("a dropped stream is marked where it was cut, and starts again", { skip }, async (t) => {
  const server = await startModelServer(t, [
    { stream: [CREATED, textDelta("first part\n\nsecond\nthird"), 100, CUT] },
    respond(textDelta("whole answer"), assistantMessage("whole answer")),
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor("whole answer");
  assert.match(screen.text(), /first part\s+\(stream cut here; answer restarts\)/u);
  assert.match(screen.text(), /↻ .*; retried once\s+whole answer/u);
  await screen.waitForRows(IDLE);
  assert.doesNotMatch(screen.text(), /^second/mu);
  assert.equal(server.requests.length, 2);
  assertTold(screen, place, {
    rows: IDLE,
    scrollback:
      /^› go\n\nfirst part\n\n\(stream cut here; answer restarts\)\n\n↻ .*\n\nwhole answer\n/mu,
    log: ["user: go", "assistant: whole answer"],
  });
});

test("a stream that is cut again and again is counted through its marks", { skip }, async (t) => {
  const cut = (part: string): ServerAnswer => ({
    stream: [CREATED, textDelta(`${part}\n\nmore\nof it`), 100, CUT],
  });
  const server = await startModelServer(t, [
    cut("one"),
    cut("two"),
    cut("three"),
    respond(textDelta("whole answer"), assistantMessage("whole answer")),
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place, columns: 120 });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor("whole answer");
  await screen.waitForRows(IDLE);
  const restarts = String.raw`\n\n\(stream cut here; answer restarts\)\n\n↻ .*; retried `;
  assertTold(screen, place, {
    rows: IDLE,
    scrollback: new RegExp(
      String.raw`^› go\n\none${restarts}once\n\ntwo${restarts}2/3\n\nthree${restarts}3/3\n\nwhole answer\n`,
      "mu",
    ),
    log: ["user: go", "assistant: whole answer"],
  });
});

test("an answer without a word is told, and one with words is not", { skip }, async (t) => {
  const server = await startModelServer(t, [
    { stream: [CREATED, COMPLETED] },
    respond(assistantMessage("words")),
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor("(no answer)");
  await screen.waitForRows(IDLE);
  screen.send("again");
  await screen.waitFor(/^words$/mu);
  await screen.waitForRows(IDLE);
  assertTold(screen, place, {
    rows: IDLE,
    scrollback: /^› go\n\n\(no answer\)\n\n› again\n\nwords\n/mu,
    log: ["user: go", "user: again", "assistant: words"],
  });
  assert.equal(screen.text().split("(no answer)").length, 2);
});

test("a server error is retried and told, a refused key is not retried", { skip }, async (t) => {
  const server = await startModelServer(t, [
    { status: 500, body: { error: { message: "overloaded today" } } },
    respond(assistantMessage("recovered")),
    { status: 401, body: { error: { message: "bad key" } } },
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor("recovered");
  await screen.waitFor("↻");
  screen.send("again");
  await screen.waitFor("bad key");
  await screen.waitFor("codex login --api-key");
  await screen.waitForRows(IDLE);
  assert.equal(server.requests.length, 3);
  assertTold(screen, place, {
    rows: IDLE,
    scrollback: /› go\s+↻ .*500.*\s+retried once\s+recovered\s+› again\s+✗ .*bad key/u,
    log: ["user: go", "assistant: recovered", "user: again"],
  });
});

test(
  "the wait for another attempt counts down in its row, and leaves one line",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [
      { status: 503, headers: { "retry-after": "2" }, body: { error: { message: "overloaded" } } },
      respond(assistantMessage("recovered")),
    ]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place, columns: 120 });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitForRows(/^› go\n\n↻ .*503.*; retrying 1\/\d+ in 2s\n\n› Type to queue/mu);
    await screen.waitForRows(
      /^› go\n\n↻ .*503.*; retrying 1\/\d+ in (?:1s|\d+ms)\n\n› Type to queue/mu,
    );
    await screen.waitFor(/^recovered$/mu);
    await screen.waitForRows(IDLE);
    assertTold(screen, place, {
      rows: IDLE,
      scrollback: /^› go\n\n↻ .*503.*; retried once\n\nrecovered\n/mu,
      log: ["user: go", "assistant: recovered"],
    });
    assert.equal(screen.text().split("↻").length, 2);
    assert.equal(server.requests.length, 2);
  },
);

test("what cannot get better is not tried again, and says what to do", { skip }, async (t) => {
  const cases = [
    [400, "no such parameter", "/model changes the model"],
    [401, "bad key", 'Store another one with "codex login --api-key"'],
    [403, "not for you", "/model changes the model"],
    [404, "no such model", "Check the name of the model"],
  ] as const;
  const [first, ...others] = cases.map(([status, message]) => ({
    status,
    body: { error: { message } },
  }));
  assert.ok(first !== undefined);
  const server = await startModelServer(t, [first, ...others]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place, columns: 120, rows: 40 });
  await screen.waitFor("Ask for something");
  for (const [index, [status, message, next]] of cases.entries()) {
    screen.send(`question ${index}`);
    await screen.waitFor(
      new RegExp(`^› question ${index}\n\n✗ .*${status}.*${message}\n {2}.*${next}`, "mu"),
    );
    await screen.waitForRows(IDLE);
    assert.equal(server.requests.length, index + 1);
  }
  assertTold(screen, place, {
    rows: IDLE,
    scrollback: /^› question 0\n[^]*^› question 3\n/mu,
    log: cases.map((_, index) => `user: question ${index}`),
  });
  assert.doesNotMatch(screen.text(), /↻|retr(?:y|ied)|^ +at |\.[cm]?[jt]s:\d/mu);
});

test("Esc stops a silent model at once, and queued messages come back", { skip }, async (t) => {
  const server = await startModelServer(t, [
    { stream: [CREATED, textDelta("half an"), HANG] },
    respond(assistantMessage("second answer")),
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor("half an");
  screen.send("queued words");
  await screen.waitFor("queued: queued words");
  const pressed = performance.now();
  screen.type(KEY.escape);
  await screen.waitFor("Interrupted");
  assert.ok(performance.now() - pressed < 2000);
  await screen.waitFor("› queued words");
  screen.type(KEY.enter);
  await screen.waitFor("second answer");
  await screen.waitForRows(IDLE);
  assertTold(screen, place, {
    rows: IDLE,
    scrollback: /^› go\n\nhalf an\n\n✗ Interrupted\n\n› queued words\n\nsecond answer\n/mu,
    log: ["user: go", "assistant: half an", "user: queued words", "assistant: second answer"],
  });
});

test(
  "Ctrl-C ends a running command with its children, and says how far it was",
  { skip: firstReason(skip, needsSandbox) },
  async (t) => {
    const script = "echo one; echo two; sleep 300 & wait";
    const server = await startModelServer(t, [
      respond(functionCall("shell", { command: ["bash", "-c", script], timeout_ms: 600_000 })),
      respond(assistantMessage("second answer")),
    ]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor(/… \$ echo one/u);
    await screen.waitFor(/^ {2}two$/mu);
    screen.type("typed");
    await screen.waitFor("› typed");
    screen.type(KEY.control("c"));
    await screen.waitFor(/✗ \$ echo one.*stopped after .*, it had printed 2\s+lines/u);
    await screen.waitFor("Interrupted");
    await screen.waitForRows(/^› typed\n(?!.*esc to interrupt).* · net off/mu);
    assertTold(screen, place, {
      rows: /^› typed\n/mu,
      scrollback: /^› go\n\n✗ \$ echo one[^]*^✗ Interrupted\n/mu,
      log: ["user: go", /^call: shell .*echo one/u, /^output: .*aborted/u],
    });
  },
);

test(
  "a message sent while a tool runs reaches the model with the tool's result",
  { skip: firstReason(skip, needsSandbox) },
  async (t) => {
    const server = await startModelServer(t, [
      respond(functionCall("shell", { command: ["bash", "-c", "echo started; sleep 1"] })),
      respond(assistantMessage("both seen")),
    ]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("started");
    screen.send("and this");
    await screen.waitFor("both seen");
    assert.equal(server.requests.length, 2);
    assert.match(JSON.stringify(server.requests[1]?.body), /and this/u);
    await screen.waitForRows(IDLE);
    assertTold(screen, place, {
      rows: IDLE,
      scrollback: /✓ \$ echo started[^]*^› and this\n\nboth seen\n/mu,
      log: [
        "user: go",
        /^call: shell .*started/u,
        /^output: .*started/u,
        "user: and this",
        "assistant: both seen",
      ],
    });
  },
);
