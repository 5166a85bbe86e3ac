/** Keys as different terminals send them: kitty's protocol, and tmux between us and the terminal. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { basename } from "node:path";
import { test, type TestContext } from "node:test";
import { codexBinary, needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  COMPLETED,
  CREATED,
  HANG,
  needsLoopback,
  respond,
  startModelServer,
  textDelta,
} from "../support/model-server.ts";
import { firstReason, needsProgram } from "../support/skip-reasons.ts";
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

/** A key of kitty's protocol: code point, and modifiers plus one. */
function kitty(codePoint: number, modifiers = 1): string {
  return modifiers === 1 ? `${ESC}[${codePoint}u` : `${ESC}[${codePoint};${modifiers}u`;
}

const SHIFT = 2;
const ALT = 3;
const CTRL = 5;
const code = (letter: string): number => letter.charCodeAt(0);

test("keys of kitty's protocol do what their older forms do", { skip }, async (t) => {
  const server = await startModelServer(t, [
    { stream: [CREATED, textDelta("half an"), HANG] },
    respond(assistantMessage("the second answer")),
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("Ask for something");
  assert.ok(screen.raw.includes(`${ESC}[>1u`), "the protocol is asked for");
  screen.type("one");
  screen.type(kitty(13, SHIFT));
  await screen.waitUntil(() => screen.cursor.column === 2, "the second line");
  screen.type("two");
  screen.type(kitty(13, ALT));
  await screen.waitUntil(() => screen.cursor.column === 2, "the third line");
  screen.type("three");
  screen.type(kitty(code("j"), CTRL));
  await screen.waitUntil(() => screen.cursor.column === 2, "the fourth line");
  screen.type("four wrong");
  await screen.waitFor("  four wrong");
  screen.type(kitty(code("w"), CTRL));
  await screen.waitUntil(() => !screen.text().includes("wrong"), "the word to go");
  screen.type(kitty(127));
  await screen.waitUntil(() => screen.cursor.column === 6, "the blank to go");
  screen.type(KEY.enter);
  await screen.waitFor("half an");
  assert.match(screen.text(), /^› one\n {2}two\n {2}three\n {2}four$/mu);
  screen.type(kitty(27));
  await screen.waitFor("✗ Interrupted");
  screen.type("draft");
  await screen.waitFor("› draft");
  screen.type(kitty(code("c"), CTRL));
  await screen.waitUntil(() => !screen.text().includes("› draft"), "the draft to go");
  // With Command it is the window system's, whatever reaches us of it.
  screen.type(kitty(code("c"), 9));
  screen.type("again");
  await screen.waitFor("› again");
  screen.type(kitty(57414));
  await screen.waitFor("the second answer");
  assert.deepEqual(sessionLog(place).slice(0, 1), ["user: one\ntwo\nthree\nfour"]);
  assert.match(JSON.stringify(server.requests[1]?.body), /"again"/u);
  await screen.waitUntil(() => !screen.text().includes("esc to interrupt"), "the end of the turn");
  screen.type(kitty(code("d"), CTRL));
  assert.equal(await screen.exitCode(), 0);
  assert.ok(screen.raw.lastIndexOf(`${ESC}[<u`) > screen.raw.lastIndexOf(`${ESC}[>1u`));
});

/** The program inside of a tmux of its own. */
class Tmux {
  readonly screen: TerminalScreen;
  readonly #socket: string;

  constructor(t: TestContext, place: Place) {
    this.#socket = `codex-test-${process.pid}-${basename(place.codexHome)}-${performance.now()}`;
    const program = ["tmux", "-L", this.#socket, "-f", "/dev/null", "-u", "new-session"];
    const settings = ["set", "-s", "escape-time", "0", ";", "set", "-s", "extended-keys", "on"];
    this.screen = new TerminalScreen(t, {
      place,
      columns: 100,
      rows: 30,
      program: [...program, codexBinary, ";", ...settings],
    });
    t.after(() => this.#run("kill-server"));
  }

  /** What of the program is in tmux's scrollback and on its screen. */
  text(): string {
    return this.#run("capture-pane", "-p", "-S", "-");
  }

  #run(...words: readonly string[]): string {
    return spawnSync("tmux", ["-L", this.#socket, ...words], { encoding: "utf8" }).stdout;
  }
}

test(
  "inside of tmux: modified keys, pastes, Esc, and a scrollback with everything once",
  { skip: firstReason(skip, needsProgram("tmux")) },
  async (t) => {
    const text = Array.from({ length: 60 }, (_, index) => `paragraph number ${index}\n\n`).join("");
    const server = await startModelServer(t, [
      {
        stream: [
          CREATED,
          ...text.split(/(?<=\n\n)/u).flatMap((part) => [textDelta(part), 10]),
          assistantMessage(text),
          COMPLETED,
        ],
      },
      { stream: [CREATED, textDelta("half an"), HANG] },
    ]);
    const place = makePlace(t, server);
    const tmux = new Tmux(t, place);
    const { screen } = tmux;
    await screen.waitFor("Ask for something");
    screen.type("one");
    await screen.waitFor("› one");
    screen.type(`${ESC}[27;2;13~`);
    await screen.waitUntil(() => screen.cursor.column === 2, "the second line");
    screen.type(KEY.paste("two\nthree"));
    await screen.waitFor("  three");
    screen.type(KEY.enter);
    await screen.waitFor("paragraph number 59");
    await screen.waitUntil(() => !screen.text().includes("esc to interrupt"), "the end");
    const all = tmux.text();
    const numbers = [...all.matchAll(/^paragraph number (\d+)$/gmu)].map(([, digits]) =>
      Number(digits),
    );
    assert.deepEqual(
      numbers,
      Array.from({ length: 60 }, (_, index) => index),
    );
    assert.match(all, /^› one\n {2}two\n {2}three$/mu);
    assert.deepEqual(sessionLog(place).slice(0, 1), ["user: one\ntwo\nthree"]);
    assert.equal(all.split("Ask for something").length, 2, "one live region");
    screen.send("again");
    await screen.waitFor("half an");
    screen.type(KEY.escape);
    await screen.waitFor("✗ Interrupted");
    screen.type(KEY.control("d"));
    assert.equal(await screen.exitCode(), 0);
    assert.doesNotMatch(screen.raw, sequence(String.raw`\[3J`));
  },
);
