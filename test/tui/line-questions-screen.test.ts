/** Questions and menus as lines: each number and word that is read out answers, and nothing else. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { codexBinary, needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  functionCall,
  needsLoopback,
  respond,
  type ServerAnswer,
  startModelServer,
} from "../support/model-server.ts";
import { firstReason } from "../support/skip-reasons.ts";
import {
  ESC,
  KEY,
  makePlace,
  sessionLog,
  sessionRecords,
  TerminalScreen,
} from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);

/** The prompt, with nothing typed, is the end of the screen. */
const PROMPT = /^>$(?![^])/mu;
/** What is typed right after a question came was not written for it. */
const GUARD_MS = 400;
/** The model takes this long, so that the menu is there first. */
const MENU_OPENS_MS = 1000;

/** A command of its own each time, so that what was allowed is told from what was asked. */
function touch(name: string) {
  const args = {
    command: ["touch", name],
    with_escalated_permissions: true,
    justification: "it is needed",
  };
  return respond(functionCall("shell", args, `call_${name}`));
}

const MODES = [
  { mode: "TERM=dumb", env: { TERM: "dumb" }, args: [] },
  { mode: "--screen-reader", env: {}, args: ["--screen-reader"] },
] as const;

type Mode = (typeof MODES)[number];

async function open(
  t: TestContext,
  { env, args }: Mode,
  answers: readonly [ServerAnswer, ...ServerAnswer[]],
) {
  const server = await startModelServer(t, answers);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place, env, args, columns: 140, rows: 60 });
  await screen.waitForRows(PROMPT);
  return { server, place, screen };
}

async function unguarded(screen: TerminalScreen, command: string): Promise<void> {
  const question = new RegExp(`\\$ ${command}\\n(?:.*\\n)*Answer:$(?![^])`, "u");
  await screen.waitForRows(question);
  await new Promise((resolve) => setTimeout(resolve, GUARD_MS));
}

for (const mode of MODES) {
  test(`${mode.mode}: numbers and words answer a question, in any case`, { skip }, async (t) => {
    const names = ["one", "two", "three", "four", "five", "six"];
    const { place, screen, server } = await open(t, mode, [
      ...([touch("one"), touch("two"), touch("three")] as const),
      ...names.slice(3).map(touch),
      respond(assistantMessage("understood")),
    ]);
    screen.type("go\n");
    for (const [name, typed, told] of [
      ["one", "1", "You approved, this once: $ touch one"],
      ["two", "YES", "You approved, this once: $ touch two"],
      ["three", " 4 ", "You approved for this session (exactly this command, without sandbox"],
      ["four", "2 not like this", "You refused: $ touch four; told the model: not like this"],
      ["five", "n", "You refused: $ touch five"],
      ["six", "3", "You refused and stopped the turn: $ touch six"],
    ] as const) {
      await unguarded(screen, `touch ${name}`);
      screen.type(`${typed}\n`);
      await screen.waitFor(told);
    }
    await screen.waitFor("Interrupted");
    await screen.waitForRows(PROMPT);
    const made = names.filter((name) => existsSync(join(place.workspace, name)));
    assert.deepEqual(made, ["one", "two", "three"]);
    assert.equal(server.requests.length, 6);
    // What is allowed by now, in words.
    screen.type("/status\n");
    await screen.waitFor(/^allowed +for this session: touch three$/mu);
    await screen.waitFor(/on-request \+1 allowed/u);
    assert.ok(!screen.raw.includes(ESC), "no escape sequence");
  });

  test(`${mode.mode}: what is not clear approves nothing`, { skip }, async (t) => {
    const { place, screen } = await open(t, mode, [
      touch("made"),
      respond(assistantMessage("understood")),
    ]);
    screen.type("go\n");
    await unguarded(screen, "touch made");
    const unclear = ["", "5", "0", "01", "1.", "1 4", "1 please", "yes but", "a lot", "y4", "ja"];
    for (const [index, typed] of unclear.entries()) {
      screen.type(`${typed}\n`);
      const hint = "Not understood. Answer 1 or y, 2 or n WHY, 3 or stop, 4 or a:";
      await screen.waitUntil(
        () => screen.text().split(hint).length === index + 2,
        `"${typed}" not to be understood`,
      );
    }
    assert.equal(existsSync(join(place.workspace, "made")), false);
    screen.type("stop\n");
    await screen.waitFor("You refused and stopped the turn: $ touch made");
    await screen.waitForRows(PROMPT);
    assert.equal(existsSync(join(place.workspace, "made")), false);
    assert.doesNotMatch(screen.text(), /You approved/u);
  });

  test(`${mode.mode}: a menu takes numbers and words, and an empty line`, { skip }, async (t) => {
    const { screen, server } = await open(t, mode, [respond(assistantMessage("unused"))]);
    screen.type("/approvals\n");
    await screen.waitForRows(
      /^What may happen without asking\?\n.*\n1 or read-only: Read only; [^]*^4 or full: Everything, NO SANDBOX; .*\nNumber from 1 to 4 or a word, 3 is suggested; an empty line cancels:$(?![^])/mu,
    );
    // None of them is a message to the model either.
    screen.type("everything\n1 4\n");
    await screen.waitUntil(
      () => screen.text().split("Not understood.").length === 3,
      "the second answer not to be understood",
    );
    screen.type("\n");
    await screen.waitForRows(PROMPT);
    assert.doesNotMatch(screen.text(), /Approval: /u);
    assert.equal(server.requests.length, 0);
    screen.type("/approvals\n");
    await screen.waitForRows(/an empty line cancels:$(?![^])/mu);
    screen.type("Read-Only\n");
    await screen.waitFor(/on-request . read-only . net off/u);
    screen.type("/approvals\n");
    await screen.waitForRows(/an empty line cancels:$(?![^])/mu);
    screen.type("3\n");
    await screen.waitForRows(/Sandbox: workspace-write[^]*^>$(?![^])/mu);
    screen.type("/model\n");
    await screen.waitFor(/^\d or gpt-5: now$/mu);
    screen.type("gpt-5\n");
    await screen.waitFor("How much should it think?");
    screen.type("high\n");
    await screen.waitFor("Model: gpt-5 high");
  });

  test(
    `${mode.mode}: /help names what is typed, and no key that is not there`,
    { skip },
    async (t) => {
      const { screen } = await open(t, mode, [respond(assistantMessage("unused"))]);
      screen.type("/help\n");
      await screen.waitFor(/^\/quit +End the session \(also \/exit\)$/mu);
      await screen.waitForRows(PROMPT);
      const help = screen.text().slice(screen.text().indexOf("Words, keys and commands"));
      for (const pattern of [
        /^y +run or edit once$/mu,
        /^a +allow for this session/mu,
        /^n WHY +do not, and tell the model why$/mu,
        /^stop +do not, and end the turn$/mu,
        /^a number, or its word +answer/mu,
        /^an empty line +nothing; in a list of choices: cancel or quit/mu,
        /^Ctrl-C +interrupt; .*twice at the prompt: quit$/mu,
        /^Ctrl-D +quit/mu,
        /^\/transcript +Show everything in full$/mu,
      ]) {
        assert.match(help, pattern);
      }
      assert.doesNotMatch(
        help,
        /\bEsc\b|Ctrl-[^CD]|Alt-|\bTab\b|\bUp\b|EDITOR|clipboard|\/mention/u,
      );
    },
  );

  test(`${mode.mode}: a question waits for the menu that is open`, { skip }, async (t) => {
    const { stream } = touch("made");
    const { place, screen } = await open(t, mode, [
      { stream: [...stream.slice(0, 1), MENU_OPENS_MS, ...stream.slice(1)] },
      respond(assistantMessage("understood")),
    ]);
    screen.type("go\n/approvals\n");
    await screen.waitFor("The agent has a question; it follows when this is answered");
    assert.doesNotMatch(screen.text(), /\$ touch made/u);
    // To the menu this is the first preset, to the question an approval.
    screen.type("1\n");
    await screen.waitFor("Sandbox: read-only");
    await unguarded(screen, "touch made");
    assert.equal(existsSync(join(place.workspace, "made")), false);
    screen.type("2\n");
    await screen.waitFor("You refused: $ touch made");
    await screen.waitFor("understood");
    await screen.waitForRows(PROMPT);
    assert.equal(existsSync(join(place.workspace, "made")), false);
  });

  for (const { signal, code } of [
    { signal: "SIGTERM", code: 143 },
    { signal: "SIGHUP", code: 129 },
  ] as const) {
    test(
      `${mode.mode}: ${signal} in a question refuses, in a line of its own`,
      { skip },
      async (t) => {
        const { place, screen, server } = await open(t, mode, [
          touch("made"),
          respond(assistantMessage("unused")),
        ]);
        screen.type("go\n");
        await unguarded(screen, "touch made");
        // The cursor is behind words of ours.
        screen.type("maybe\n");
        await screen.waitForRows(/^Not understood\. .*:$(?![^])/mu);
        process.kill(screen.pid, signal);
        assert.equal(await screen.exitCode(), code);
        const rows = screen.screenText().split("\n");
        assert.match(
          rows.at(-1) ?? "",
          /^To go on with this session: codex resume [0-9a-f-]{36}$/u,
        );
        assert.deepEqual(screen.cursor, { row: rows.length, column: 0 });
        assert.match(
          screen.text(),
          /4 or a: *\n\n\S+ Refused, as the session ended without your answer: \$ touch made\n\n\S+ Interrupted\nTo go on/u,
        );
        assert.ok(!screen.raw.includes(ESC), "no escape sequence");
        assert.equal(existsSync(join(place.workspace, "made")), false);
        assert.equal(server.requests.length, 1);
        const log = sessionLog(place);
        assert.equal(log.length, 3, log.join("\n"));
        // Written by the session itself, not found missing by who reads the file.
        const written = sessionRecords(place).map((record) => JSON.stringify(record));
        assert.match(
          written.at(-2) ?? "",
          /"function_call_output",.*"exec command rejected by user"/u,
        );
        assert.match(written.at(-1) ?? "", /"turn_aborted"/u);
      },
    );
  }
}

for (const { typed, trust } of [
  { typed: "trust", trust: "trusted" },
  { typed: "No", trust: "untrusted" },
  { typed: "2", trust: "untrusted" },
]) {
  test(`the first start in lines: "${typed}" is ${trust}`, { skip }, async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("unused"))]);
    const place = makePlace(t, server, "", false);
    const screen = new TerminalScreen(t, { place, args: ["--screen-reader"], columns: 140 });
    await screen.waitForRows(
      /^1 or trust: Trust it; .*\n2 or no: Do not; .*\n3 or quit: Quit; nothing is stored\n/mu,
    );
    // Nothing of these is one of the answers.
    for (const [index, unclear] of ["yes", "t", "4", "trust it"].entries()) {
      screen.type(`${unclear}\n`);
      await screen.waitUntil(
        () => screen.text().split("Not understood.").length === index + 2,
        `"${unclear}" not to be understood`,
      );
    }
    screen.type(`${typed}\n`);
    await screen.waitForRows(PROMPT);
    const config = readFileSync(join(place.codexHome, "config.toml"), "utf8");
    assert.ok(config.includes(`trust_level = "${trust}"`), config);
  });
}

test(
  "lines: an empty line quits where it is said, and does nothing at the prompt",
  { skip },
  async (t) => {
    const [mode] = MODES;
    const server = await startModelServer(t, [respond(assistantMessage("the answer"))]);
    const place = makePlace(t, server, "", false);
    const { env } = mode;
    const before = readFileSync(join(place.codexHome, "config.toml"), "utf8");
    const first = new TerminalScreen(t, { place, env, columns: 140 });
    await first.waitForRows(/; an empty line quits:$(?![^])/mu);
    first.type("\n");
    assert.equal(await first.exitCode(), 0);
    assert.equal(readFileSync(join(place.codexHome, "config.toml"), "utf8"), before);
    assert.equal(existsSync(join(place.codexHome, "sessions")), false, "no session");

    const second = new TerminalScreen(t, { place, env, columns: 140 });
    await second.waitForRows(/; an empty line quits:$(?![^])/mu);
    second.type("trust\n");
    await second.waitForRows(PROMPT);
    second.type("\n");
    await second.waitForRows(/^> ?\n>$(?![^])/mu);
    assert.equal(server.requests.length, 0, "nothing is sent");
    second.type("go\n");
    await second.waitFor("the answer");
    await second.waitForRows(PROMPT);
    second.type(KEY.control("d"));
    assert.equal(await second.exitCode(), 0);

    const third = new TerminalScreen(t, { place, env, args: ["resume"], columns: 140 });
    await third.waitForRows(/^1: .* go; .*\nNumber from 1 to 1; an empty line quits:$(?![^])/mu);
    third.type("\n");
    assert.equal(await third.exitCode(), 0);
    assert.equal(server.requests.length, 1);
  },
);

test("a signal in a question leaves the terminal to the shell as it was", { skip }, async (t) => {
  const server = await startModelServer(t, [touch("made"), respond(assistantMessage("unused"))]);
  const place = makePlace(t, server);
  const env = { PS1: "" };
  const program = ["bash", "--norc", "-i"];
  const screen = new TerminalScreen(t, { place, env, program, columns: 140 });
  screen.type("stty -a > before\n");
  screen.type(`${codexBinary} --screen-reader; echo "the code is $?"\n`);
  await screen.waitForRows(PROMPT);
  screen.type("go\n");
  await unguarded(screen, "touch made");
  const [codex] = readFileSync(`/proc/${screen.pid}/task/${screen.pid}/children`, "utf8").split(
    " ",
  );
  process.kill(Number(codex), "SIGTERM");
  await screen.waitFor("the code is 143");
  screen.type("stty -a > after; grep ^flags /proc/$$/fdinfo/1; echo compared\n");
  await screen.waitFor(/^compared$/mu);
  const [before, after] = ["before", "after"].map((name) =>
    readFileSync(join(place.workspace, name), "utf8"),
  );
  assert.equal(after, before);
  assert.equal(existsSync(join(place.workspace, "made")), false);
  const flags = /^flags:\s+([0-7]+)$/mu.exec(screen.text())?.[1] ?? "";
  // What the shell and others read and write afterwards must wait, as programs expect: O_NONBLOCK.
  assert.equal(Number.parseInt(flags, 8) & 0o4000, 0, `flags ${flags}`);
});
