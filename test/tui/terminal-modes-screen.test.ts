/** What of the terminal is switched on, asked and put back; its last column and its size. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import headless from "@xterm/headless";
import { codexBinary, needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  CREATED,
  HANG,
  needsLoopback,
  respond,
  startModelServer,
  textDelta,
} from "../support/model-server.ts";
import { firstReason } from "../support/skip-reasons.ts";
import {
  assertTold,
  ESC,
  IDLE,
  KEY,
  makePlace,
  sequence,
  sessionLog,
  TerminalScreen,
} from "../support/terminal-screen.ts";
import { until } from "../support/until.ts";

const skip = firstReason(needsBinary, needsLoopback);

/** What asks whether frames can be shown as a whole; their marks. */
const QUERY = `${ESC}[?2026$p`;
const FRAME = new RegExp(`${ESC}\\[\\?2026h[^]*?${ESC}\\[\\?2026l`, "u");

/** Everything else that makes a terminal answer: attributes, cursor, colours, modes, keyboard, size. */
const QUERIES = [
  String.raw`\[[>=]?\d*c`,
  String.raw`\[\??[56]n`,
  String.raw`\]1[01];\?`,
  String.raw`\]4;\d+;\?`,
  String.raw`\[\?(?!2026\$)\d+\$p`,
  String.raw`\[\?u`,
  String.raw`\[1[468]t`,
  String.raw`\[>q`,
  String.raw`P\+q`,
];

/** Mouse, alternate screen, clearing, colours of the background, colours beyond the palette. */
const UNWANTED = [
  String.raw`\[\?(?:9|1000|1001|1002|1003|1005|1006|1015|1016|1047|1049)h`,
  String.raw`\[[23]J`,
  String.raw`\[(?:\d+;)*4[0-8](?:;\d+)*m`,
  String.raw`\[(?:\d+;)*10[0-7](?:;\d+)*m`,
  String.raw`\[(?:\d+;)*38;[25](?:;\d+)*m`,
];

const LONG_WORD = "abcdefghij".repeat(30);
const ANSWER = `${LONG_WORD}\n\n${"words of a line ".repeat(30)}\n\n\`\`\`js\nconst a = "${LONG_WORD}";\n\`\`\`\n\n- ${LONG_WORD}`;

test(
  "one thing is asked of the terminal, nothing of a program, and little is switched on",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage(ANSWER))]);
    const place = makePlace(t, server);
    const bin = join(place.codexHome, "bin");
    const asked = join(place.codexHome, "asked");
    mkdirSync(bin);
    for (const name of ["stty", "tput", "tmux", "infocmp", "tty", "resize", "locale"]) {
      writeFileSync(join(bin, name), `#!/bin/sh\necho ${name} >> ${asked}\n`, { mode: 0o755 });
    }
    const env = { PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}`, COLORTERM: "truecolor" };
    const screen = new TerminalScreen(t, { place, env });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor(/^- abc/mu);
    await screen.waitForRows(IDLE);
    // The terminal's answer is read before this key, which has everything drawn anew.
    const { length } = screen.raw;
    screen.type(KEY.control("l"));
    assert.ok(await until(() => FRAME.test(screen.raw.slice(length)), 5_000), "a marked frame");
    await screen.waitForRows(IDLE);
    for (const pattern of [...QUERIES, ...UNWANTED]) {
      assert.doesNotMatch(screen.raw, sequence(pattern));
    }
    assert.equal(existsSync(asked), false);
    for (const on of ["[?2004h", "[>1u"]) assert.equal(screen.raw.split(ESC + on).length, 2, on);
    assert.ok(!screen.raw.includes(`${ESC}[>4;2m`), "modified keys are for tmux");
    // A frame is shown as a whole by terminals that can.
    const [before = "", after = "", ...more] = screen.raw.split(QUERY);
    assert.equal(more.length, 0, "asked once");
    assert.match(before, /Ask for something/u, "not before the first frame");
    assert.doesNotMatch(before, FRAME);
    assert.match(after, FRAME);
    const widest = Math.max(...screen.allRows().map((row) => row.length));
    assert.equal(widest, 79, "the last column stays free");
    assertTold(screen, place, {
      rows: IDLE,
      scrollback: /^› go\n\n(?:[a-j]{79}\n){3}[a-j]{63}\n\nwords of/mu,
      log: ["user: go", `assistant: ${ANSWER}`],
    });
  },
);

test(
  "at the end everything is put back, in order, and the cursor is on a fresh line",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("the answer"))]);
    const place = makePlace(t, server);
    // Inside of a shell the terminal can still be asked when the program is gone.
    const program = ["bash", "--norc", "-i"];
    const screen = new TerminalScreen(t, { place, program, env: { TMUX: "/x,1,0", PS1: "$" } });
    screen.type(`${codexBinary}\n`);
    await screen.waitFor("Ask for something");
    const { raw } = screen;
    assert.ok(raw.includes(`${ESC}[>4;2m`), "modified keys are asked for inside of tmux");
    screen.send("go");
    await screen.waitFor(/^the answer$/mu);
    await screen.waitForRows(IDLE);
    const from = screen.raw.length;
    screen.type(KEY.control("d"));
    await screen.waitFor(/To go on with this session: codex resume [0-9a-f-]{36}\n\$/u);
    const places = ["[?2004l", "[>4;0m", "[<u", "[?1004l", "[?25h"].map((off) =>
      screen.raw.indexOf(ESC + off, from),
    );
    assert.ok(places.every((at) => at > 0));
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
    );
    assert.doesNotMatch(screen.text(), /Ask for something|net off ·/u, "no live region stays");
    assert.deepEqual(sessionLog(place), ["user: go", "assistant: the answer"]);
  },
);

test("a new size is drawn within 50 ms, without what is printed", { skip }, async (t) => {
  const server = await startModelServer(t, [
    { stream: [CREATED, textDelta("printed\n\nopen words\nof it"), HANG] },
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place, columns: 100, rows: 30 });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor("open words");
  const times: number[] = [];
  for (const [columns, rows] of [
    [101, 31],
    [110, 32],
    [120, 30],
    [121, 29],
    [130, 31],
  ] as const) {
    const before = screen.raw.length;
    const since = performance.now();
    screen.resize(columns, rows);
    const isDrawn = (): boolean => screen.raw.slice(before).includes("open words");
    await screen.waitUntil(isDrawn, "the live region in its new size");
    times.push(performance.now() - since);
    assert.doesNotMatch(screen.raw.slice(before), /printed/u);
  }
  // The best of five: this machine may be busy.
  assert.ok(Math.min(...times) < 50, times.join(", "));
  screen.type(KEY.escape);
  await screen.waitForRows(IDLE);
  assertTold(screen, place, {
    rows: IDLE,
    scrollback: /^› go\n\nprinted\n\nopen words\nof it\n\n✗ Interrupted$/mu,
    log: ["user: go", "assistant: printed\n\nopen words\nof it"],
  });
  assert.equal(screen.text().split("open words").length, 2);
});

for (const answer of ["", "0", "4"]) {
  const what = answer === "" ? "does not answer" : `answers with ${answer}`;
  test(`a terminal that ${what} gets no marks around frames`, { skip }, async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("words\n\n".repeat(50)))]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place, answers: false });
    await screen.waitUntil(() => screen.raw.includes(QUERY), "the question");
    screen.type("dra");
    if (answer !== "") screen.type(`${ESC}[?2026;${answer}$y`);
    screen.type("ft");
    await screen.waitForRows(/^› draft$/mu);
    screen.type(KEY.enter);
    await screen.waitFor("words");
    await screen.waitForRows(IDLE);
    assert.doesNotMatch(screen.raw, FRAME);
    assert.equal(screen.raw.split(QUERY).length, 2);
    assert.deepEqual(sessionLog(place)[0], "user: draft");
  });
}

test("an answer that comes late and in pieces is none of the draft's", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("words\n\n".repeat(50)))]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place, answers: false });
  await screen.waitFor("Ask for something");
  await screen.waitUntil(() => screen.raw.includes(QUERY), "the question");
  screen.type("dra");
  await screen.waitForRows(/^› dra$/mu);
  // In one piece with keys, then cut.
  screen.type(`f${ESC}[?2026;0$yt`);
  await screen.waitForRows(/^› draft$/mu);
  screen.type(`${ESC}[?2026;2$`);
  screen.type("y");
  screen.type("!");
  await screen.waitForRows(/^› draft!$/mu);
  screen.type(KEY.enter);
  await screen.waitFor("words");
  await screen.waitForRows(IDLE);
  assert.match(screen.raw, FRAME);
  assert.deepEqual(sessionLog(place)[0], "user: draft!");
});

test("what a terminal prints of the question is erased at once", { skip }, async (t) => {
  const place = makePlace(
    t,
    undefined,
    'model_provider = "none"\n[model_providers.none]\nname = "none"\nbase_url = "http://127.0.0.1:1/v1"\n',
  );
  const screen = new TerminalScreen(t, { place, answers: false });
  await screen.waitUntil(() => screen.raw.includes(QUERY), "the question");
  await screen.waitForRows(IDLE);
  const ignorant = new headless.Terminal({ cols: 80, rows: 24, allowProposedApi: true });
  const printed = screen.raw.replace(QUERY, "$p");
  await new Promise<void>((resolve) => ignorant.write(printed, resolve));
  const { active } = ignorant.buffer;
  const rows = Array.from({ length: 24 }, (_, index) =>
    active.getLine(active.baseY + index)?.translateToString(true),
  );
  assert.deepEqual(rows, screen.rows());
  assert.doesNotMatch(rows.join(""), /\$p/u);
});

test(
  "in tmux, which does not answer everywhere, frames are marked unasked",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("words\n\n".repeat(50)))]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place, answers: false, env: { TMUX: "/x,1,0" } });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("words");
    await screen.waitForRows(IDLE);
    assert.match(screen.raw, FRAME);
    assert.ok(!screen.raw.includes(QUERY));
  },
);
