/** Who looks somewhere else is called; who looks here is not. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  functionCall,
  needsLoopback,
  respond,
  startModelServer,
} from "../support/model-server.ts";
import { firstReason } from "../support/skip-reasons.ts";
import {
  assertTold,
  ESC,
  IDLE,
  KEY,
  makePlace,
  TerminalScreen,
} from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);
const BELL = "\u0007";
const FOCUS_LOST = `${ESC}[O`;
const FOCUS_GAINED = `${ESC}[I`;
const FOCUS_ON = `${ESC}[?1004h`;

test(
  "the bell rings at the end of a turn when the window was left, and only then",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [
      respond(assistantMessage("the first")),
      respond(assistantMessage("the second")),
    ]);
    const screen = new TerminalScreen(t, { place: makePlace(t, server) });
    await screen.waitFor("Ask for something");
    assert.ok(screen.raw.includes(FOCUS_ON));
    screen.send("go");
    await screen.waitFor(/^the first$/mu);
    await screen.waitUntil(
      () => !screen.text().includes("esc to interrupt"),
      "the end of the turn",
    );
    assert.ok(!screen.raw.includes(BELL));
    screen.send("go");
    screen.type(FOCUS_LOST);
    await screen.waitFor(/^the second$/mu);
    await screen.waitUntil(() => screen.raw.includes(BELL), "the bell");
    screen.type(FOCUS_GAINED);
    screen.type(KEY.control("d"));
    assert.equal(await screen.exitCode(), 0);
    assert.ok(screen.raw.lastIndexOf(`${ESC}[?1004l`) > screen.raw.lastIndexOf(FOCUS_ON));
  },
);

test("a terminal that knows notifications gets one for a question", { skip }, async (t) => {
  const command = {
    command: ["touch", "x"],
    with_escalated_permissions: true,
    justification: "so",
  };
  const server = await startModelServer(t, [
    respond(functionCall("shell", command)),
    respond(assistantMessage("ok")),
  ]);
  const place = makePlace(t, server);
  // The message comes with the command line: no key was pressed for a long time.
  const screen = new TerminalScreen(t, { place, args: ["go"], env: { TERM_PROGRAM: "WezTerm" } });
  await screen.waitFor("touch x");
  const notice = `${ESC}]9;Codex asks for your approval${BELL}`;
  await screen.waitUntil(() => screen.raw.includes(notice), "the notification");
});

test(
  "notifications that are switched off ring nothing and ask for no focus",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("answer"))]);
    const place = makePlace(t, server, "tui.notifications = false");
    const screen = new TerminalScreen(t, { place, args: ["go"] });
    await screen.waitFor(/^answer$/mu);
    await screen.waitUntil(
      () => !screen.text().includes("esc to interrupt"),
      "the end of the turn",
    );
    screen.type(KEY.control("d"));
    assert.equal(await screen.exitCode(), 0);
    assert.ok(!screen.raw.includes(BELL));
    assert.ok(!screen.raw.includes(FOCUS_ON));
  },
);

/** After so long without a key nobody may be there. */
const AWAY_MS = 10_000;

test(
  "after ten seconds without a key the bell rings; without animations that is one step",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [
      respond(assistantMessage("at once")),
      { stream: [AWAY_MS + 700, ...respond(assistantMessage("late")).stream] },
    ]);
    const place = makePlace(t, server, "tui.animations = false");
    const told = join(place.codexHome, "told.json");
    const notify = `notify = ["bash", "-c", 'printf "%s\\n" "$#" "$@" >> ${told}', "name"]`;
    const config = join(place.codexHome, "config.toml");
    writeFileSync(config, `${notify}\n${readFileSync(config, "utf8")}`);
    const screen = new TerminalScreen(t, {
      place,
      env: { TMUX: "/x,1,0", TERM_PROGRAM: "WezTerm" },
    });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor(/^at once$/mu);
    await screen.waitForRows(IDLE);
    await screen.waitUntil(() => existsSync(told), "the program of the user");
    assert.ok(!screen.raw.includes(BELL), "who has just typed is here");
    screen.send("again");
    await screen.waitForRows(/ · 0s · esc to interrupt$/u);
    await screen.waitForRows(/ · 10s · esc to interrupt$/u);
    await screen.waitFor(/^late$/mu);
    await screen.waitUntil(() => screen.raw.includes(BELL), "the bell");
    await screen.waitForRows(IDLE);
    assert.doesNotMatch(screen.raw, new RegExp(`[^\\d][1-9]s(?:${ESC}| )`, "u"));
    // Not through tmux, to whatever terminal there is around it.
    assert.ok(!screen.raw.includes(`${ESC}]9;`));
    assert.ok(!screen.raw.includes(`${ESC}Ptmux`));
    assertTold(screen, place, {
      rows: IDLE,
      scrollback: /^› go\n\nat once\n\n› again\n\nlate\n/mu,
      log: ["user: go", "assistant: at once", "user: again", "assistant: late"],
    });
    const lines = readFileSync(told, "utf8").trimEnd().split("\n");
    assert.equal(lines[0], "1", "one argument");
    assert.match(lines[1] ?? "", /^\{"type":"agent-turn-complete",.*"at once"\}$/u);
    assert.equal(lines.length, 4);
  },
);

test("with CI=true the screen is the same, but no second is counted", { skip }, async (t) => {
  const server = await startModelServer(t, [
    { stream: [2500, ...respond(assistantMessage("late")).stream] },
  ]);
  const screen = new TerminalScreen(t, { place: makePlace(t, server), env: { CI: "true" } });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor("esc to interrupt");
  await screen.waitFor(/^late$/mu);
  assert.doesNotMatch(screen.raw, new RegExp(`[12]s${ESC}`, "u"));
  assert.match(screen.raw, new RegExp(`0s${ESC}`, "u"));
});
