/** What may be in a draft: pictures, commands, pastes that nobody marked, characters that are none. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
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
  ESC,
  KEY,
  makePlace,
  type Place,
  sequence,
  sessionLog,
  TerminalScreen,
} from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);

/** The smallest picture there is: one point. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+M8AAAQDAQFhb5IbAAAAAElFTkSuQmCC",
  "base64",
);
const PNG_URL = `data:image/png;base64,${PNG.toString("base64")}`;

/** As kitty sends it: behind a lone ESC byte a letter would be one with Alt. */
const ESCAPE = `${ESC}[27u`;

const isIdle = (screen: TerminalScreen) => (): boolean =>
  !screen.text().includes("esc to interrupt");

async function cleared(screen: TerminalScreen): Promise<void> {
  screen.type(KEY.control("u"));
  await screen.waitFor("Ask for something");
}

test(
  "a command beside a picture is run, and the picture goes with the message after it",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("seen"))]);
    const place = makePlace(t, server);
    mkdirSync(join(place.workspace, "my pictures"));
    writeFileSync(join(place.workspace, "my pictures", "one.png"), PNG);
    writeFileSync(join(place.codexHome, "two.png"), PNG);
    const editor = join(place.codexHome, "editor.sh");
    writeFileSync(editor, '#!/bin/sh\necho edited > "$1"\n', { mode: 0o755 });
    const screen = new TerminalScreen(t, { place, columns: 110, env: { EDITOR: editor } });
    await screen.waitFor("Ask for something");
    // Dropped files are typed by the terminal in one of these forms.
    screen.type(KEY.paste("my\\ pictures/one.png "));
    await screen.waitFor("› [Image one.png]");
    screen.type(KEY.paste("~/two.png"));
    await screen.waitFor("› [Image one.png][Image two.png]");
    screen.type(KEY.backspace);
    await screen.waitUntil(() => !screen.text().includes("two.png"), "one picture to go");
    screen.type("/mod");
    await screen.waitFor("/model [NAME [EFFORT]]");
    screen.type(KEY.tab);
    await screen.waitFor("› [Image one.png]/model");
    screen.type(KEY.paste("o3 high"));
    screen.type(KEY.enter);
    await screen.waitFor("Model: o3 high");
    await screen.waitFor(/^› \[Image one\.png\]$/mu);
    screen.type("/stat");
    await screen.waitFor("Show model, rules");
    screen.type(KEY.enter);
    await screen.waitFor(/^ *context +unknown/mu);
    await screen.waitFor(/^› \[Image one\.png\]$/mu);
    assert.equal(server.requests.length, 0);
    // What Ctrl-C puts into the history comes back with its picture.
    screen.type(KEY.control("c"));
    await screen.waitFor("Ask for something");
    screen.type(KEY.up);
    await screen.waitFor(/^› \[Image one\.png\]$/mu);
    screen.type(KEY.control("g"));
    await screen.waitFor("› [Image one.png]edited");
    screen.send(", what is it?");
    await screen.waitFor(/^seen$/mu);
    const body = JSON.stringify(server.requests[0]?.body);
    assert.equal(body.split(PNG_URL).length, 2);
    assert.match(body, /edited, what is it\?/u);
    assert.doesNotMatch(body, /\/model|\/stat/u);
  },
);

test(
  "what begins like a command and is none is not sent, and its draft stays",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place });
    await screen.waitFor("Ask for something");
    for (const [draft, problem] of [
      ["/model2", "Unknown command /model2; did you mean /model?"],
      ["/frobnicate it", "Unknown command /frobnicate; with a blank before it, it is a message"],
      ["/diff is empty", "/diff takes no words; with a blank before it, it is a message"],
    ] as const) {
      screen.send(draft);
      await screen.waitFor(problem);
      assert.ok(screen.text().includes(`› ${draft}`));
      await cleared(screen);
    }
    screen.type("/perm");
    const approvals = /\/approvals +Choose what may happen unasked \(also \/permissions\)$/mu;
    await screen.waitFor(approvals);
    screen.type(KEY.control("u"));
    screen.type("/");
    await screen.waitFor("/model [NAME [EFFORT]]");
    await screen.waitFor(approvals);
    await screen.waitFor("/approvals");
    assert.match(screen.text(), /… \d+ more/u, "of all commands eight are shown");
    assert.equal([...screen.text().matchAll(/^(?:▸| ) \/[a-z]+/gmu)].length, 8);
    screen.type(ESCAPE);
    await screen.waitUntil(() => !screen.text().includes("/approvals"), "the menu to close");
    screen.type(KEY.enter);
    await screen.waitFor("Unknown command /");
    assert.equal(server.requests.length, 0);
    await cleared(screen);
    screen.send(" /tmp is full");
    await screen.waitFor(/^ok$/mu);
    assert.deepEqual(sessionLog(place), ["user: /tmp is full", "assistant: ok"]);
  },
);

test("a paste that nobody marked sends nothing, whatever is in it", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("Ask for something");
  screen.type("a\rb\rsecond line\r");
  await screen.waitFor(/^› a\n {2}b\n {2}second line\n/mu);
  screen.type("/quit, no\tcommand");
  await screen.waitFor(/^ {2}\/quit, no {4}command/mu);
  screen.type("x".repeat(1200));
  await screen.waitFor("[Pasted 1200 chars #1]");
  assert.equal(server.requests.length, 0);
  screen.type(KEY.control("o"));
  await screen.waitFor("xxxxxxxxxx");
  assert.doesNotMatch(screen.text(), /\[Pasted/u);
  screen.type(KEY.control("c"));
  await screen.waitFor("Ask for something");
  // Few enough to be typed.
  screen.type("go\r");
  await screen.waitFor(/^ok$/mu);
  assert.deepEqual(sessionLog(place), ["user: go", "assistant: ok"]);
});

/** Everything that a terminal, or a reader, can be driven with, and how it is seen. */
const HOSTILE = `a${ESC}]0;title\u0007b${ESC}[2Jc${ESC}Pdata${ESC}\\d\u009b31me\u0085f\u0000g\u007fh\u202ei\u200bj\u00adk\ufeffl`;
const CLEAN = "abcdefgh<U+202E>i<U+200B>j<U+00AD>k<U+FEFF>l";

/** None of it reaches the terminal as it is. */
function assertUndriven(screen: TerminalScreen): void {
  assert.doesNotMatch(screen.raw, sequence(String.raw`(?:\]0;|\[2J|P)`));
  assert.ok(!screen.raw.includes("\u0000"));
  assert.doesNotMatch(screen.raw, /[\u0080-\u009f\u202e\u200b\u00ad\ufeff]/u);
}

test(
  "characters that are none are taken out or shown, on the screen and in what is sent",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
    const place = makePlace(t, server);
    const editor = join(place.codexHome, "editor.sh");
    writeFileSync(join(place.codexHome, "hostile"), `edited ${HOSTILE}\n`);
    writeFileSync(editor, `#!/bin/sh\ncat ${place.codexHome}/hostile > "$1"\n`, { mode: 0o755 });
    const screen = new TerminalScreen(t, { place, env: { EDITOR: editor } });
    await screen.waitFor("Ask for something");
    screen.type(KEY.paste(HOSTILE));
    await screen.waitFor(`› ${CLEAN}`);
    screen.type(KEY.control("u"));
    await screen.waitFor("Ask for something");
    screen.type(KEY.control("y"));
    await screen.waitFor(`› ${CLEAN}`);
    screen.type(KEY.control("c"));
    await screen.waitFor("Ask for something");
    screen.type(KEY.up);
    await screen.waitFor(`› ${CLEAN}`);
    screen.type(KEY.control("r"));
    screen.type(KEY.paste(HOSTILE));
    await screen.waitFor(`history search: ${CLEAN}`);
    const column = "history search: ".length + CLEAN.length;
    await screen.waitUntil(() => screen.cursor.column === column, "the cursor in the search");
    screen.type(ESCAPE);
    await screen.waitUntil(() => !screen.text().includes("history search"), "the search to end");
    screen.type(KEY.control("g"));
    await screen.waitFor(`› edited ${CLEAN}`);
    screen.type(KEY.enter);
    await screen.waitFor(/^ok$/mu);
    assert.deepEqual(sessionLog(place), [`user: edited ${CLEAN}`, "assistant: ok"]);
    assert.ok(historyFile(place).includes(`edited ${CLEAN}`));
    assertUndriven(screen);
  },
);

function historyFile({ codexHome }: Place): string {
  return readFileSync(join(codexHome, "history.jsonl"), "utf8");
}

test(
  "the history is the user's own file, with what pastes hold, and without keys",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [
      respond(assistantMessage("answer 0")),
      respond(assistantMessage("answer 1")),
      respond(assistantMessage("answer 2")),
    ]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place, rows: 40 });
    const long = Array.from({ length: 30 }, (_, index) => `line ${index}`).join("\n");
    const secret = "use sk-abcdefghijklmnopqrstuvwx";
    await screen.waitFor("Ask for something");
    screen.type(KEY.paste(long));
    await screen.waitFor(`[Pasted ${long.length} chars #1]`);
    screen.send(" in full");
    await screen.waitFor(/^answer 0$/mu);
    await screen.waitUntil(isIdle(screen), "the end of the turn");
    screen.send(secret);
    await screen.waitFor(/^answer 1$/mu);
    await screen.waitUntil(isIdle(screen), "the end of the turn");
    const file = join(place.codexHome, "history.jsonl");
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const texts = historyFile(place)
      .split("\n")
      .slice(0, -1)
      .map((line): unknown => Reflect.get(Object(JSON.parse(line)), "text"));
    assert.deepEqual(texts, [`${long} in full`]);
    // For this session the key is still there, and the paste is one thing.
    screen.type(KEY.up);
    await screen.waitUntil(() => screen.text().split(`› ${secret}`).length === 3, "the newest");
    screen.type(KEY.up);
    await screen.waitFor(/› \[Pasted \d+ chars #1\] in full/u);
    screen.type(KEY.control("d"));
    screen.type(KEY.control("c"));
    await screen.waitFor("Ask for something");
    screen.type(KEY.control("d"));
    assert.equal(await screen.exitCode(), 0);
    const next = new TerminalScreen(t, { place, rows: 40 });
    await next.waitFor("Ask for something");
    next.type(KEY.up);
    await next.waitFor(`› [Pasted ${long.length + " in full".length} chars #1]`);
    next.type(KEY.enter);
    await next.waitFor(/^answer 2$/mu);
    assert.ok(JSON.stringify(server.requests[2]?.body).includes(`line 29 in full"`));
  },
);

test(
  "a draft grows to a third of the screen, then scrolls; Up and Down go through it first",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
    const screen = new TerminalScreen(t, { place: makePlace(t, server), rows: 24 });
    await screen.waitFor("Ask for something");
    assert.match(screen.raw, sequence(String.raw`\[2mAsk for something`), "dim");
    const draftRows = () => screen.rows().filter((row) => /^(?:›| ) row \d+$/u.test(row));
    const atCursor = () => screen.rows()[screen.cursor.row] ?? "";
    screen.type("first");
    await screen.waitFor("› first");
    assert.doesNotMatch(screen.text(), /Ask for something/u);
    screen.type(KEY.control("c"));
    await screen.waitFor("Ask for something");
    const rows = Array.from({ length: 20 }, (_, index) => `row ${index}`);
    screen.type(KEY.paste(rows.join("\n")));
    await screen.waitUntil(() => atCursor() === "  row 19", "the last row");
    assert.deepEqual(draftRows().length, 8);
    screen.type(KEY.up.repeat(8));
    await screen.waitUntil(() => atCursor() === "  row 11", "an earlier row");
    assert.equal(draftRows().length, 8);
    screen.type(KEY.up.repeat(8));
    await screen.waitUntil(() => atCursor() === "  row 3", "an earlier row");
    screen.type(KEY.up.repeat(4));
    await screen.waitUntil(() => atCursor() === "› first", "at its first row: the history");
    screen.type(KEY.down);
    await screen.waitUntil(() => atCursor() === "  row 19", "the draft again");
    screen.type(KEY.control("c"));
    await screen.waitFor("Ask for something");
    screen.type(KEY.up);
    await screen.waitUntil(() => atCursor() === "  row 19", "the same, from the history");
    screen.type(KEY.up);
    await screen.waitUntil(() => atCursor() === "  row 18", "a row of it");
  },
);
