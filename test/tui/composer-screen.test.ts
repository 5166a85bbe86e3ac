/** Writing on a real screen: what a user sees of the draft, its menus and its history. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  needsLoopback,
  respond,
  startModelServer,
} from "../support/model-server.ts";
import { firstReason } from "../support/skip-reasons.ts";
import {
  assertTold,
  IDLE,
  KEY,
  makePlace,
  sessionLog,
  TerminalScreen,
} from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);

test(
  "a draft takes several lines, and the cursor stands where the next letter goes",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place });
    await screen.waitFor("Ask for something");
    screen.type(`one${KEY.control("j")}`);
    await screen.waitFor("› one");
    screen.type("日本");
    await screen.waitFor("  日本");
    await screen.waitUntil(() => screen.cursor.column === 6, "the cursor behind two wide letters");
    const row = screen.rows().findIndex((line) => line.includes("日本"));
    assert.equal(screen.cursor.row, row);
    screen.type(`${KEY.backspace}\\`);
    await screen.waitFor("日\\");
    screen.type(KEY.enter);
    screen.type("three");
    await screen.waitFor("  three");
    screen.type(KEY.paste("!"));
    screen.type(KEY.enter);
    await screen.waitFor("ok");
    assert.match(JSON.stringify(server.requests[0]?.body), /one\\n日\\nthree!/u);
    await screen.waitForRows(IDLE);
    assertTold(screen, place, {
      rows: IDLE,
      scrollback: /^› one\n {2}日\n {2}three!\n\nok\n/mu,
      log: ["user: one\n日\nthree!", "assistant: ok"],
    });
  },
);

test(
  "short pastes are text, long ones become one atom that is sent in full",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place });
    await screen.waitFor("Ask for something");
    screen.type(KEY.paste("a1\r\nb2\r\nc3"));
    await screen.waitFor("  c3");
    const long = Array.from({ length: 400 }, (_, index) => `line ${index}`).join("\n");
    screen.type(KEY.paste(long));
    await screen.waitFor(`[Pasted ${long.length} chars #1]`);
    screen.type(KEY.backspace);
    await screen.waitUntil(() => !screen.text().includes("[Pasted"), "the atom to go at once");
    screen.type(KEY.paste(long));
    await screen.waitFor("chars #2]");
    screen.type(KEY.enter);
    await screen.waitFor("ok");
    const body = JSON.stringify(server.requests[0]?.body);
    assert.match(body, /a1\\nb2\\nc3line 0\\nline 1\\n/u);
    assert.match(body, /line 399"/u);
    await screen.waitForRows(IDLE);
    assertTold(screen, place, {
      rows: IDLE,
      scrollback: /^› a1\n {2}b2\n {2}c3line 0\n {2}line 1\n[^]*^ {2}line 399\n\nok\n/mu,
      log: [`user: a1\nb2\nc3${long}`, "assistant: ok"],
    });
    // In the scrollback everything is there once, behind the draft that was sent.
    assert.equal(screen.text().split(/^ {2}line 399$/mu).length, 2);
    assert.doesNotMatch(screen.text(), /\[Pasted/u);
  },
);

test(
  "the slash menu filters, explains, and an unknown command goes nowhere",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place });
    await screen.waitFor("Ask for something");
    screen.type("/");
    await screen.waitFor("/approvals");
    screen.type("st");
    await screen.waitUntil(() => !screen.text().includes("/approvals"), "the list to get shorter");
    await screen.waitFor("/status");
    screen.type(KEY.enter);
    await screen.waitFor("context");
    await screen.waitFor("scripted");
    screen.type(KEY.paste("/stauts"));
    screen.type(KEY.enter);
    await screen.waitFor("Unknown command /stauts; did you mean /status?");
    assert.equal(server.requests.length, 0);
    // Of all that only the answer of the command is in the scrollback; the draft is still there.
    const rows = screen.rows();
    assert.match(rows[screen.cursor.row] ?? "", /^› \/stauts$/u);
    assert.equal(screen.text().split("/stauts").length, 3, "in the draft and in the hint");
    assert.equal(screen.text().split(/\bcontext\b/u).length, 2);
    assert.doesNotMatch(screen.text(), /\/approvals|Show model/u);
    screen.type(KEY.control("c"));
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor(/^ok$/mu);
    assert.deepEqual(sessionLog(place), ["user: go", "assistant: ok"]);
    assert.equal(server.requests.length, 1);
  },
);

test("an at sign finds files, without those that are ignored", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
  const place = makePlace(t, server);
  mkdirSync(join(place.workspace, "source", "node_modules"), { recursive: true });
  writeFileSync(join(place.workspace, ".gitignore"), "node_modules\n*.log\n");
  for (const name of [
    "source/engine.ts",
    "source/my engine.ts",
    "engine.log",
    "source/node_modules/engine.ts",
  ]) {
    writeFileSync(join(place.workspace, name), "");
  }
  // The repository's own list, and what is ignored from above, count in a folder of it too.
  mkdirSync(join(place.workspace, ".git", "info"));
  writeFileSync(join(place.workspace, ".git", "info", "exclude"), "/source/excluded-*\n");
  writeFileSync(join(place.workspace, "source", "excluded-engine.ts"), "");
  writeFileSync(join(place.workspace, "source", "engine.log"), "");
  writeFileSync(join(place.workspace, ".git", "engine"), "");
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("Ask for something");
  screen.type("@engi");
  await screen.waitFor("source/engine.ts");
  await screen.waitFor("source/my engine.ts");
  assert.doesNotMatch(screen.text(), /engine\.log|node_modules|excluded|\.git/u);
  screen.type(KEY.down);
  screen.type(KEY.tab);
  await screen.waitFor('› "source/my engine.ts"');
  assert.doesNotMatch(screen.text(), /› @|^▸/mu);
  screen.type(KEY.enter);
  await screen.waitFor(/^ok$/mu);
  await screen.waitForRows(IDLE);
  assertTold(screen, place, {
    rows: IDLE,
    scrollback: /^› "source\/my engine\.ts"\n\nok\n/mu,
    log: [/^user: "source\/my engine\.ts" ?$/u, "assistant: ok"],
  });
  const workspace = join(place.workspace, "source");
  const below = new TerminalScreen(t, { place: { ...place, workspace } });
  await below.waitFor("Ask for something");
  below.type("@engi");
  await below.waitFor("my engine.ts");
  await below.waitFor(/^▸ engine\.ts/mu);
  assert.doesNotMatch(below.text(), /engine\.log|node_modules|excluded/u);
  // What begins with the words comes before what only holds them.
  below.type(`${KEY.control("u")}@my`);
  await below.waitFor(/^▸ my engine\.ts/mu);
});

test(
  "Up brings earlier prompts back, of this session and of the one before",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("answered"))]);
    const place = makePlace(t, server);
    const first = new TerminalScreen(t, { place });
    await first.waitFor("Ask for something");
    first.send("from the first session");
    await first.waitFor("answered");
    first.type(KEY.control("d"));
    await first.exitCode();
    const screen = new TerminalScreen(t, { place });
    await screen.waitFor("Ask for something");
    screen.type("cleared");
    await screen.waitFor("› cleared");
    screen.type(KEY.control("c"));
    await screen.waitUntil(() => !screen.text().includes("› cleared"), "the draft to be cleared");
    screen.type(KEY.up);
    await screen.waitFor("› cleared");
    screen.type(KEY.up);
    await screen.waitFor("› from the first session");
    screen.type(KEY.down);
    await screen.waitFor("› cleared");
    screen.type(KEY.down);
    await screen.waitFor("Ask for something");
    screen.type(KEY.control("r"));
    await screen.waitFor("history search:");
    screen.type("first");
    await screen.waitFor("› from the first session");
    screen.type(KEY.escape);
    await screen.waitFor("Ask for something");
    screen.type(KEY.control("c"));
    await screen.waitFor("Press Ctrl-C again to quit");
    screen.type(KEY.control("c"));
    assert.equal(await screen.exitCode(), 0);
  },
);
