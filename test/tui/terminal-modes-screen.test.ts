/** What of the terminal is switched on, asked and put back; its last column and its size. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { test } from "node:test";
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

const skip = firstReason(needsBinary, needsLoopback);

/** Everything that makes a terminal answer: attributes, cursor, colours, modes, keyboard, size. */
const QUERIES = [
  String.raw`\[[>=]?\d*c`,
  String.raw`\[\??[56]n`,
  String.raw`\]1[01];\?`,
  String.raw`\]4;\d+;\?`,
  String.raw`\[\?\d+\$p`,
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
  "nothing is asked of the terminal or of a program, and little is switched on",
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
    for (const pattern of [...QUERIES, ...UNWANTED]) {
      assert.doesNotMatch(screen.raw, sequence(pattern));
    }
    assert.equal(existsSync(asked), false);
    for (const on of ["[?2004h", "[>1u"]) assert.equal(screen.raw.split(ESC + on).length, 2, on);
    assert.ok(!screen.raw.includes(`${ESC}[>4;2m`), "modified keys are for tmux");
    // A frame is shown as a whole by terminals that can.
    assert.match(screen.raw, sequence(String.raw`\[\?2026h[^]*\[\?2026l`));
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
