/** Approvals on a real screen: nothing runs before the answer, and only the answer decides. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { codexBinary, needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  functionCall,
  type ModelServer,
  needsLoopback,
  respond,
  startModelServer,
} from "../support/model-server.ts";
import { firstReason, needsSandbox } from "../support/skip-reasons.ts";
import {
  assertTold,
  IDLE,
  KEY,
  makePlace,
  type Place,
  sequence,
  sessionLog,
  sessionRecords,
  TerminalScreen,
} from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);

interface Asked {
  readonly screen: TerminalScreen;
  readonly place: Place;
  readonly server: ModelServer;
}

function escalated(command: readonly string[], callId = "call_1") {
  const justification = "it is needed";
  const args = { command, with_escalated_permissions: true, justification };
  return functionCall("shell", args, callId);
}

/** A model that wants `touch made` without the sandbox. */
async function scripted(t: TestContext): Promise<Pick<Asked, "place" | "server">> {
  const server = await startModelServer(t, [
    respond(escalated(["touch", "made"])),
    respond(assistantMessage("understood")),
  ]);
  return { place: makePlace(t, server), server };
}

/** Nothing ran, and the model will know that the user did not want it. */
function assertNotRun({ screen, place, server }: Asked, rows: RegExp, scrollback: RegExp): void {
  assert.equal(existsSync(join(place.workspace, "made")), false);
  assert.equal(server.requests.length, 1);
  const call = /^call: shell .*touch/u;
  const output = /^output: .*(?:aborted|rejected|denied)/u;
  assertTold(screen, place, { rows, scrollback, log: ["user: go", call, output] });
}

/** The end of a program that left nothing of its live region. */
const LEFT = /^To go on with this session: codex resume [0-9a-f-]{36}$(?![^])/mu;
const REFUSED = /^› go\n\n✗ You refused and stopped the turn: \$ touch made\n\n✗ Interrupted\n/mu;

/** A session in which the question about `touch made` is open. */
async function asked(t: TestContext): Promise<Asked> {
  const { place, server } = await scripted(t);
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor("Leave the sandbox: run this command?");
  return { screen, place, server };
}

/** What is on the screen, with the rows of each paragraph joined. */
function unbroken(screen: TerminalScreen): string {
  return screen.text().replaceAll(/\n +/gu, " ");
}

test(
  "n and a reason: the command does not run, the model is told, the turn goes on",
  { skip },
  async (t) => {
    const { screen, place, server } = await asked(t);
    await screen.questionTakesKeys();
    screen.type("n");
    await screen.waitFor("What should the model do instead?");
    screen.type("use mktemp");
    await screen.waitFor("use mktemp");
    screen.type(KEY.paste("!"));
    screen.type(KEY.enter);
    await screen.waitFor("understood");
    assert.equal(existsSync(join(place.workspace, "made")), false);
    assert.match(screen.text(), /You refused: \$ touch made; told the model: use mktemp!/u);
    assert.match(JSON.stringify(server.requests[1]?.body), /use mktemp!/u);
    const log = sessionLog(place);
    assert.match(log.find((line) => line.startsWith("output: ")) ?? "", /rejected|denied/u);
    assert.ok(log.includes("user: use mktemp!"), log.join("\n"));
    await screen.waitForRows(IDLE);
    assert.doesNotMatch(screen.text(), /What should the model do|Leave the sandbox/u);
  },
);

test("Esc: the command does not run and the turn ends", { skip }, async (t) => {
  const all = await asked(t);
  const { screen } = all;
  screen.type(KEY.escape);
  await screen.waitFor("You refused and stopped the turn: $ touch made");
  await screen.waitFor("Interrupted");
  await screen.waitForRows(IDLE);
  assertNotRun(all, IDLE, REFUSED);
  assert.doesNotMatch(screen.text(), /Leave the sandbox/u);
});

test("keys that were typed ahead go to the draft and answer nothing", { skip }, async (t) => {
  const server = await startModelServer(t, [
    respond(escalated(["touch", "made"])),
    respond(assistantMessage("understood")),
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("Ask for something");
  screen.send("go");
  // One letter after the other, until well after the dialog has come.
  await screen.waitUntil(() => {
    screen.type("y");
    return screen.text().includes("Leave the sandbox: run this command?");
  }, "the dialog");
  screen.type("yay");
  await screen.waitFor(/y+ay/u);
  await screen.questionTakesKeys();
  assert.equal(existsSync(join(place.workspace, "made")), false);
  assert.doesNotMatch(screen.text(), /You approved/u);
  screen.type("y");
  await screen.waitFor("You approved, this once: $ touch made");
  await screen.waitFor("understood");
  await screen.waitFor(/y+ay\n/u);
  // The answer and nothing else reached the model.
  await screen.waitForRows(/^› y+ay\n.* · net off · .*ctx$/mu);
  assertTold(screen, place, {
    rows: /^understood\n\n› y+ay\n/mu,
    scrollback: /^› go\n\n✓ You approved, this once: \$ touch made\n[^]*^understood\n/mu,
    log: ["user: go", /^call: shell .*touch/u, /^output: /u, "assistant: understood"],
  });
  assert.equal(server.requests.length, 2);
  assert.equal(existsSync(join(place.workspace, "made")), true);
});

test(
  "Enter that was typed ahead sends the draft to the queue and answers nothing",
  { skip },
  async (t) => {
    const { screen, place, server } = await asked(t);
    screen.send("meanwhile");
    await screen.waitFor("queued: meanwhile");
    screen.type(KEY.down);
    assert.doesNotMatch(screen.text(), /You (?:approved|refused)/u);
    await screen.questionTakesKeys();
    assert.equal(existsSync(join(place.workspace, "made")), false);
    screen.type("y");
    await screen.waitFor("understood");
    assert.equal(existsSync(join(place.workspace, "made")), true);
    assert.match(JSON.stringify(server.requests[1]?.body), /meanwhile/u);
    await screen.waitForRows(IDLE);
    assertTold(screen, place, {
      rows: IDLE,
      scrollback: /You approved, this once[^]*^› meanwhile\n[^]*^understood\n/mu,
      log: [
        "user: go",
        /^call: shell .*touch/u,
        /^output: /u,
        "user: meanwhile",
        "assistant: understood",
      ],
    });
  },
);

test("closing the terminal refuses, and the program ends", { skip }, async (t) => {
  const all = await asked(t);
  all.screen.close();
  await all.screen.ended();
  // Nobody sees what is written from there on.
  assertNotRun(all, /^Leave the sandbox: run this command\?$/mu, /^› go\n\nLeave the sandbox/mu);
});

const ABANDONED = String.raw`✗ Refused, as the session ended without your answer: \$ touch made`;

for (const signal of ["SIGHUP", "SIGTERM"] as const) {
  test(`${signal} while a question is open refuses, and the program ends`, { skip }, async (t) => {
    const all = await asked(t);
    const { screen } = all;
    process.kill(screen.pid, signal);
    assert.equal(await screen.exitCode(), signal === "SIGHUP" ? 129 : 143);
    assertNotRun(all, LEFT, new RegExp(`^› go\n\n${ABANDONED}\n\n✗ Interrupted\nTo go on`, "mu"));
    // Written by the session itself, not found missing by who reads the file.
    const written = sessionRecords(all.place).map((record) => JSON.stringify(record));
    assert.match(written.at(-2) ?? "", /"function_call_output",.*"exec command rejected by user"/u);
    assert.match(written.at(-1) ?? "", /"turn_aborted"/u);
  });
}

for (const { where, signal, open } of [
  { where: "above a draft", signal: "SIGTERM", open: undefined },
  {
    where: "while the reason of a refusal is typed",
    signal: "SIGHUP",
    open: async (screen: TerminalScreen) => {
      screen.type("n");
      await screen.waitFor("What should the model do instead?");
      screen.type("y");
      await screen.waitFor("› y");
    },
  },
  {
    where: "below the pager",
    signal: "SIGTERM",
    open: async (screen: TerminalScreen) => {
      screen.type(KEY.control("t"));
      await screen.waitFor("q leaves");
    },
  },
] as const) {
  test(`${signal} in a question ${where} leaves the terminal to the shell`, { skip }, async (t) => {
    const { place, server } = await scripted(t);
    const program = ["bash", "--norc", "-i"];
    const screen = new TerminalScreen(t, { place, env: { PS1: "" }, program, columns: 120 });
    screen.type("stty -a > before\n");
    screen.type(`${codexBinary}; echo "the code is $?"\n`);
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("Leave the sandbox: run this command?");
    await screen.questionTakesKeys();
    await open?.(screen);
    const pid = readFileSync(`/proc/${screen.pid}/task/${screen.pid}/children`, "utf8").trim();
    process.kill(Number(pid), signal);
    await screen.waitFor(`the code is ${signal === "SIGHUP" ? 129 : 143}`);
    screen.type("stty -a > after; echo compared\n");
    await screen.waitFor(/^compared$/mu);
    const [before, after] = ["before", "after"].map((name) =>
      readFileSync(join(place.workspace, name), "utf8"),
    );
    assert.equal(after, before);
    const told = `^› go\n\n${ABANDONED}\n\n✗ Interrupted\nTo go on with .*\nthe code is`;
    assert.match(screen.text(), new RegExp(told, "mu"));
    assert.doesNotMatch(screen.screenText(), /Leave the sandbox|What should|q leaves/u);
    assert.equal(existsSync(join(place.workspace, "made")), false);
    assert.equal(server.requests.length, 1);
  });
}

const sources = new URL("../../src/main.ts", import.meta.url).href;

for (const signal of ["SIGUSR2", "SIGKILL"] as const) {
  const how = signal === "SIGKILL" ? "a crash without a word" : "an error that nothing caught";
  test(`${how} while a question is open runs nothing`, { skip }, async (t) => {
    const { place, server } = await scripted(t);
    const failing = join(place.codexHome, "failing.mjs");
    const lines = [
      `process.on("SIGUSR2", () => { throw new TypeError("nobody expected this"); });`,
      `await import(${JSON.stringify(sources)});`,
    ];
    writeFileSync(failing, lines.join("\n"));
    const screen = new TerminalScreen(t, { place, program: [process.execPath, failing] });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("Leave the sandbox: run this command?");
    process.kill(screen.pid, signal);
    const code = await screen.exitCode();
    if (signal === "SIGUSR2") {
      assert.equal(code, 1);
      assert.match(screen.text(), new RegExp(`^${ABANDONED}\n[^]*^codex: nobody expected`, "mu"));
    }
    assert.equal(existsSync(join(place.workspace, "made")), false);
    assert.equal(server.requests.length, 1);
    // Refused while it ended, or found unanswered by who goes on with the session.
    assert.match(sessionLog(place).at(-1) ?? "", /^output: .*(?:aborted|rejected)/u);
  });
}

test("closing the terminal while the reason of a refusal is typed refuses", { skip }, async (t) => {
  const all = await asked(t);
  const { screen } = all;
  await screen.questionTakesKeys();
  screen.type("n");
  await screen.waitFor("What should the model do instead?");
  screen.type("y");
  await screen.waitFor("› y");
  screen.close();
  await screen.ended();
  assertNotRun(
    all,
    /^What should the model do instead\?.*\n› y\n/mu,
    /^› go\n\nLeave the sandbox/mu,
  );
});

test("the end of input while a question is open refuses, in line mode too", { skip }, async (t) => {
  const { place, server } = await scripted(t);
  const screen = new TerminalScreen(t, { place, env: { TERM: "dumb" } });
  await screen.waitFor(/^> $|^>$/mu);
  screen.type("go\n");
  await screen.waitFor("Answer:");
  screen.type(KEY.control("d"));
  assert.equal(await screen.exitCode(), 0);
  assertNotRun(
    { screen, place, server },
    LEFT,
    /^Answer: ?\n[^]*^✗ Refused, as the session ended/mu,
  );
});

test(
  "a for the session: the same command is not asked again, another one is",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [
      respond(escalated(["touch", "made"])),
      respond(escalated(["touch", "made"], "call_2")),
      respond(escalated(["touch", "other"], "call_3")),
      respond(assistantMessage("understood")),
      respond(escalated(["touch", "made"], "call_4")),
      respond(assistantMessage("stopped")),
    ]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("Leave the sandbox");
    await screen.questionTakesKeys();
    screen.type("a");
    await screen.waitFor("You approved for this session");
    await screen.waitFor("$ touch other");
    await screen.waitFor("+1 allowed");
    await screen.questionTakesKeys();
    screen.type("y");
    await screen.waitFor("understood");
    assert.equal(existsSync(join(place.workspace, "other")), true);
    assert.equal(server.requests.length, 4);
    assert.equal(screen.text().split("You approved for this session").length, 2);
    await screen.waitForRows(IDLE);
    const ran = [/^call: shell /u, /^output: /u];
    assertTold(screen, place, {
      rows: /\+1 allowed/u,
      scrollback:
        /^› go\n\n✓ You approved for this session[^]*^✓ You approved, this once: \$ touch other\n[^]*^understood\n/mu,
      log: ["user: go", ...ran, ...ran, ...ran, "assistant: understood"],
    });
    screen.send("/status");
    await screen.waitFor(/^allowed +for this session: touch made$/mu);
    // It was allowed under these rules, and other ones are chosen.
    screen.send("/approvals");
    await screen.waitFor("Enter chooses");
    screen.type("1");
    await screen.waitFor(/on-request · read-only/u);
    screen.send("/status");
    await screen.waitFor(/^allowed +no commands and no directories, for this session$/mu);
    screen.send("again");
    await screen.waitFor("Leave the sandbox");
    screen.type(KEY.escape);
    await screen.waitFor("Interrupted");
  },
);

test("what the command hides is shown, and a long one wants a second look", { skip }, async (t) => {
  const long = Array.from({ length: 40 }, (_, index) => `echo line${index}`).join("\n");
  const server = await startModelServer(t, [
    respond(escalated(["bash", "-c", `ls \u202e; ls\u00a0x # \u001b[2J`])),
    respond(escalated(["bash", "-c", `${long}\ntouch made`], "call_2")),
    respond(assistantMessage("understood")),
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place, rows: 40 });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor("invisible or misleading");
  await screen.waitFor("<U+202E>; ls<U+00A0>x # <U+001B>[2J");
  await screen.questionTakesKeys();
  screen.type("n");
  await screen.waitFor("What should the model do instead?");
  screen.type(KEY.enter);
  await screen.waitFor("more lines, Ctrl-O to see all");
  await screen.questionTakesKeys();
  screen.type("y");
  await screen.waitFor("press again, you have not seen all of it");
  assert.equal(existsSync(join(place.workspace, "made")), false);
  screen.type("y");
  await screen.waitFor("understood");
  assert.equal(existsSync(join(place.workspace, "made")), true);
  await screen.waitForRows(IDLE);
  const ran = [/^call: shell /u, /^output: /u];
  assertTold(screen, place, {
    rows: IDLE,
    scrollback: /^✗ You refused: .*<U\+202E>[^]*^✓ You approved, this once: [^]*^understood\n/mu,
    log: ["user: go", ...ran, ...ran, "assistant: understood"],
  });
});

test(
  "a denial of the sandbox is asked about with its evidence, a plain failure is not",
  { skip: firstReason(skip, needsSandbox) },
  async (t) => {
    const server = await startModelServer(t, [
      respond(functionCall("shell", { command: ["bash", "-c", "echo first; exit 7"] })),
      respond(functionCall("shell", { command: ["touch", "made"] }, "call_2")),
      respond(assistantMessage("understood")),
    ]);
    const place = makePlace(
      t,
      server,
      'approval_policy = "on-failure"\nsandbox_mode = "read-only"',
    );
    const screen = new TerminalScreen(t, { place, rows: 40 });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("Leave the sandbox: run this command again?");
    await screen.waitFor("exit 7");
    await screen.waitFor(/touch: .*made.*(?:Permission denied|Read-only)/u);
    await screen.questionTakesKeys();
    screen.type("y");
    await screen.waitFor("understood");
    assert.equal(existsSync(join(place.workspace, "made")), true);
    assert.equal(
      screen.text().split("Leave the sandbox").length,
      1,
      "the dialog leaves the screen",
    );
    await screen.waitForRows(IDLE);
    const outputs = sessionLog(place).filter((line) => line.startsWith("output: "));
    assert.equal(outputs.length, 2);
    assert.match(outputs[0] ?? "", /first.*7/su);
    assert.doesNotMatch(outputs[1] ?? "", /denied/u);
  },
);

test("a patch outside of the workspace is shown with its path in full", { skip }, async (t) => {
  const place = makePlace(t, undefined);
  const directory = join(place.codexHome, "..", "outside");
  const outside = join(directory, "outside.txt");
  const patchTo = (old: string, next: string): string =>
    `*** Begin Patch\n*** Update File: ${outside}\n@@\n-${old}\n+${next}\n*** End Patch\n`;
  const server = await startModelServer(t, [
    respond(functionCall("shell", { command: ["apply_patch", patchTo("old", "new")] }, "c1")),
    respond(functionCall("shell", { command: ["apply_patch", patchTo("new", "newer")] }, "c2")),
    respond(functionCall("shell", { command: ["apply_patch", patchTo("newer", "last")] }, "c3")),
    respond(assistantMessage("understood")),
  ]);
  mkdirSync(directory);
  writeFileSync(outside, "old\n");
  const settings = [
    "-c",
    'model_providers.s={name="s",base_url="' + server.url + '",wire_api="responses"}',
    "-c",
    "model_provider=s",
  ];
  const args = [
    ...settings,
    "-c",
    "sandbox_workspace_write.exclude_slash_tmp=true",
    "-s",
    "workspace-write",
  ];
  const screen = new TerminalScreen(t, { place, args, columns: 120 });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor("Edit files?");
  await screen.waitFor("Writes outside of the workspace:");
  await screen.waitFor("outside.txt");
  await screen.questionTakesKeys();
  assert.match(screen.text(), /^▸ n {3}Do not edit, tell the model why$/mu);
  assert.match(screen.text(), /^ {2}esc Do not edit, stop here$/mu);
  screen.type(KEY.control("o"));
  await screen.waitFor("q leaves");
  assert.match(screen.text(), /\+ new/u);
  const rule = `grants write to ${directory} for this session`;
  assert.ok(unbroken(screen).includes(`Key a, for this session: ${rule}`));
  screen.type("q");
  const choice = `a   Allow the same again this session: ${rule}`;
  await screen.waitUntil(() => unbroken(screen).includes(choice), choice);
  screen.type("y");
  await screen.waitFor(/Edit files\?[\s\S]*\+ newer/u);
  await screen.questionTakesKeys();
  screen.type("a");
  await screen.waitFor("understood");
  await screen.waitFor("Edited 1 file (+1 -1)");
  await screen.waitFor("on-request +1 allowed");
  assert.ok(unbroken(screen).includes(`You approved for this session (${rule}): changes of`));
  assert.equal(readFileSync(outside, "utf8"), "last\n");
  assert.equal(server.requests.length, 4);
  await screen.waitForRows(IDLE);
  const ran = [/^call: shell .*outside\.txt/u, /^output: /u];
  assertTold(screen, place, {
    rows: IDLE,
    scrollback:
      /^› go\n\n✓ You approved[^]*^✓ Edited 1 file \(\+1 -1\)\n.*outside\.txt \(\+1 -1\)\n1 {3}- old\n {2}1 \+ new\n[^]*\n\nunderstood\n/mu,
    log: ["user: go", ...ran, ...ran, ...ran, "assistant: understood"],
  });
  screen.send("/status");
  const allowed = `allowed   for this session: write to ${directory}`;
  await screen.waitUntil(() => unbroken(screen).includes(allowed), allowed);
});

test(
  "without a sandbox to leave, running once is suggested, and the words say so",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [
      respond(functionCall("shell", { command: ["touch", "made"] })),
      respond(assistantMessage("understood")),
    ]);
    const place = makePlace(t, server);
    const args = ["-s", "danger-full-access", "-a", "untrusted"];
    const plain = new TerminalScreen(t, { place, args, env: { NO_COLOR: "1" } });
    await plain.waitFor("untrusted · NO SANDBOX · net on");
    assert.doesNotMatch(plain.raw, sequence(String.raw`\[[\d;]*7m`));
    const screen = new TerminalScreen(t, { place, args });
    await screen.waitFor("untrusted · NO SANDBOX · net on");
    assert.match(screen.raw, sequence(String.raw`\[7m\s*NO SANDBOX`), "reverse video");
    screen.send("go");
    await screen.waitFor("Run this command?");
    await screen.waitFor(`in ${place.workspace}`);
    await screen.waitFor("Why: it is not in the trusted list");
    await screen.waitFor(/^▸ y {3}Run once$/mu);
    assert.doesNotMatch(screen.text(), /WITHOUT sandbox/u);
    await screen.questionTakesKeys();
    screen.type(KEY.enter);
    await screen.waitFor("understood");
    assert.equal(existsSync(join(place.workspace, "made")), true);
  },
);

test(
  "what the sandbox denied is named with its reason; a program that is missing or too slow is no denial",
  { skip: firstReason(skip, needsSandbox) },
  async (t) => {
    const connect = "exec 3<>/dev/tcp/127.0.0.1/9";
    const server = await startModelServer(t, [
      respond(functionCall("shell", { command: ["no-such-program"] }, "c1")),
      respond(functionCall("shell", { command: ["sleep", "300"], timeout_ms: 300 }, "c2")),
      respond(functionCall("shell", { command: ["bash", "-c", connect] }, "c3")),
      respond(functionCall("shell", { command: ["touch", "/etc/made"] }, "c4")),
      respond(assistantMessage("understood")),
    ]);
    const place = makePlace(t, server, 'approval_policy = "on-failure"');
    const screen = new TerminalScreen(t, { place, rows: 50, columns: 110 });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("Leave the sandbox: run this command again?");
    assert.match(screen.text(), /✗ \$ no-such-program/u);
    assert.match(screen.text(), /✗ \$ sleep 300 .*timed out after/u);
    assert.match(
      screen.text(),
      /Why: blocked by sandbox: it did not let .* "127\.0\.0\.1:9".* network/su,
    );
    assert.match(screen.text(), /If you approve, it runs WITHOUT sandbox\./u);
    await screen.questionTakesKeys();
    screen.type("n");
    await screen.waitFor("What should the model do instead?");
    screen.type(KEY.enter);
    await screen.waitFor(
      /Why: blocked by sandbox: it did not let the command change "\/etc\/made"/u,
    );
    screen.type(KEY.escape);
    await screen.waitFor("You refused and stopped the turn: $ touch /etc/made");
    assert.equal(server.requests.length, 4);
  },
);
