/** Terminals that take what is written slowly, or for a while not at all. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  COMPLETED,
  CREATED,
  HANG,
  needsLoopback,
  respond,
  startModelServer,
  textDelta,
} from "../support/model-server.ts";
import { firstReason } from "../support/skip-reasons.ts";
import {
  ESC,
  KEY,
  makePlace,
  sequence,
  sessionRecords,
  TerminalScreen,
} from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);

/** More than what the kernel and this process keep of what was written and not yet read. */
const BUFFERED_BYTES = 160_000;

/** Numbered paragraphs, and what of them a text shows. */
function paragraphs(count: number, words: string): readonly string[] {
  return Array.from({ length: count }, (_, index) => `paragraph number ${index}: ${words}\n\n`);
}

function numbersIn(text: string): readonly number[] {
  return [...text.matchAll(/paragraph number (\d+):/gu)].map((match) => Number(match[1]));
}

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

test(
  "Esc stops the model at once, also when the terminal takes nothing any more",
  { skip },
  async (t) => {
    const texts = paragraphs(2000, "words that fill a line of the terminal. ".repeat(5));
    assert.ok(texts.join("").length > 2 * BUFFERED_BYTES);
    const server = await startModelServer(t, [
      { stream: [CREATED, ...texts.map((text) => textDelta(text)), HANG] },
      respond(assistantMessage("the second answer")),
    ]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place, columns: 100, rows: 30 });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("paragraph number 3:");
    screen.stopReading();
    // As long as a glance at another window.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const shown = screen.text();
    let isClosed = false;
    void server.requests[0]?.closed.then(() => (isClosed = true));
    screen.type(KEY.escape);
    await screen.waitUntil(() => isClosed, "the end of the request", 3000);
    assert.equal(screen.text(), shown, "nothing was read");
    screen.readOn();
    await screen.waitFor("✗ Interrupted");
    // What has come until then is there once, and in order.
    const numbers = numbersIn(screen.text());
    assert.deepEqual(numbers, upTo(numbers.length));
    screen.send("on");
    await screen.waitFor("the second answer");
    assert.equal(server.requests.length, 2);
    assert.match(JSON.stringify(sessionRecords(place)), /paragraph number 3:/u);
  },
);

test(
  "on a slow line no frame waits behind another, and all text arrives once",
  { skip },
  async (t) => {
    const texts = paragraphs(800, "words that fill a line of the terminal. ".repeat(8));
    const text = texts.join("");
    assert.ok(text.length > BUFFERED_BYTES);
    const server = await startModelServer(t, [
      {
        stream: [
          CREATED,
          ...texts.flatMap((part) => [textDelta(part), 3]),
          assistantMessage(text),
          COMPLETED,
        ],
      },
    ]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place, columns: 100, rows: 30 });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("paragraph number 1:");
    screen.readSlowly(2048);
    // The stream is over for the program, while the terminal is still at its beginning.
    await screen.waitUntil(
      () => JSON.stringify(sessionRecords(place)).includes("paragraph number 799:"),
      "the whole answer in the session file",
    );
    const read = numbersIn(screen.text()).length;
    assert.ok(read < 600, `${read} paragraphs were read, so the line was not slow`);
    screen.type("typed on a slow line");
    const slowBytes = screen.raw.length;
    screen.readOn();
    await screen.waitFor("› typed on a slow line");
    await screen.waitUntil(() => !screen.text().includes("esc to interrupt"), "the end");
    assert.deepEqual(numbersIn(screen.text()), upTo(800));
    assert.ok(screen.raw.length < 3 * text.length, `${screen.raw.length} bytes were written`);
    // Thirty frames a second would be there by the hundred.
    const late = screen.raw.slice(slowBytes + BUFFERED_BYTES).split(`${ESC}[?2026h`).length - 1;
    assert.ok(late < 20, `${late} frames were written at the end`);
    assert.doesNotMatch(screen.raw, sequence(String.raw`\[[23]J`));
    screen.type(KEY.control("c"));
    screen.type(KEY.control("d"));
    assert.equal(await screen.exitCode(), 0);
    assert.match(screen.text(), /codex resume [0-9a-f-]{36}\s*$/u, "the end is not lost");
  },
);

test("a terminal that stands still does not keep the program from ending", { skip }, async (t) => {
  const texts = paragraphs(2000, "words that fill a line of the terminal. ".repeat(5));
  const server = await startModelServer(t, [
    { stream: [CREATED, ...texts.map((text) => textDelta(text)), HANG] },
  ]);
  const screen = new TerminalScreen(t, { place: makePlace(t, server), columns: 100, rows: 30 });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor("paragraph number 3:");
  screen.stopReading();
  let isClosed = false;
  void server.requests[0]?.closed.then(() => (isClosed = true));
  process.kill(screen.pid, "SIGTERM");
  await screen.waitUntil(() => isClosed, "the end of the request", 3000);
  assert.equal(await screen.exitCode(), 143);
});
