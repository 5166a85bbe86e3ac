/** Esc and Ctrl-C in every state: what stops, what stays, and what the model will know. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  CREATED,
  functionCall,
  HANG,
  type ModelServer,
  needsLoopback,
  respond,
  type ServerAnswer,
  startModelServer,
  textDelta,
} from "../support/model-server.ts";
import { firstReason, needsSandbox } from "../support/skip-reasons.ts";
import {
  ESC,
  KEY,
  makePlace,
  type Place,
  sessionLog,
  TerminalScreen,
  assertTold,
  IDLE,
} from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);

/** As kitty sends it: behind a lone ESC byte a letter would be one with Alt. */
const ESCAPE = `${ESC}[27u`;
const KEYS = { Esc: ESCAPE, "Ctrl-C": KEY.control("c") } as const;
type KeyName = keyof typeof KEYS;

interface Session {
  readonly screen: TerminalScreen;
  readonly place: Place;
  readonly server: ModelServer;
}

/** A session in which the model answers the first request so, if there is such an answer. */
async function session(t: TestContext, first?: ServerAnswer): Promise<Session> {
  const next = respond(assistantMessage("the next answer"));
  const server = await startModelServer(t, first === undefined ? [next] : [first, next]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("Ask for something");
  return { screen, place, server };
}

/** The session goes on, and the model gets what it has to know; `before` is in the log already. */
async function goesOn(
  { screen, place, server }: Session,
  requests: number,
  before: readonly (string | RegExp)[] = [],
): Promise<void> {
  await screen.waitForRows(IDLE);
  screen.send("go on");
  await screen.waitFor(/^the next answer$/mu);
  await screen.waitForRows(IDLE);
  assert.equal(server.requests.length, requests);
  assertTold(screen, place, {
    rows: /^the next answer\n\n› Ask for something\n/mu,
    scrollback: /^› go on\n\nthe next answer\n/mu,
    log: [...before, "user: go on", "assistant: the next answer"],
  });
  assert.doesNotMatch(screen.text(), /Press Ctrl-C|esc to interrupt|Leave the sandbox/u);
  assert.match(JSON.stringify(server.requests.at(-1)?.body), /go on/u);
}

function bothKeys(name: string, run: (t: TestContext, key: KeyName) => Promise<void>): void {
  for (const key of ["Esc", "Ctrl-C"] as const) {
    test(`${key}: ${name}`, { skip }, (t) => run(t, key));
  }
}

bothKeys("on an empty draft nothing is lost, and nothing ends at once", async (t, key) => {
  const started = await session(t);
  const { screen } = started;
  screen.type(KEYS[key]);
  if (key === "Ctrl-C") await screen.waitFor("Press Ctrl-C again to quit");
  screen.type("words");
  await screen.waitFor("› words");
  screen.type(KEY.control("u"));
  await goesOn(started, 1);
});

test("Esc leaves a draft alone, Ctrl-C puts it into the history", { skip }, async (t) => {
  const { screen, place, server } = await session(t);
  screen.type("words");
  await screen.waitFor("› words");
  screen.type(ESCAPE);
  screen.type("!");
  await screen.waitFor("› words!");
  screen.type(KEY.control("c"));
  await screen.waitUntil(() => !screen.text().includes("› words!"), "the draft to go");
  screen.type(KEY.up);
  await screen.waitForRows(/^› words!\n[^\n]* · [^\n]*$(?![^])/mu);
  assert.equal(server.requests.length, 0);
  const scrollback = /^Codex [^]*\n\n› words!\n/u;
  assertTold(screen, place, { rows: /^› words!\n/mu, scrollback, log: [] });
});

bothKeys("a menu closes, and its draft stays", async (t, key) => {
  const { screen, place, server } = await session(t);
  writeFileSync(join(place.workspace, "engine.ts"), "");
  screen.type("/st");
  await screen.waitFor("/status");
  screen.type(KEYS[key]);
  await screen.waitUntil(() => !screen.text().includes("/status"), "the menu to close");
  await screen.waitFor("› /st");
  screen.type(KEY.control("u"));
  screen.type("see @engi");
  await screen.waitFor("engine.ts");
  screen.type(KEYS[key]);
  await screen.waitUntil(() => !screen.text().includes("engine.ts"), "the menu to close");
  await screen.waitForRows(/^› see @engi\n[^\n]* · [^\n]*$(?![^])/mu);
  assert.equal(server.requests.length, 0);
  const scrollback = /^Codex [^]*\n\n› see @engi\n/u;
  assertTold(screen, place, { rows: /^› see @engi\n/mu, scrollback, log: [] });
});

bothKeys("a search in the history ends, and the draft is there again", async (t, key) => {
  const started = await session(t);
  const { screen } = started;
  await goesOn(started, 1);
  await screen.waitUntil(() => !screen.text().includes("esc to interrupt"), "the end of the turn");
  screen.type("draft");
  await screen.waitFor("› draft");
  screen.type(KEY.control("r"));
  screen.type("go");
  await screen.waitUntil(() => screen.text().split("› go on").length === 3, "what was found");
  screen.type(KEYS[key]);
  await screen.waitForRows(/^› draft\n[^\n]* · [^\n]*$(?![^])/mu);
  assert.doesNotMatch(screen.text(), /history search/u);
  assertTold(screen, started.place, {
    rows: /^› draft\n/mu,
    scrollback: /^› go on\n\nthe next answer\n\n› draft\n/mu,
    log: ["user: go on", "assistant: the next answer"],
  });
});

bothKeys("a silent model is left, the draft stays", async (t, key) => {
  const started = await session(t, { stream: [CREATED, HANG] });
  const { screen, place } = started;
  screen.send("go");
  await screen.waitFor("esc to interrupt");
  screen.type("draft");
  await screen.waitFor("› draft");
  screen.type(KEYS[key]);
  await screen.waitFor("✗ Interrupted");
  await screen.waitFor("› draft");
  await started.server.requests[0]?.closed;
  assert.deepEqual(sessionLog(place), ["user: go"]);
  screen.type(KEY.control("u"));
  await goesOn(started, 2, ["user: go"]);
});

bothKeys("an answer stops where it is, and is kept as far as it came", async (t, key) => {
  const started = await session(t, {
    stream: [CREATED, textDelta("a paragraph\n\nhalf of"), HANG],
  });
  const { screen } = started;
  screen.send("go");
  await screen.waitFor("half of");
  screen.type(KEYS[key]);
  await screen.waitFor("✗ Interrupted");
  await goesOn(started, 2, ["user: go", "assistant: a paragraph\n\nhalf of"]);
  assert.match(screen.text(), /^a paragraph\n\nhalf of\n\n✗ Interrupted$/mu);
});

bothKeys("waiting for another attempt ends", async (t, key) => {
  const overloaded = { status: 503, headers: { "retry-after": "30" }, body: {} };
  const started = await session(t, overloaded);
  const { screen } = started;
  screen.send("go");
  await screen.waitFor(/retrying 1\/\d+/u);
  screen.type(KEYS[key]);
  await screen.waitFor("✗ Interrupted");
  await goesOn(started, 2, ["user: go"]);
});

for (const key of ["Esc", "Ctrl-C"] as const) {
  test(
    `${key}: a command ends with its children, and the model is told`,
    { skip: firstReason(skip, needsSandbox) },
    async (t) => {
      const script = "echo one; sleep 300 & echo $!; wait";
      const started = await session(
        t,
        respond(functionCall("shell", { command: ["bash", "-c", script], timeout_ms: 600_000 })),
      );
      const { screen } = started;
      screen.send("go");
      await screen.waitFor(/^ {2}one\n {2}\d+$/mu);
      const child = /^ {2}one\n {2}(\d+)$/mu.exec(screen.text())?.[1] ?? "";
      screen.type(KEYS[key]);
      await screen.waitFor(/✗ \$ echo one.*stopped after .*, it had\s+printed 2\s+lines/u);
      await screen.waitUntil(() => !isSleeping(child), "the end of the child");
      await goesOn(started, 2, ["user: go", /^call: shell .*echo one/u, /^output: .*aborted/u]);
    },
  );
}

/** Pids are those of this machine: commands have no namespace of their own. */
function isSleeping(pid: string): boolean {
  const path = `/proc/${pid}/cmdline`;
  return existsSync(path) && readFileSync(path, "utf8").includes("sleep");
}

const ESCALATED = functionCall("shell", {
  command: ["touch", "made"],
  with_escalated_permissions: true,
  justification: "it is needed",
});

bothKeys("a question is refused and the turn ends, even while it is guarded", async (t, key) => {
  const started = await session(t, respond(ESCALATED));
  const { screen, place } = started;
  screen.send("go");
  await screen.waitFor("Keys go to the draft");
  screen.type(KEYS[key]);
  await screen.waitFor("You refused and stopped the turn: $ touch made");
  await screen.waitFor("✗ Interrupted");
  await goesOn(started, 2, ["user: go", /^call: shell .*touch/u, /^output: /u]);
  assert.equal(existsSync(join(place.workspace, "made")), false);
});

test("the reason of a refusal: Esc goes back, Ctrl-C stops the turn", { skip }, async (t) => {
  const started = await session(t, respond(ESCALATED));
  const { screen, place } = started;
  screen.send("go");
  await screen.waitFor("Press a key of the list");
  screen.type("n");
  await screen.waitFor("What should the model do instead?");
  screen.type(ESCAPE);
  await screen.waitFor("Press a key of the list");
  screen.type("n");
  await screen.waitFor("What should the model do instead?");
  screen.type(KEY.control("c"));
  await screen.waitFor("You refused and stopped the turn: $ touch made");
  await goesOn(started, 2, ["user: go", /^call: shell .*touch/u, /^output: /u]);
  assert.equal(existsSync(join(place.workspace, "made")), false);
});

bothKeys("the pager is left, and what runs goes on", async (t, key) => {
  const started = await session(t, {
    stream: [
      CREATED,
      textDelta("begun\n\n"),
      1500,
      textDelta("ended"),
      assistantMessage("begun\n\nended"),
      ...respond().stream.slice(1),
    ],
  });
  const { screen } = started;
  screen.send("go");
  await screen.waitFor("begun");
  screen.type(KEY.control("t"));
  await screen.waitFor("q leaves");
  screen.type(KEYS[key]);
  await screen.waitFor(/^begun\n\nended$/mu);
  assert.doesNotMatch(screen.text(), /Interrupted/u);
  await goesOn(started, 2, ["user: go", "assistant: begun\n\nended"]);
});

bothKeys("the question of trust ends the program and stores nothing", async (t, key) => {
  const server = await startModelServer(t, [respond(assistantMessage("unused"))]);
  const place = makePlace(t, server, "", false);
  const config = join(place.codexHome, "config.toml");
  const before = readFileSync(config, "utf8");
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("Do you trust this directory?");
  screen.type(KEYS[key]);
  assert.equal(await screen.exitCode(), 0);
  assert.equal(readFileSync(config, "utf8"), before);
  assert.equal(server.requests.length, 0);
  assertTold(screen, place, { rows: /^$/u, scrollback: /^\s*$/u, log: [] });
});

bothKeys("a key that is being typed is thrown away, and the choice comes back", async (t, key) => {
  const place = makePlace(t, undefined);
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("How should a model be reached?");
  screen.type("1");
  await screen.waitFor("(not shown while typing)");
  screen.type(KEY.paste("sk-test-1234567890"));
  await screen.waitFor("(18 characters)");
  screen.type(KEYS[key]);
  await screen.waitFor("How should a model be reached?");
  screen.type("1");
  await screen.waitFor("(not shown while typing)");
  assert.equal(existsSync(join(place.codexHome, "auth.json")), false);
  assert.ok(!screen.raw.includes("sk-test"));
  const rows = /\(not shown while typing\)/u;
  assertTold(screen, place, { rows, scrollback: rows, log: [] });
  assert.doesNotMatch(screen.text(), /18 characters/u);
});
