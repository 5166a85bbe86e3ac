/** Each key in each state: while nothing runs, while a turn runs, while something is asked. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  CREATED,
  functionCall,
  HANG,
  needsLoopback,
  respond,
  startModelServer,
} from "../support/model-server.ts";
import { firstReason, needsSandbox } from "../support/skip-reasons.ts";
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

const ALT_ENTER = `${ESC}\r`;
const SHIFT_ENTER = `${ESC}[13;2u`;
const ESCAPE = `${ESC}[27u`;
/** What a shell gets: bracketed paste off, and the keyboard as it was. */
const RESTORED = `${ESC}[?2004l${ESC}[<u`;

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+M8AAAQDAQFhb5IbAAAAAElFTkSuQmCC",
  "base64",
);

/** What edits a line, as keys and the draft after them; `|` is where the cursor is. */
const EDITS: readonly (readonly [string, string])[] = [
  ["one two 日本", "one two 日本|"],
  [KEY.control("a"), "|one two 日本"],
  [KEY.control("f"), "o|ne two 日本"],
  [`${ESC}f`, "one| two 日本"],
  [`${ESC}d`, "one| 日本"],
  [KEY.control("e"), "one 日本|"],
  [KEY.control("b"), "one 日|本"],
  [`${ESC}b`, "one |日本"],
  [KEY.control("k"), "one |"],
  [KEY.control("y"), "one 日本|"],
  [KEY.control("w"), "one |"],
  [`${ESC}[1;5D`, "|one "],
  [`${ESC}[1;5C`, "one| "],
  [KEY.control("d"), "one|"],
  [KEY.control("u"), "|"],
  [KEY.control("y"), "one|"],
];

/** Where the draft and its cursor are, in the way `EDITS` says it. */
function draftOf(screen: TerminalScreen): string {
  const { row, column } = screen.cursor;
  const line = screen.rows()[row] ?? "";
  if (/^› (?:Ask for|Type to)/u.test(line)) return "|";
  // A wide letter takes two columns and is one letter.
  let at = 0;
  for (let columns = 0; columns < column && at < line.length; at += 1) {
    columns += /[日本]/u.test(line[at] ?? "") ? 2 : 1;
  }
  return `${line
    .slice(2)
    .padEnd(at - 2)
    .slice(0, at - 2)}|${line.slice(at)}`;
}

async function edit(screen: TerminalScreen): Promise<void> {
  for (const [keys, expected] of EDITS) {
    screen.type(keys);
    await screen.waitUntil(() => draftOf(screen).trimEnd() === expected.trimEnd(), expected);
  }
  screen.type(KEY.control("u"));
  await screen.waitUntil(() => draftOf(screen) === "|", "an empty draft");
}

function makeEditor({ codexHome }: Place): string {
  const editor = join(codexHome, "editor.sh");
  writeFileSync(editor, '#!/bin/sh\nprintf "%s, edited\\n" "$(cat "$1")" > "$1"\n', {
    mode: 0o755,
  });
  return editor;
}

test("idle: keys edit the draft, and only the ones for it quit", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("unused"))]);
  const screen = new TerminalScreen(t, { place: makePlace(t, server) });
  await screen.waitFor("Ask for something");
  await edit(screen);
  screen.type(KEY.enter);
  screen.type("a");
  screen.type(KEY.control("j"));
  screen.type(`b${ALT_ENTER}c`);
  await screen.waitFor(/^› a\n {2}b\n {2}c$/mu);
  screen.type(`${KEY.control("d")}${KEY.control("a")}${KEY.control("d")}d`);
  await screen.waitFor(/^› a\n {2}b\n {2}d$/mu);
  screen.type(KEY.control("l"));
  screen.type("!");
  await screen.waitFor(/^› a\n {2}b\n {2}d!$/mu);
  assert.equal(screen.text().split("Codex 0.").length, 2);
  assert.doesNotMatch(screen.raw, sequence(String.raw`\[[23]J`));
  screen.type(KEY.control("c"));
  await screen.waitFor("Ask for something");
  screen.type(KEY.control("c"));
  await screen.waitFor("Press Ctrl-C again to quit");
  screen.type(`x${KEY.backspace}${KEY.control("c")}`);
  await screen.waitFor("Press Ctrl-C again to quit");
  const hintedAt = performance.now();
  await screen.waitUntil(() => !screen.text().includes("Press Ctrl-C again"), "the hint to go");
  assert.ok(performance.now() - hintedAt > 1500);
  screen.type(KEY.control("c"));
  await screen.waitFor("Press Ctrl-C again to quit");
  screen.type(KEY.control("c"));
  assert.equal(await screen.exitCode(), 0);
  assert.equal(server.requests.length, 0);
});

test(
  "a turn runs: keys edit the draft as before, Enter queues, nothing quits",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [
      { stream: [CREATED, HANG] },
      respond(assistantMessage("the second answer")),
    ]);
    const place = makePlace(t, server);
    writeFileSync(join(place.workspace, "engine.ts"), "");
    writeFileSync(join(place.workspace, "one.png"), PNG);
    const screen = new TerminalScreen(t, {
      place,
      rows: 30,
      columns: 110,
      env: { EDITOR: makeEditor(place) },
    });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("esc to interrupt");
    await screen.waitFor("Type to queue a message");
    await edit(screen);
    screen.type(KEY.control("d"));
    screen.type(KEY.up);
    await screen.waitUntil(() => draftOf(screen) === "go|", "the history");
    screen.type(KEY.down);
    await screen.waitUntil(() => draftOf(screen) === "|", "the draft");
    screen.type(KEY.control("r"));
    await screen.waitFor("history search:");
    screen.type("g");
    await screen.waitUntil(() => screen.text().split("› go").length === 3, "what was found");
    screen.type(ESCAPE);
    await screen.waitUntil(() => !screen.text().includes("history search"), "its end");
    screen.type("see @engi");
    await screen.waitFor(/^▸ engine\.ts/mu);
    screen.type(KEY.tab);
    await screen.waitUntil(() => draftOf(screen) === "see engine.ts |", "the name of the file");
    screen.type(KEY.control("g"));
    await screen.waitUntil(
      () => draftOf(screen) === "see engine.ts , edited|",
      "the editor's words",
    );
    screen.type(KEY.control("j"));
    screen.type("more");
    await screen.waitFor("  more");
    screen.type(KEY.enter);
    await screen.waitFor("queued: see engine.ts , edited more");
    await screen.waitFor("1 queued");
    screen.type(KEY.paste("one.png"));
    await screen.waitFor("[Image one.png]");
    screen.send("what is it?");
    await screen.waitFor("2 queued");
    await screen.waitFor("queued: [Image one.png] what is it?");
    screen.type("/st");
    await screen.waitFor("Show model, rules");
    screen.type(KEY.tab);
    await screen.waitUntil(() => draftOf(screen).startsWith("/status"), "the command");
    screen.type(KEY.control("u"));
    screen.type(KEY.control("l"));
    screen.type(KEY.control("z"));
    await screen.waitUntil(() => screen.raw.includes(RESTORED), "the terminal to be put back");
    screen.type("draft");
    await screen.waitUntil(() => draftOf(screen) === "draft|", "a draft after it");
    assert.match(screen.text(), /esc to interrupt/u);
    assert.equal(server.requests.length, 1);
    screen.type(KEY.control("c"));
    await screen.waitFor("✗ Interrupted");
    await screen.waitFor(
      /^› see engine\.ts , edited\n {2}more\n {2}\[Image one\.png\]what is it\?\n {2}draft$/mu,
    );
    screen.type(KEY.enter);
    await screen.waitFor("the second answer");
    const body = JSON.stringify(server.requests[1]?.body);
    assert.match(body, /see engine\.ts , edited\\nmore\\nwhat is it\?\\ndraft/u);
    assert.ok(body.includes(PNG.toString("base64")));
  },
);

const ESCALATED = functionCall("shell", {
  command: ["touch", "made"],
  with_escalated_permissions: true,
  justification: "it is needed",
});

test("a question is open: only its own keys decide, others do nothing", { skip }, async (t) => {
  const server = await startModelServer(t, [
    respond(ESCALATED),
    respond(assistantMessage("understood")),
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place, rows: 40 });
  const isOpen = () => screen.text().includes("Leave the sandbox: run this command?");
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor("Keys go to the draft");
  screen.type(KEY.control("z"));
  await screen.waitFor("Answer first, then Ctrl-Z");
  screen.type("kept");
  await screen.waitFor("› kept");
  await screen.waitFor("Press a key of the list");
  await screen.waitFor(/^▸ n /mu);
  for (const key of [
    KEY.control("j"),
    ALT_ENTER,
    SHIFT_ENTER,
    KEY.control("r"),
    KEY.control("d"),
    KEY.control("g"),
    KEY.paste("y"),
    "yy",
  ]) {
    screen.type(key);
  }
  screen.type(KEY.control("z"));
  await screen.waitFor("Answer first, then Ctrl-Z");
  assert.match(screen.text(), /^▸ n /mu);
  assert.ok(isOpen());
  assert.ok(!screen.raw.includes(RESTORED));
  screen.type(KEY.tab);
  await screen.waitFor(/^▸ esc/mu);
  screen.type(KEY.down);
  await screen.waitFor(/^▸ y /mu);
  screen.type(KEY.up);
  await screen.waitFor(/^▸ esc/mu);
  screen.type(KEY.up);
  await screen.waitFor(/^▸ n /mu);
  for (const key of ["t", "o"]) {
    screen.type(KEY.control(key));
    await screen.waitFor("q leaves");
    if (key === "o") assert.match(screen.rows().join("\n"), /\$ touch made/u);
    screen.type("q");
    await screen.waitUntil(isOpen, "the question again");
  }
  screen.type(KEY.control("l"));
  await screen.waitUntil(isOpen, "the question again");
  screen.type(KEY.enter);
  await screen.waitFor("What should the model do instead?");
  await edit(screen);
  screen.type("use mktemp");
  screen.type(KEY.control("j"));
  screen.type(ALT_ENTER);
  screen.type(KEY.control("z"));
  await screen.waitFor("Answer first, then Ctrl-Z");
  await screen.waitFor("› use mktemp");
  screen.type(KEY.enter);
  await screen.waitFor("understood");
  assert.equal(existsSync(join(place.workspace, "made")), false);
  assert.ok(sessionLog(place).includes("user: use mktemp"));
  await screen.waitFor(/^› kept$/mu);
});

test(
  "a menu is open: arrows and Tab move, Enter chooses, others do nothing",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("unused"))]);
    const place = makePlace(t, server, "", false);
    const screen = new TerminalScreen(t, { place, columns: 110 });
    await screen.waitFor(/^▸ 1\. Trust it/mu);
    const others = [KEY.control("j"), ALT_ENTER, SHIFT_ENTER, KEY.control("d"), KEY.control("l")];
    for (const key of others) screen.type(key);
    screen.type(KEY.control("z"));
    await screen.waitFor("Answer first, then Ctrl-Z");
    screen.type(KEY.tab);
    await screen.waitFor(/^▸ 2\. /mu);
    screen.type(KEY.up);
    await screen.waitFor(/^▸ 1\. /mu);
    screen.type(KEY.enter);
    await screen.waitFor("Ask for something");
    screen.send("/approvals");
    await screen.waitFor(/^▸ 3\. Work here/mu);
    for (const key of [...others, KEY.control("g"), KEY.control("r")]) screen.type(key);
    screen.type(KEY.control("z"));
    await screen.waitFor("Answer first, then Ctrl-Z");
    assert.match(screen.text(), /^▸ 3\. Work here/mu);
    assert.ok(!screen.raw.includes(RESTORED));
    screen.type(KEY.down);
    await screen.waitFor(/^▸ 4\. /mu);
    screen.type(KEY.enter);
    await screen.waitFor("NO SANDBOX · net on");
  },
);

test(
  "Ctrl-O shows more of what a command prints, and less again",
  { skip: firstReason(skip, needsSandbox) },
  async (t) => {
    const script = "seq -f 'number %g' 1 12; sleep 300";
    const server = await startModelServer(t, [
      respond(functionCall("shell", { command: ["bash", "-c", script] })),
      respond(assistantMessage("unused")),
    ]);
    const screen = new TerminalScreen(t, { place: makePlace(t, server), rows: 40 });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor(/\+7 lines above\n {2}number 8\n/u);
    screen.type(KEY.control("o"));
    await screen.waitFor(/^ {2}number 1\n {2}number 2\n/mu);
    screen.type(KEY.control("o"));
    await screen.waitUntil(() => !/^ {2}number 1$/mu.test(screen.text()), "fewer lines");
    screen.type(ESCAPE);
    await screen.waitFor("Interrupted");
  },
);
