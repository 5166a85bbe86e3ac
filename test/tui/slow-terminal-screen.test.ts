/** Terminals that take what is written slowly, or for a while not at all. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  COMPLETED,
  CREATED,
  functionCall,
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
  sessionLog,
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
    await screen.waitFor("paragraph number 799:");
    await screen.waitForRows(/^› typed on a slow line\n(?!.*esc to interrupt).* · net off/mu);
    assert.match(screen.raw, /the rest of the text is on its way/u);
    assert.doesNotMatch(screen.text(), /on its way/u);
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

for (const how of ["Ctrl-C", "SIGTERM"] as const) {
  test(`in lines ${how} is heard while the terminal takes nothing`, { skip }, async (t) => {
    const texts = paragraphs(2000, "words that fill a line of the terminal. ".repeat(5));
    const server = await startModelServer(t, [
      { stream: [CREATED, ...texts.map((text) => textDelta(text)), HANG] },
      respond(assistantMessage("the second answer")),
    ]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place, columns: 100, rows: 30, env: { TERM: "dumb" } });
    await screen.waitFor(/^> $/mu);
    screen.type("go\n");
    await screen.waitFor("paragraph number 3:");
    screen.stopReading();
    // Until the kernel takes no more.
    await new Promise((resolve) => setTimeout(resolve, 500));
    let isClosed = false;
    void server.requests[0]?.closed.then(() => (isClosed = true));
    if (how === "Ctrl-C") screen.type(KEY.control("c"));
    else process.kill(screen.pid, "SIGTERM");
    await screen.waitUntil(() => isClosed, "the end of the request", 3000);
    screen.readOn();
    if (how === "SIGTERM") {
      assert.equal(await screen.exitCode(), 143);
      assert.match(screen.text(), /codex resume [0-9a-f-]{36}\s*$/u, "the end is not lost");
      return;
    }
    await screen.waitFor("✗ Interrupted");
    screen.type("on\n");
    await screen.waitFor(/^the second answer$/mu);
    // The kernel throws away what was on its way to the terminal; nothing is there twice.
    const numbers = numbersIn(screen.text());
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].toSorted((one, other) => one - other),
    );
    const known = numbersIn(sessionLog(place)[1] ?? "");
    assert.deepEqual(known, upTo(known.length));
    assert.deepEqual(sessionLog(place).slice(2), ["user: on", "assistant: the second answer"]);
  });
}

/** On the screen itself: all of a long scrollback is slow to read. */
function shows(screen: TerminalScreen, text: string): Promise<void> {
  return screen.waitUntil(() => screen.rows().join("\n").includes(text), text, 30_000);
}

/** How much memory it has taken at most, and what it has read of files and sockets. */
function costsOf(pid: number): { readonly peakMb: number; readonly readMb: number } {
  const numberOf = (file: string, name: string): number =>
    Number(
      new RegExp(`^${name}:\\s+(\\d+)`, "mu").exec(
        readFileSync(`/proc/${pid}/${file}`, "latin1"),
      )?.[1],
    );
  return { peakMb: numberOf("status", "VmHWM") / 1024, readMb: numberOf("io", "rchar") / 1e6 };
}

test(
  "a model that is far ahead of the terminal has to wait, and costs no memory",
  { skip: firstReason(skip, process.platform === "linux" ? false : "reads /proc") },
  async (t) => {
    const texts = paragraphs(100_000, "words that **fill** a line of the terminal. ".repeat(9));
    const server = await startModelServer(t, [
      { stream: [CREATED, ...texts.map((text) => textDelta(text)), HANG] },
      respond(assistantMessage("the next")),
    ]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place, columns: 100, rows: 30 });
    await screen.waitFor("Ask for something");
    const first = costsOf(screen.pid); // nothing of the answer has been read
    screen.send("go");
    await screen.waitFor("paragraph number 3:");
    screen.stopReading();
    let read = first.readMb;
    let since = performance.now();
    const isHeld = (): boolean => {
      const { readMb } = costsOf(screen.pid);
      if (readMb > read) since = performance.now();
      read = readMb;
      return performance.now() - since > 1500;
    };
    await screen.waitUntil(isHeld, "the model being held", 60_000);
    const readMb = read - first.readMb;
    assert.ok(readMb > 2 && readMb < 12, `${readMb} MB of 42 were read`);
    const { peakMb } = costsOf(screen.pid);
    assert.ok(peakMb < 200, `${peakMb} MB of memory`);
    // It is let go when there is room again, and waits again.
    screen.readOn();
    await screen.waitUntil(() => costsOf(screen.pid).readMb > read + 1, "more of the answer");
    let isClosed = false;
    void server.requests[0]?.closed.then(() => (isClosed = true));
    screen.stopReading();
    await screen.waitUntil(isHeld, "the model being held again", 60_000);
    screen.type(KEY.escape);
    await screen.waitUntil(() => isClosed, "the end of the request", 3000);
    screen.readOn();
    await shows(screen, "✗ Interrupted");
    assert.ok(costsOf(screen.pid).peakMb < 200, `${costsOf(screen.pid).peakMb} MB of memory`);
    // What has come is in the scrollback, of which there is an end, and in the session.
    const known = numbersIn(sessionLog(place).at(-1) ?? "");
    assert.deepEqual(known, upTo(known.length));
    const shown = numbersIn(screen.text());
    assert.ok(shown.length > 3000, `${shown.length} paragraphs are in the scrollback`);
    assert.deepEqual(shown, known.slice(-shown.length));
    const written = new Set(numbersIn(screen.raw));
    assert.deepEqual([...written], known);
    screen.send("on");
    await shows(screen, "the next");
    assert.equal(server.requests.length, 2);
  },
);

test(
  "a question is not behind the text before it, and no key answers it unseen",
  { skip },
  async (t) => {
    const texts = paragraphs(3000, "words that fill a line of the terminal. ".repeat(9));
    const justification = "it is needed";
    const args = { command: ["touch", "made"], with_escalated_permissions: true, justification };
    const server = await startModelServer(t, [
      {
        stream: [
          CREATED,
          ...texts.map((text) => textDelta(text)),
          assistantMessage(texts.join("")),
          functionCall("shell", args),
          COMPLETED,
        ],
      },
      respond(assistantMessage("understood")),
    ]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place, columns: 100, rows: 30 });
    const made = join(place.workspace, "made");
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("paragraph number 3:");
    screen.stopReading();
    // All of the answer is there, so the question is open behind a terminal that takes nothing.
    await screen.waitUntil(
      () => JSON.stringify(sessionRecords(place)).includes("touch"),
      "the call in the session file",
    );
    await new Promise((resolve) => setTimeout(resolve, 1000));
    screen.type("y");
    screen.readSlowly(100_000);
    await shows(screen, "Leave the sandbox: run this command?");
    await shows(screen, "… more text before this");
    const behind = numbersIn(screen.text()).length;
    assert.ok(behind < 1500, `${behind} paragraphs were before the question`);
    await shows(screen, "› y");
    assert.equal(existsSync(made), false);
    await shows(screen, "Press a key of the list");
    screen.type("y");
    await screen.waitUntil(() => existsSync(made), "the command");
    assert.ok(numbersIn(screen.text()).length < 2500, "there is text to come");
    screen.readOn();
    await shows(screen, "understood");
    assert.deepEqual(numbersIn(screen.text()), upTo(3000));
    assert.match(
      screen.text(),
      /paragraph number 2999:[^]*You approved, this once: \$ touch made/u,
    );
    assert.match(sessionLog(place).at(-2) ?? "", /^output: /u);
  },
);
