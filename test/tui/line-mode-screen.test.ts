/** Lines instead of a screen: dumb terminals, screen readers, and what is no terminal at all. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { codexBinary, needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  CREATED,
  functionCall,
  HANG,
  needsLoopback,
  respond,
  type ServerAnswer,
  startModelServer,
  textDelta,
} from "../support/model-server.ts";
import { firstReason } from "../support/skip-reasons.ts";
import {
  assertTold,
  ESC,
  KEY,
  makePlace,
  TerminalScreen,
  type TerminalOptions,
} from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);

/** The prompt, with nothing typed, is the end of the screen. */
const PROMPT = /^>$(?![^])/mu;

function escalated(command: readonly string[], callId: string) {
  const justification = "it is needed";
  return functionCall(
    "shell",
    { command, with_escalated_permissions: true, justification },
    callId,
  );
}

async function open(
  t: TestContext,
  answers: readonly [ServerAnswer, ...ServerAnswer[]],
  options: Omit<TerminalOptions, "place">,
  extraConfig = "",
) {
  const server = await startModelServer(t, answers);
  const place = makePlace(t, server, extraConfig);
  const screen = new TerminalScreen(t, { place, ...options });
  await screen.waitForRows(PROMPT);
  return { server, place, screen };
}

/** What is typed right after a question came was not written for it. */
const GUARD_MS = 400;

async function answer(screen: TerminalScreen, line: string, pattern: RegExp): Promise<void> {
  await screen.waitForRows(/^Answer:$(?![^])/mu);
  await new Promise((resolve) => setTimeout(resolve, GUARD_MS));
  screen.type(`${line}\n`);
  await screen.waitFor(pattern);
}

test("without TERM: questions are answered by words, a table is a list", { skip }, async (t) => {
  const table = "| a | b |\n|---|---|\n| one | two |\n\n> quoted";
  const { server, place, screen } = await open(
    t,
    [
      respond(escalated(["touch", "first"], "c1")),
      respond(escalated(["touch", "second"], "c2")),
      respond(escalated(["touch", "second"], "c3")),
      respond(assistantMessage(table)),
      respond(escalated(["touch", "third"], "c4")),
      respond(assistantMessage("unused")),
    ],
    { program: ["env", "-u", "TERM", codexBinary], columns: 120 },
  );
  await screen.waitFor(/^\/help for commands, \/transcript for everything in full, Ctrl-C twice/mu);
  screen.type("go\n");
  await screen.waitForRows(/^! Leave the sandbox: run this command\?\n\$ touch first\n.* \//mu);
  await screen.waitForRows(
    /^1 or y: run once\n2 or n WHY: do not run, tell the model why\n3 or stop: do not run, end the turn\n4 or a: allow for this session: .*\nAnswer:$/mu,
  );
  await answer(screen, "y", /You approved, this once: \$ touch first/u);
  await screen.waitFor("$ touch second");
  await answer(screen, "a", /You approved for this session/u);
  await screen.waitFor(/^a: one\nb: two\n\n> quoted$/mu);
  await screen.waitForRows(PROMPT);
  assert.equal(existsSync(join(place.workspace, "second")), true);
  screen.type("more\n");
  await screen.waitFor("$ touch third");
  await answer(screen, "stop", /You refused and stopped the turn: \$ touch third/u);
  await screen.waitFor("Interrupted");
  await screen.waitForRows(PROMPT);
  assert.equal(existsSync(join(place.workspace, "third")), false);
  assert.ok(!screen.raw.includes(ESC), "no escape sequence");
  assert.doesNotMatch(screen.raw, /[│─]/u);
  assertTold(screen, place, {
    rows: PROMPT,
    scrollback: /^> go\n[^]*this once: \$ touch first\n[^]*for this session[^]*^a: one\nb: two\n/mu,
    log: [
      "user: go",
      ...["first", "second", "second"].flatMap((name) => [
        new RegExp(`^call: shell .*${name}`, "u"),
        /^output: /u,
      ]),
      `assistant: ${table}`,
      "user: more",
      /^call: shell .*third/u,
      /^output: /u,
    ],
  });
  assert.equal(server.requests.length, 5);
});

test("in lines Ctrl-C interrupts a turn, and quits when pressed twice", { skip }, async (t) => {
  const { server, place, screen } = await open(
    t,
    [{ stream: [CREATED, textDelta("half\n\nof it\n"), HANG] }, respond(assistantMessage("next"))],
    { env: { TERM: "dumb" }, columns: 120 },
  );
  screen.type("go\n");
  await screen.waitFor(/^half$/mu);
  screen.type("queued\n");
  await screen.waitFor("Queued.");
  screen.type(KEY.control("c"));
  await screen.waitFor("Interrupted");
  await server.requests[0]?.closed;
  await screen.waitFor("! Not sent: queued");
  await screen.waitForRows(PROMPT);
  screen.type("on\n");
  await screen.waitFor(/^next$/mu);
  await screen.waitForRows(PROMPT);
  screen.type(KEY.control("c"));
  await screen.waitFor("Press Ctrl-C again to quit");
  screen.type(KEY.control("c"));
  assert.equal(await screen.exitCode(), 0);
  assertTold(screen, place, {
    rows: /^To go on with this session: codex resume [0-9a-f-]{36}$(?![^])/mu,
    scrollback:
      /^half\nqueued\nQueued\.\n[^]*^! Not sent: queued\n\nof it\n[^]*Interrupted\n[^]*^next$/mu,
    log: ["user: go", "assistant: half\n\nof it\n", "user: on", "assistant: next"],
  });
  assert.ok(!screen.raw.includes(ESC), "no escape sequence");
});

for (const { how, env, config, args, pause } of [
  { how: "ACCESSIBLE=1", env: { ACCESSIBLE: "1" }, config: "", args: [], pause: 1200 },
  { how: "tui.screen_reader", env: {}, config: "tui.screen_reader = true", args: [], pause: 50 },
  { how: "--screen-reader", env: {}, config: "", args: ["--screen-reader"], pause: 50 },
]) {
  test(
    `${how}: paragraphs in one piece, the state when it changes, no clock`,
    { skip },
    async (t) => {
      const words = "words of one paragraph, ".repeat(10).trim();
      const text = `${words}\n\n- a point\n\n| a | b |\n|---|---|\n| one | two |`;
      const { place, screen } = await open(
        t,
        [
          {
            stream: [
              CREATED,
              textDelta(`${words}\n\n- a po`),
              pause,
              ...respond(assistantMessage(text)).stream.slice(1),
            ],
          },
          respond(assistantMessage("next")),
        ],
        { env, args, columns: 120 },
        config,
      );
      const status = `gpt-5 medium | on-request | workspace-write | net off | ${place.workspace}`;
      screen.type("go\n");
      await screen.waitFor("! Assistant finished");
      // The paragraph was there before the rest of the answer; the terminal breaks it.
      assert.ok(screen.raw.includes(`\n${words}\r\n`), "one paragraph is one line");
      await screen.waitForRows(PROMPT);
      screen.type("again\n");
      await screen.waitUntil(
        () => screen.text().split("Assistant finished").length === 3,
        "the end",
      );
      await screen.waitForRows(PROMPT);
      assert.match(screen.text(), /^- a point\n\na: one\nb: two\n\n! Assistant finished$/mu);
      // At the start, and when something of the context was used: not again and again.
      assert.deepEqual(
        screen.allRows().filter((row) => row.includes(status)),
        [status, `${status} | 100% ctx`],
      );
      assert.ok(!screen.raw.includes(ESC), "no escape sequence");
      assert.doesNotMatch(screen.raw, /\r(?!\n)|\b\d+s\b|esc to interrupt/u);
      assert.deepEqual(
        [...new Set(screen.raw)].filter((character) => character > "~"),
        [],
      );
      assertTold(screen, place, {
        rows: PROMPT,
        scrollback:
          /^> go\n[^]*^! Assistant finished\n[^]*^> again\n[^]*^next\n\n! Assistant finished$/mu,
        log: ["user: go", `assistant: ${text}`, "user: again", "assistant: next"],
      });
    },
  );
}

for (const { what, line } of [
  { what: "output", line: `${codexBinary} hello > out 2> err` },
  { what: "input", line: `${codexBinary} hello < /dev/null > out 2> err` },
  { what: "output, for a pipe", line: `${codexBinary} hello 2> err | cat > out` },
]) {
  test(`no terminal as ${what}: one line that names what to use`, { skip }, async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("unused"))]);
    const place = makePlace(t, server);
    const script = `set -o pipefail; ${line}; echo "code $?"`;
    const screen = new TerminalScreen(t, { place, program: ["bash", "-c", script] });
    await screen.waitFor("code 2");
    await screen.exitCode();
    const [out, err] = ["out", "err"].map((name) =>
      readFileSync(join(place.workspace, name), "utf8"),
    );
    assert.equal(out, "");
    assert.match(err ?? "", /^codex: [ -~]*"codex exec PROMPT"[ -~]*\n$/u);
    assert.equal(screen.text().trim(), "code 2", "nothing else on the screen");
    assert.equal(existsSync(join(place.codexHome, "sessions")), false, "no session");
    assert.equal(server.requests.length, 0);
  });
}
