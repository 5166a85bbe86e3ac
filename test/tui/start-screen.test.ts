/** The first minutes: trust, a way to a model, other terminals, going on with a session. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { codexBinary, needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  functionCall,
  needsLoopback,
  respond,
  startModelServer,
} from "../support/model-server.ts";
import { run } from "../support/run.ts";
import { firstReason, needsSandbox } from "../support/skip-reasons.ts";
import {
  assertTold,
  IDLE,
  KEY,
  makePlace,
  sequence,
  sessionLog,
  TerminalScreen,
} from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);

test(
  "an unknown directory is asked about once, and the answer decides the sandbox",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
    const place = makePlace(t, server, "", false);
    const screen = new TerminalScreen(t, { place });
    await screen.waitFor("Do you trust this directory?");
    await screen.waitFor(place.workspace);
    await screen.waitFor("It is a git work tree");
    await screen.waitFor(/▸ 1\. Trust it/u);
    screen.type(KEY.enter);
    await screen.waitFor("workspace-write: commands may write");
    const config = readFileSync(join(place.codexHome, "config.toml"), "utf8");
    assert.ok(config.includes(`[projects."${place.workspace}"]\ntrust_level = "trusted"`));
    screen.type(KEY.control("d"));
    assert.equal(await screen.exitCode(), 0);
    const again = new TerminalScreen(t, { place });
    await again.waitFor("Ask for something");
    again.send("go");
    await again.waitFor(/^ok$/mu);
    await again.waitForRows(IDLE);
    assert.doesNotMatch(again.text(), /Do you trust/u);
    assert.match(screen.text(), /^\s*Codex [^]*workspace-write: commands may write/u);
    assert.doesNotMatch(screen.text(), /Do you trust|1\. Trust it/u);
    assertTold(again, place, {
      rows: IDLE,
      scrollback: /^Codex [^]*\n\n› go\n\nok\n/u,
      log: ["user: go", "assistant: ok"],
    });
  },
);

test(
  "outside of a repository the safer answer is suggested, and Esc stores nothing",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
    const place = makePlace(t, server, "", false);
    rmSync(join(place.workspace, ".git/HEAD")); // what is left is no repository
    const before = readFileSync(join(place.codexHome, "config.toml"), "utf8");
    const screen = new TerminalScreen(t, { place });
    await screen.waitFor("It is NOT a git work tree");
    await screen.waitFor(/▸ 2\. Do not/u);
    screen.type(KEY.escape);
    assert.equal(await screen.exitCode(), 0);
    assert.equal(readFileSync(join(place.codexHome, "config.toml"), "utf8"), before);
    assertTold(screen, place, { rows: /^$/u, scrollback: /^\s*$/u, log: [] });
  },
);

test("a session that never began for its configuration ends with 2", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
  const place = makePlace(t, server);
  for (const words of [[], ["resume", "--last"]]) {
    const args = ["-c", "sandbox_mode=1", ...words];
    const screen = new TerminalScreen(t, { place, args });
    await screen.waitFor("-c sandbox_mode=1: sandbox_mode: expected");
    assert.equal(await screen.exitCode(), 2);
  }
});

test("who does not trust a directory has its files read only", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
  const place = makePlace(t, server, "", false);
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("Do you trust this directory?");
  screen.type("2");
  await screen.waitFor(/· read-only ·/u);
  await screen.waitFor("read-only: commands may read everything and write nothing");
  screen.send("go");
  await screen.waitFor(/^ok$/mu);
  assert.match(JSON.stringify(server.requests[0]?.body), /read-only/u);
  await screen.waitForRows(IDLE);
  assertTold(screen, place, {
    rows: IDLE,
    scrollback: /^Codex [^]*^sandbox {3}read-only: [^]*\n\n› go\n\nok\n/mu,
    log: ["user: go", "assistant: ok"],
  });
});

test("in a folder of a repository its root is what is trusted", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
  const place = makePlace(t, server, "", false);
  const below = join(place.workspace, "below");
  mkdirSync(below);
  const screen = new TerminalScreen(t, { place: { ...place, workspace: below } });
  await screen.waitFor("Do you trust this directory?");
  screen.type("1");
  await screen.waitFor("Ask for something");
  const config = readFileSync(join(place.codexHome, "config.toml"), "utf8");
  assert.ok(config.includes(`[projects."${place.workspace}"]\ntrust_level = "trusted"`), config);
  assert.ok(!config.includes(below));
  const other = join(place.workspace, "other");
  mkdirSync(other);
  const again = new TerminalScreen(t, { place: { ...place, workspace: other } });
  await again.waitFor("Ask for something");
  assert.doesNotMatch(again.text(), /Do you trust/u);
});

test("without a locale for it, nothing of ours is more than ASCII", { skip }, async (t) => {
  const server = await startModelServer(t, [
    respond(
      functionCall("shell", { command: ["bash", "-c", "seq 1 50"] }, "c1"),
      functionCall("update_plan", { plan: [{ step: "look", status: "in_progress" }] }, "c2"),
    ),
    respond(assistantMessage("> quoted\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n---\n\nend")),
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place, env: { LANG: "C" }, rows: 50 });
  await screen.waitFor("Ask for something");
  screen.type("/");
  await screen.waitFor("/approvals");
  screen.type(KEY.backspace);
  screen.send("go");
  await screen.waitFor(/^end$/mu);
  assert.match(screen.text(), /^\[ok\] \$ seq 1 50/mu);
  assert.match(screen.text(), /^> quoted$/mu);
  screen.type(KEY.control("t"));
  await screen.waitFor("q leaves");
  screen.type("q");
  await screen.waitFor("Ask for something");
  const foreign = [...new Set(screen.raw)].filter((character) => character > "~");
  assert.deepEqual(foreign, []);
});

test("without a key there is a choice; a key is stored and never shown", { skip }, async (t) => {
  const place = makePlace(t, undefined);
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("How should a model be reached?");
  await screen.waitFor("Watch the demo");
  screen.type("1");
  await screen.waitFor("(not shown while typing)");
  screen.type(KEY.paste("sk-test-1234567890"));
  await screen.waitFor("(18 characters)");
  screen.type(KEY.enter);
  await screen.waitFor("API key stored");
  await screen.waitFor("Ask for something");
  assert.ok(!screen.raw.includes("sk-test-1234567890"));
  const file = join(place.codexHome, "auth.json");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.match(readFileSync(file, "utf8"), /sk-test-1234567890/u);
});

test(
  "a local server can be chosen; what is missing is said, and the choice comes back",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [
      { status: 200, body: { object: "list", data: [{ id: "another" }] } },
      { status: 200, body: { object: "list", data: [{ id: "gpt-oss:20b" }] } },
      {
        stream: [
          { choices: [{ index: 0, delta: { content: "local words" }, finish_reason: "stop" }] },
          "[DONE]",
        ],
      },
    ]);
    const place = makePlace(t, undefined);
    const screen = new TerminalScreen(t, { place, env: { CODEX_OSS_BASE_URL: server.url } });
    await screen.waitFor("How should a model be reached?");
    screen.type("2");
    await screen.waitFor(/has\s+another/u);
    screen.type("2");
    await screen.waitFor(/^gpt-oss:20b/mu);
    screen.send("hello");
    await screen.waitFor(/^local words$/mu);
  },
);

test(
  "the demo runs without a key and without a network",
  { skip: firstReason(skip, needsSandbox) },
  async (t) => {
    const screen = new TerminalScreen(t, { place: makePlace(t, undefined) });
    await screen.waitFor("How should a model be reached?");
    screen.type("3");
    assert.equal(await screen.exitCode(60_000), 0);
    assert.match(screen.text(), /greet\.sh/u);
  },
);

test(
  "a session goes on with what was said, and a lost one is complained about",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [
      respond(assistantMessage("the first answer")),
      respond(assistantMessage("the second answer")),
    ]);
    const place = makePlace(t, server);
    const first = new TerminalScreen(t, { place });
    await first.waitFor("Ask for something");
    first.send("the first question");
    await first.waitFor("the first answer");
    first.type(KEY.control("d"));
    await first.exitCode();
    const id = /codex resume ([0-9a-f-]{36})/u.exec(first.text())?.[1] ?? "";
    const second = new TerminalScreen(t, { place, args: ["resume", id] });
    await second.waitFor("› the first question");
    await second.waitFor("the first answer");
    second.send("the second question");
    await second.waitFor("the second answer");
    assert.match(JSON.stringify(server.requests[1]?.body), /the first answer/u);
    await second.waitForRows(IDLE);
    assertTold(second, place, {
      rows: IDLE,
      scrollback:
        /^› the first question\n\nthe first answer\n\n› the second question\n\nthe second answer\n/mu,
      log: [
        "user: the first question",
        "assistant: the first answer",
        "user: the second question",
        "assistant: the second answer",
      ],
    });
    second.type(KEY.control("d"));
    await second.exitCode();
    const listed = new TerminalScreen(t, { place, args: ["resume"] });
    await listed.waitFor("Enter chooses, Esc quits");
    listed.type(KEY.escape);
    assert.equal(await listed.exitCode(), 0);
    const lost = new TerminalScreen(t, {
      place,
      args: ["resume", "00000000-0000-4000-8000-000000000000"],
    });
    assert.equal(await lost.exitCode(), 2);
    assert.match(lost.text(), /Cannot resume/u);
    const mistyped = new TerminalScreen(t, { place, args: ["resume", "1234"], columns: 120 });
    assert.equal(await mistyped.exitCode(), 2);
    assert.match(mistyped.text(), /not a session id; "codex resume" without one lists them/u);
  },
);

test(
  "a session that goes on shows the last three exchanges, and has all of them",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [
      (request) => {
        const number = JSON.stringify(request.body).split("question number").length - 1;
        return respond(assistantMessage(`answer number ${number}\n\n> quoted`));
      },
    ]);
    const place = makePlace(t, server);
    const first = new TerminalScreen(t, { place });
    await first.waitFor("Ask for something");
    for (let number = 1; number <= 5; number += 1) {
      first.send(`question number ${number}`);
      await first.waitFor(`answer number ${number}`);
      await first.waitForRows(IDLE);
    }
    first.type(KEY.control("d"));
    await first.exitCode();
    const screen = new TerminalScreen(t, { place, args: ["resume", "--last"], env: { LANG: "C" } });
    await screen.waitForRows(/^> Ask for something\n/mu);
    await screen.waitFor("answer number 5");
    const shown = [3, 4, 5].map(
      (number) => `> question number ${number}\n\nanswer number ${number}\n\n> quoted`,
    );
    assert.ok(
      screen.text().includes(`4 earlier messages, Ctrl-T to read\n\n${shown.join("\n\n")}\n`),
    );
    assert.doesNotMatch(screen.text(), /question number [12]/u);
    screen.type(KEY.control("t"));
    await screen.waitFor("q leaves");
    screen.type("g");
    await screen.waitForRows(/^-- You\nquestion number 1\n\n-- Codex\nanswer number 1\n/u);
    // Of the main screen nothing has changed meanwhile.
    screen.type("q");
    await screen.waitForRows(/answer number 5\n\n> quoted\n[^]*^> Ask for something\n/mu);
    screen.send("question number 6");
    await screen.waitFor("answer number 6");
    await screen.waitForRows(/^> Ask for something\n[^\n]* \| [^\n]*$(?![^])/mu);
    const numbers = Array.from({ length: 6 }, (_, index) => index + 1);
    assertTold(screen, place, {
      rows: /^> Ask for something\n/mu,
      scrollback: /^4 earlier messages[^]*^answer number 6$/mu,
      log: numbers.flatMap((number) => [
        `user: question number ${number}`,
        `assistant: answer number ${number}\n\n> quoted`,
      ]),
    });
  },
);

test("without a terminal it refuses in one line and names what to use", { skip }, async (t) => {
  const place = makePlace(t, undefined);
  const result = await run([codexBinary, "hello"], {
    cwd: place.workspace,
    env: { CODEX_HOME: place.codexHome },
  });
  assert.equal(result.code, 2);
  assert.equal(result.stdout, "");
  assert.match(
    result.stderr,
    /^codex: Cannot start a session: this is no terminal; "codex exec PROMPT" needs none\n$/u,
  );
});

test("NO_COLOR takes the colours and nothing else", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("**bold** `code`"))]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place, env: { NO_COLOR: "1" } });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor("bold code");
  await screen.waitForRows(IDLE);
  assertTold(screen, place, {
    rows: IDLE,
    scrollback: /^› go\n\nbold code$/mu,
    log: ["user: go", "assistant: **bold** `code`"],
  });
  assert.equal(screen.text().split("bold code").length, 2);
  assert.match(JSON.stringify(server.requests[0]?.body), /"text":"go"/u);
  assert.doesNotMatch(screen.raw, sequence(String.raw`\[[\d;]*(?:3\d|9\d|38;5;\d+)m`));
  assert.match(screen.raw, sequence(String.raw`\[1m`));
});

for (const { args, env, isColored } of [
  { args: ["--color=never"], env: {}, isColored: false },
  { args: ["--color", "always"], env: { NO_COLOR: "1" }, isColored: true },
  { args: ["--color=auto"], env: { NO_COLOR: "1" }, isColored: false },
  { args: ["--color=auto"], env: { NO_COLOR: "" }, isColored: true },
]) {
  const given = `${args.join(" ")} ${JSON.stringify(env)}`;
  test(`${given}: ${isColored ? "colours" : "bold, but no colours"}`, { skip }, async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("**bold** `code`"))]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place, args, env });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("bold code");
    await screen.waitForRows(IDLE);
    const log = ["user: go", "assistant: **bold** `code`"];
    assertTold(screen, place, { rows: IDLE, scrollback: /^› go\n\nbold code\n/mu, log });
    assert.equal(screen.text().split("bold code").length, 2);
    assert.equal(sequence(String.raw`\[[\d;]*(?:3\d|9\d|38;5;\d+)m`).test(screen.raw), isColored);
    assert.match(screen.raw, sequence(String.raw`\[1m`));
  });
}

test("a dumb terminal gets lines, typed answers, and no escape sequence", { skip }, async (t) => {
  const server = await startModelServer(t, [
    respond(
      functionCall("shell", {
        command: ["touch", "made"],
        with_escalated_permissions: true,
        justification: "it is needed",
      }),
    ),
    respond(assistantMessage("**understood**")),
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place, env: { TERM: "dumb" } });
  await screen.waitFor(/^> $|^>$/mu);
  screen.type("go\n");
  await screen.waitFor("$ touch made");
  await screen.waitFor("Answer:");
  await screen.waitUntil(() => {
    screen.type("n not now\n");
    return screen.text().includes("You refused");
  }, "the answer to be taken");
  await screen.waitFor("told the model: not now");
  await screen.waitFor("understood");
  assert.match(JSON.stringify(server.requests[1]?.body), /not now/u);
  await screen.waitForRows(/^> ?$(?![^])/mu);
  assert.ok(sessionLog(place).includes("user: not now"));
  assert.match(screen.text(), /^> go\n[^]*You refused: \$ touch made[^]*^understood\n/mu);
  assert.equal(existsSync(join(place.workspace, "made")), false);
  screen.type("/quit\n");
  assert.equal(await screen.exitCode(), 0);
  assert.ok(!screen.raw.includes("\u001b"), "no escape sequence");
});

test(
  "a screen reader hears what happens, in ASCII, with numbers to choose by",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("one paragraph"))]);
    const place = makePlace(t, server, "", false);
    const screen = new TerminalScreen(t, { place, args: ["--screen-reader"] });
    await screen.waitFor("Number from 1 to 3 or a word, 1 is suggested; an empty line quits:");
    screen.type("1\n");
    await screen.waitFor("gpt-5 medium | on-request | workspace-write | net off");
    screen.type("go\n");
    await screen.waitFor("one paragraph");
    await screen.waitFor("! Assistant finished");
    await screen.waitForRows(/^> ?$(?![^])/mu);
    assertTold(screen, place, {
      rows: /^! Assistant finished\n/mu,
      scrollback: /^> go\n\n> go\n\none paragraph\n\n! Assistant finished$/mu,
      log: ["user: go", "assistant: one paragraph"],
    });
    assert.match(JSON.stringify(server.requests[0]?.body), /"text":"go"/u);
    const config = readFileSync(join(place.codexHome, "config.toml"), "utf8");
    assert.ok(config.includes(`[projects."${place.workspace}"]\ntrust_level = "trusted"`));
    screen.type(KEY.control("c"));
    await screen.waitFor("Press Ctrl-C again to quit");
    screen.type(KEY.control("c"));
    assert.equal(await screen.exitCode(), 0);
    assert.ok(!screen.raw.includes("\u001b"), "no escape sequence");
  },
);

test(
  "what is typed before the program is there is in the draft, and is sent at once",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("the answer"))]);
    const screen = new TerminalScreen(t, { place: makePlace(t, server) });
    screen.type("typed ahead");
    await screen.waitFor("› typed ahead");
    // The composer is drawn before there is a conversation; the message waits for it.
    screen.type(KEY.enter);
    await screen.waitFor(/^the answer$/mu);
    assert.match(JSON.stringify(server.requests[0]?.body), /typed ahead/u);
    assert.equal(screen.text().split("session   ").length, 2);
  },
);

test("who quits at the first frame is out", { skip }, async (t) => {
  const screen = new TerminalScreen(t, {
    place: makePlace(t, await startModelServer(t, [respond(assistantMessage("unused"))])),
  });
  await screen.waitUntil(() => screen.raw.includes("Ask for something"), "the first frame");
  screen.type(KEY.control("d"));
  assert.equal(await screen.exitCode(), 0);
});
