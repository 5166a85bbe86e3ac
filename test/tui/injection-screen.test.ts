/** Nothing from a model, a tool or a file drives the terminal; the words around it stay. */
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fixture, needsBinary, pinnedNode } from "../support/codex-binary.ts";
import {
  assistantMessage,
  COMPLETED,
  CREATED,
  functionCall,
  itemDone,
  needsLoopback,
  respond,
  startModelServer,
  textDelta,
} from "../support/model-server.ts";
import { firstReason, needsSandbox } from "../support/skip-reasons.ts";
import {
  ESC,
  KEY,
  makePlace,
  sessionLog,
  TerminalScreen,
  assertTold,
  IDLE,
} from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);

const BELL = "\u0007";
const ST = `${ESC}\\`;

/** What must not reach the terminal, each between two words. */
const ATTACKS: Readonly<Record<string, string>> = {
  title: `${ESC}]0;pwned${BELL}`,
  "title of the window": `${ESC}]2;pwned${ST}`,
  clipboard: `${ESC}]52;c;cHduZWQ=${BELL}`,
  hyperlink: `${ESC}]8;;file:///etc/passwd${ST}`,
  clear: `${ESC}[2J`,
  "clear scrollback": `${ESC}[3J`,
  "alternate screen": `${ESC}[?1049h`,
  mouse: `${ESC}[?1003h`,
  home: `${ESC}[H`,
  "cursor up": `${ESC}[99A`,
  device: `${ESC}P$qm${ST}`,
  application: `${ESC}_Gpwned${ST}`,
  privacy: `${ESC}^pwned${ST}`,
  start: `${ESC}Xpwned${ST}`,
  reset: `${ESC}c`,
  bell: BELL,
  backspace: "\b\b\b",
  "8-bit CSI": "\u009b2J",
  "8-bit OSC": "\u009d0;pwned\u009c",
  override: "\u202e",
  isolate: "\u2066",
  invisible: "\u200b",
  "unfinished OSC": `${ESC}]0;pwned`,
};

const LINES = Object.entries(ATTACKS).map(
  ([name, bytes], index) => `before${index} ${bytes} after${index} (${name})`,
);
const TEXT = LINES.join("\n\n");

/** Our own sequences, without those that text could have smuggled in. */
function assertClean(raw: string, mayShowContent = false): void {
  for (const forbidden of [
    "]0;",
    "]1;",
    "]2;",
    "]52;",
    "]8;",
    "[2J",
    "[3J",
    "[?1049h",
    "[?1003h",
    "[99A",
    "P$q",
    "_G",
    "^pwned",
    "Xpwned",
  ]) {
    assert.ok(!raw.includes(`${ESC}${forbidden}`), `ESC ${forbidden} reached the terminal`);
  }
  assert.ok(!raw.includes(`${ESC}c`), "a reset reached the terminal");
  for (const character of ["\u009b", "\u009d", "\u0090", "\u202e", "\u2066", "\u200b", "\b"]) {
    assert.ok(!raw.includes(character), `${JSON.stringify(character)} reached the terminal`);
  }
  assert.ok(!raw.includes(BELL), "a bell reached the terminal");
  // A question shows everything of a command, its hidden parts in writing.
  if (!mayShowContent)
    assert.ok(!raw.includes("pwned"), "the content of a sequence reached the terminal");
}

function assertWords(text: string, from: string): void {
  for (const [index] of LINES.entries()) {
    assert.ok(text.includes(`before${index}`), `before${index} of ${from} is there`);
    // What follows an unfinished sequence on its line belongs to that sequence.
    if (index < LINES.length - 1)
      assert.ok(text.includes(`after${index}`), `after${index} of ${from} is there`);
  }
}

test("model text, reasoning and plans cannot drive the terminal", { skip }, async (t) => {
  const middle = Math.floor(TEXT.length / 2);
  const server = await startModelServer(t, [
    {
      stream: [
        CREATED,
        itemDone({ type: "reasoning", id: "r", summary: [{ type: "summary_text", text: TEXT }] }),
        // Cut within a sequence, so that no part is seen whole.
        textDelta(TEXT.slice(0, middle)),
        textDelta(TEXT.slice(middle)),
        textDelta("\n\n"),
        assistantMessage(`${TEXT}\n\n`),
        functionCall("update_plan", {
          plan: [{ step: `step ${ATTACKS["title"]} shown`, status: "pending" }],
        }),
        COMPLETED,
      ],
    },
    respond(assistantMessage("finished")),
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place, columns: 100 });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor("finished");
  assertWords(screen.text(), "the model's text");
  assert.match(screen.text(), /<U\+202E>/u);
  assert.match(screen.text(), /step {1,2}shown/u);
  assertClean(screen.raw);
  // What the model gets again is what it has said.
  await screen.waitForRows(IDLE);
  assertTold(screen, place, {
    rows: IDLE,
    scrollback: /^› go\n[^]*before0 {2}after0 \(title\)[^]*^finished\n/mu,
    log: [
      "user: go",
      "reasoning",
      `assistant: ${TEXT}\n\n`,
      /^call: update_plan /u,
      /^output: /u,
      "assistant: finished",
    ],
  });
});

test(
  "output of commands, files and questions cannot drive the terminal",
  { skip: firstReason(skip, needsSandbox) },
  async (t) => {
    const server = await startModelServer(t, [
      respond(functionCall("shell", { command: ["cat", "hostile.txt"] })),
      respond(
        functionCall(
          "shell",
          { command: ["bash", "-c", "echo x; cat hostile.txt; exit 3"] },
          "call_2",
        ),
      ),
      respond(
        functionCall(
          "shell",
          {
            command: ["printf", TEXT],
            with_escalated_permissions: true,
            justification: TEXT,
          },
          "call_3",
        ),
      ),
      respond(assistantMessage("finished")),
    ]);
    const place = makePlace(t, server);
    writeFileSync(join(place.workspace, "hostile.txt"), `${TEXT}\n`);
    const screen = new TerminalScreen(t, { place, columns: 100, rows: 60 });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("Leave the sandbox");
    await screen.waitFor("<U+001B>");
    screen.type(KEY.escape);
    await screen.waitFor("Interrupted");
    await screen.waitForRows(IDLE);
    const ran = [/^call: shell /u, /^output: /u];
    assertTold(screen, place, {
      rows: IDLE,
      scrollback: /^› go\n[^]*before0 {2}after0[^]*You refused and stopped[^]*^✗ Interrupted\n/mu,
      log: ["user: go", ...ran, ...ran, ...ran],
    });
    screen.type(KEY.control("d"));
    await screen.exitCode();
    assertClean(screen.raw, true);
  },
);

test(
  "the error text of a server, a file name and a paste cannot drive the terminal",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [{ status: 400, body: { error: { message: TEXT } } }]);
    const place = makePlace(t, server);
    writeFileSync(join(place.workspace, `name${ESC}[2Jfile`), "");
    const screen = new TerminalScreen(t, { place, columns: 100, rows: 60 });
    await screen.waitFor("Ask for something");
    screen.type("@name");
    await screen.waitFor("namefile");
    screen.type(KEY.control("c"));
    await screen.waitUntil(() => !screen.text().includes("namefile"), "the menu to close");
    screen.type(KEY.control("c"));
    await screen.waitFor("Ask for something");
    screen.type(KEY.paste(`pasted ${ESC}[2J\u202e words`));
    await screen.waitFor("<U+202E> words");
    screen.type(KEY.enter);
    await screen.waitFor("before0");
    await screen.waitForRows(IDLE);
    assertTold(screen, place, {
      rows: IDLE,
      scrollback: /^› pasted <U\+202E> words\n\n✗ .*400[^]*before0 {2}after0/mu,
      log: [/^user: pasted .* words$/u],
    });
    assertClean(screen.raw);
  },
);

test(
  "session files cannot drive the terminal, in the list and when resumed",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("finished"))]);
    const place = makePlace(t, server);
    const directory = join(place.codexHome, "sessions/2026/11/26");
    mkdirSync(directory, { recursive: true });
    const id = "11111111-1111-4111-8111-111111111111";
    const message = (role: string, type: string, text: string) => ({
      type: "message",
      role,
      content: [{ type, text }],
    });
    const records = [
      { id, timestamp: TEXT, cwd: TEXT, instructions: TEXT, git: { branch: TEXT } },
      message("user", "input_text", `listed ${TEXT}`),
      message("assistant", "output_text", TEXT),
      { type: "function_call", call_id: TEXT, name: TEXT, arguments: TEXT },
    ];
    const name = `rollout-2026-11-26T10-00-00-${id}.jsonl`;
    const text = records.map((record) => `${JSON.stringify(record)}\n`).join("");
    writeFileSync(join(directory, name), text);
    const screen = new TerminalScreen(t, { place, columns: 100, rows: 60 });
    await screen.waitFor("Ask for something");
    screen.send("/resume");
    await screen.waitFor("Which session?");
    await screen.waitFor("listed");
    screen.type(KEY.enter);
    await screen.waitFor("before0");
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("finished");
    await screen.waitForRows(IDLE);
    assert.match(screen.screenText(), /^› go\n\nfinished\n/mu);
    assertWords(screen.text(), "the session file");
    assert.deepEqual(sessionLog(place).slice(-2), ["user: go", "assistant: finished"]);
    assertClean(screen.raw);
  },
);

test("names and results of MCP servers cannot drive the terminal", { skip }, async (t) => {
  const server = await startModelServer(t, [
    respond(functionCall("tiny__echo", { text: TEXT })),
    respond(assistantMessage("finished")),
  ]);
  const script = { names: [`evil ${TEXT}`], stderr: TEXT };
  const args = [fixture("mcp-server.ts"), JSON.stringify(script)];
  const table = `[mcp_servers.tiny]\ncommand = ${JSON.stringify(pinnedNode)}\nargs = ${JSON.stringify(args)}\n`;
  const place = makePlace(t, server);
  appendFileSync(join(place.codexHome, "config.toml"), `\n${table}`);
  const screen = new TerminalScreen(t, { place, columns: 100, rows: 60 });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor("finished");
  await screen.waitForRows(IDLE);
  assertTold(screen, place, {
    rows: IDLE,
    scrollback: /^› go\n\n[✓✗] tiny\.echo[^]*^finished\n/mu,
    log: ["user: go", /^call: tiny__echo /u, /^output: /u, "assistant: finished"],
  });
  screen.send("/mcp");
  await screen.waitFor("evil");
  assertClean(screen.raw, true); // arguments are shown as JSON, with its escapes
});
