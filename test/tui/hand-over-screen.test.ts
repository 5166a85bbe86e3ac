/** The terminal is lent to others, and put back as it was. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
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
  ESC,
  KEY,
  makePlace,
  type Place,
  sequence,
  sessionLog,
  TerminalScreen,
} from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);

/** Bracketed paste off, and the keyboard as it was. */
const RESTORED = `${ESC}[?2004l${ESC}[<u`;

test("Ctrl-G edits the draft in the user's editor", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
  const place = makePlace(t, server);
  const editor = join(place.codexHome, "editor.sh");
  writeFileSync(editor, '#!/bin/sh\nprintf "%s, edited\\n" "$(cat "$1")" > "$1"\n', {
    mode: 0o755,
  });
  const screen = new TerminalScreen(t, { place, env: { EDITOR: editor } });
  await screen.waitFor("Ask for something");
  screen.type("draft");
  await screen.waitFor("› draft");
  screen.type(KEY.control("g"));
  await screen.waitFor("› draft, edited");
  screen.type(KEY.paste("!"));
  await screen.waitFor("› draft, edited!");
});

test("without a place for a file Ctrl-G keeps the draft and says why", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
  const env = { EDITOR: "true", TMPDIR: "/no/such/directory" };
  const screen = new TerminalScreen(t, { place: makePlace(t, server), env });
  await screen.waitFor("Ask for something");
  screen.type("draft");
  await screen.waitFor("› draft");
  screen.type(KEY.control("g"));
  await screen.waitFor("Cannot edit the draft: no such file or directory");
  screen.type(" goes on");
  await screen.waitFor("› draft goes on");
});

test(
  "Ctrl-Z puts the terminal back, and without a shell the session goes on",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
    const screen = new TerminalScreen(t, { place: makePlace(t, server) });
    await screen.waitFor("Ask for something");
    screen.type("draft");
    await screen.waitFor("› draft");
    screen.type(KEY.control("z"));
    await screen.waitUntil(() => screen.raw.includes(RESTORED), "the terminal to be put back");
    screen.type(" more");
    await screen.waitFor("› draft more");
  },
);

test("Ctrl-Z stops the program in a shell, and fg brings it back", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
  const program = ["bash", "--norc", "-i"];
  const screen = new TerminalScreen(t, { place: makePlace(t, server), program });
  screen.type(`${codexBinary}\n`);
  await screen.waitFor("Ask for something");
  screen.type(KEY.control("z"));
  await screen.waitFor("Stopped");
  screen.type("echo in the $((1 + 1))nd shell\n");
  await screen.waitFor("in the 2nd shell");
  screen.type("fg\n");
  await screen.waitUntil(() => screen.text().split("Ask for something").length > 1, "the draft");
  screen.type(KEY.paste("back again"));
  await screen.waitFor("› back again");
});

for (const { signal, code } of [
  { signal: "SIGTERM", code: 143 },
  { signal: "SIGHUP", code: 129 },
] as const) {
  test(`${signal} puts the terminal back and leaves a fresh line`, { skip }, async (t) => {
    const server = await startModelServer(t, [
      { stream: [CREATED, textDelta("open words"), HANG] },
    ]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("open words");
    screen.type("draft");
    await screen.waitFor("› draft");
    process.kill(screen.pid, signal);
    assert.equal(await screen.exitCode(), code);
    const last = screen.raw.lastIndexOf(RESTORED);
    assert.ok(last > screen.raw.lastIndexOf("› draft"));
    assert.doesNotMatch(
      screen.raw.slice(last),
      sequence(String.raw`\[(?:\?(?:2004|1004|1049)h|>\d+u|\?25l|\?7l)`),
    );
    const rows = screen.screenText().split("\n");
    assert.match(rows.at(-1) ?? "", /^To go on with this session: codex resume /u);
    assert.deepEqual(screen.cursor, { row: rows.length, column: 0 });
    assert.doesNotMatch(screen.text(), /› draft|net off ·/u);
    // What had come is not lost with the live region.
    assert.match(screen.text(), /^› go\n\nopen words\n\n✗ Interrupted\nTo go on/mu);
    assert.deepEqual(sessionLog(place), ["user: go", "assistant: open words"]);
  });
}

test("Ctrl-T shows the transcript in $PAGER, whose Ctrl-C is its own", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("the answer"))]);
  const place = makePlace(t, server);
  const pager = join(place.codexHome, "pager.sh");
  const script = `#!/bin/sh
trap 'echo "a signal for the pager"' INT
echo "pager $1 $(tr '\\n' ' ' < "$2")"
while ! read -r words; do :; done
echo "read $words"
exit 3
`;
  writeFileSync(pager, script, { mode: 0o755 });
  const screen = new TerminalScreen(t, { place, env: { PAGER: `${pager} -x` } });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor(/^the answer$/mu);
  screen.type(KEY.control("t"));
  await screen.waitFor(/pager -x .*You.*go.*the answer/u);
  screen.type(KEY.control("c"));
  await screen.waitFor("a signal for the pager");
  screen.type("q\n");
  await screen.waitFor("read q");
  await screen.waitFor("The pager ended with exit code 3");
  screen.type("draft");
  await screen.waitFor("› draft");
  assert.doesNotMatch(screen.text(), /Press Ctrl-C again/u);
});

/** Takes the terminal as programs of the whole screen do, and says so; `ending` is what it does then. */
function greedyProgram(place: Place, ending: string): string {
  const path = join(place.codexHome, "greedy.sh");
  const script = `#!/bin/sh
stty raw -echo
printf '\\033[?1049h\\033[?2004h\\033[?25lgreedy %s' "$$"
${ending}
`;
  writeFileSync(path, script, { mode: 0o755 });
  return path;
}

/** Both keep the shell from ending by the signal, so that it has to be killed. */
const STUBBORN = "trap '' TERM HUP; while :; do read -r line; done";
const LAZY = "while :; do read -r line; done";

/** The alternate screen left, paste off, the cursor shown, and the terminal's own modes as before. */
async function assertPutBack(screen: TerminalScreen, from: number): Promise<void> {
  // Afterwards the shell reads its next line, with paste marks of its own.
  const after = screen.raw.slice(from, screen.raw.indexOf("the code is", from));
  for (const off of ["[?1049l", "[?2004l", "[?25h"]) {
    assert.ok(after.lastIndexOf(ESC + off) >= 0, `${off} was written`);
  }
  for (const on of ["[?1049h", "[?2004h"]) {
    const off = on.replace("h", "l");
    assert.ok(after.lastIndexOf(ESC + off) > after.lastIndexOf(ESC + on), `${off} is the last`);
  }
  assert.doesNotMatch(after, / {4}at |node:internal|\.cjs:\d/u, "no stack trace");
  screen.type("stty -a | tr '\\n' ' '\n");
  await screen.waitFor(/ icanon /u);
  assert.match(screen.text(), /[^-]echo /u);
}

/** In a shell, which is still there afterwards to be asked what the terminal is like. */
async function openGreedy(
  t: TestContext,
  { variable, key, ending }: { variable: "PAGER" | "VISUAL"; key: string; ending: string },
): Promise<{ readonly screen: TerminalScreen; readonly pid: number; readonly from: number }> {
  const server = await startModelServer(t, [respond(assistantMessage("the answer"))]);
  const place = makePlace(t, server);
  const env = { [variable]: greedyProgram(place, ending), PS1: "" };
  const screen = new TerminalScreen(t, { place, env, program: ["bash", "--norc", "-i"] });
  screen.type(`${codexBinary}; echo "the code is $?"\n`);
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor(/^the answer$/mu);
  await screen.waitUntil(() => !screen.text().includes("esc to interrupt"), "the end of the turn");
  const from = screen.raw.length;
  screen.type(KEY.control(key));
  await screen.waitFor(/greedy \d+/u);
  const pid = Number(/greedy (\d+)/u.exec(screen.text())?.[1]);
  return { screen, pid, from };
}

/** Nobody may have asked yet how it ended. */
function runs(pid: number): boolean {
  return (
    existsSync(`/proc/${pid}`) && !/^State:\s+Z/mu.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  );
}

function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

for (const { signal, code, variable, key, ending } of [
  { signal: "SIGTERM", code: 143, variable: "PAGER", key: "t", ending: LAZY },
  { signal: "SIGHUP", code: 129, variable: "PAGER", key: "t", ending: STUBBORN },
  { signal: "SIGTERM", code: 143, variable: "VISUAL", key: "g", ending: STUBBORN },
] as const) {
  const name = `${signal} while $${variable} has the terminal`;
  test(`${name}: both end, and the terminal is put back`, { skip }, async (t) => {
    const { screen, pid, from } = await openGreedy(t, { variable, key, ending });
    process.kill(parentOf(parentOf(pid)), signal);
    await screen.waitFor(`the code is ${code}`);
    assert.equal(runs(pid), false, "the program is gone");
    await assertPutBack(screen, from);
    assert.match(screen.text(), /^the answer$/mu);
  });
}

test("a pager that is killed leaves nothing of itself on the terminal", { skip }, async (t) => {
  const { screen, pid } = await openGreedy(t, { variable: "PAGER", key: "t", ending: LAZY });
  process.kill(pid, "SIGKILL");
  await screen.waitFor("The pager ended with exit code 137");
  assert.match(screen.text(), /^the answer$/mu);
  screen.type("draft");
  await screen.waitFor("› draft");
  screen.type(KEY.control("c"));
  await screen.waitFor("Ask for something");
  const from = screen.raw.length;
  screen.type(KEY.control("d"));
  await screen.waitFor("the code is 0");
  screen.type("stty -a | tr '\\n' ' '\n");
  await screen.waitFor(/ icanon /u);
  assert.ok(screen.raw.slice(from).includes(RESTORED));
});

const sources = new URL("../../src/main.ts", import.meta.url).href;

for (const { where, key, shown } of [
  { where: "in the built-in pager", key: "t", shown: "q leaves" },
  { where: "while an editor has the terminal", key: "g", shown: /greedy \d+/u },
  { where: "at the composer", key: "l", shown: "Ask for something" },
]) {
  test(`an error that nothing caught ${where} ends in one line`, { skip }, async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("the answer"))]);
    const place = makePlace(t, server);
    const program = join(place.codexHome, "failing.mjs");
    const lines = [
      `process.on("SIGUSR2", () => { throw new TypeError("nobody expected this"); });`,
      `await import(${JSON.stringify(sources)});`,
    ];
    writeFileSync(program, lines.join("\n"));
    const env = { VISUAL: greedyProgram(place, LAZY), PS1: "" };
    const screen = new TerminalScreen(t, { place, env, program: ["bash", "--norc", "-i"] });
    screen.type(`${process.execPath} ${program}; echo "the code is $?"\n`);
    await screen.waitFor("Ask for something");
    const from = screen.raw.length;
    screen.type(KEY.control(key));
    await screen.waitFor(shown);
    const [shell] = childrenOf(screen.pid);
    process.kill(shell ?? screen.pid, "SIGUSR2");
    await screen.waitFor(/^codex: nobody expected this$/mu);
    await screen.waitFor("the code is 1");
    const after = screen.raw.slice(from);
    assert.ok(after.includes(RESTORED));
    assert.ok(after.lastIndexOf(`${ESC}[?1049l`) >= after.lastIndexOf(`${ESC}[?1049h`));
    assert.doesNotMatch(after, / {4}at |node:internal/u, "no stack trace");
    screen.type("stty -a | tr '\\n' ' '\n");
    await screen.waitFor(/ icanon /u);
  });
}

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}
