/** The status line says what holds, in any width; and the questions before a session in their order. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  CREATED,
  HANG,
  needsLoopback,
  type ServerAnswer,
  startModelServer,
} from "../support/model-server.ts";
import { firstReason } from "../support/skip-reasons.ts";
import { KEY, makePlace, TerminalScreen } from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);

/** An answer whose request took so many tokens of the window. */
function respondWith(text: string, input: number, output: number): ServerAnswer {
  const usage = { input_tokens: input, output_tokens: output, total_tokens: input + output };
  const response = { id: "resp_1", output: [], usage };
  return { stream: [CREATED, assistantMessage(text), { type: "response.completed", response }] };
}

const statusOf = (screen: TerminalScreen): string =>
  screen.rows().findLast((row) => row !== "") ?? "";

test(
  "fields go when there is no room: the directory first, approval, sandbox and the turn last",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [
      respondWith("the first answer", 1000, 500),
      respondWith("the second answer", 9200, 300),
      { stream: [CREATED, HANG] },
    ]);
    const place = makePlace(t, server, "model_context_window = 11000");
    const screen = new TerminalScreen(t, { place, columns: 110 });
    const rules = "gpt-5 medium · on-request · workspace-write";
    await screen.waitFor("Ask for something");
    await screen.waitUntil(() => statusOf(screen).startsWith(`${rules} · net off · `), "all of it");
    assert.doesNotMatch(statusOf(screen), /ctx/u, "hidden until the first turn");
    assert.match(statusOf(screen), /work$/u);
    screen.send("one");
    await screen.waitFor("the first answer");
    // 500 of the 10,000 that the instructions leave.
    await screen.waitUntil(() => statusOf(screen).endsWith("work · 95% ctx"), "what is left");
    screen.send("two");
    await screen.waitFor("the second answer");
    const low = "! 15% ctx, /compact";
    await screen.waitUntil(() => statusOf(screen).endsWith(low), "little is left");
    for (const [columns, expected] of [
      [82, `${rules} · net off · ${low}`],
      [72, `${rules} · ${low}`],
      [52, rules],
      [40, "on-request · workspace-write"],
    ] as const) {
      screen.resize(columns, 24);
      await screen.waitUntil(() => statusOf(screen) === expected, expected);
    }
    screen.resize(120, 24);
    await screen.waitUntil(() => statusOf(screen).includes("net off"), "all of it again");
    screen.send("three");
    await screen.waitUntil(
      () => statusOf(screen).endsWith(" · 1s · esc to interrupt"),
      "the time that it takes",
    );
    for (const [columns, expected] of [
      [60, /^on-request · workspace-write · \d+s · esc to interrupt$/u],
      [50, /^workspace-write · \d+s · esc to interrupt$/u],
      [36, /^workspace-write · esc to interrupt$/u],
      [20, /^esc to interrupt$/u],
    ] as const) {
      screen.resize(columns, 24);
      await screen.waitUntil(() => expected.test(statusOf(screen)), String(expected));
    }
    screen.resize(120, 24);
    await screen.waitUntil(() => statusOf(screen).includes("net off"), "all of it once more");
    screen.send("four");
    await screen.waitUntil(() => statusOf(screen).includes("esc to interrupt · 1 queued"), "queue");
    screen.type(KEY.escape);
    await screen.waitFor("Interrupted");
    await screen.waitUntil(() => !/esc|queued/u.test(statusOf(screen)), "the end of the turn");
  },
);

test(
  "the way to a model comes before trust, and each answer says which rules it gives",
  { skip },
  async (t) => {
    const place = makePlace(t, undefined, "", false);
    const before = readFileSync(join(place.codexHome, "config.toml"), "utf8");
    const screen = new TerminalScreen(t, { place, columns: 110 });
    await screen.waitFor("How should a model be reached?");
    assert.doesNotMatch(screen.text(), /Do you trust/u);
    await screen.waitFor("Enter an API key");
    await screen.waitFor("Signing in with ChatGPT is not supported");
    screen.type(KEY.enter);
    await screen.waitFor("(not shown while typing)");
    // A paste that nobody marked, with its line end.
    screen.type("sk-test-1234567890\r");
    await screen.waitFor("(18 characters)");
    screen.type(KEY.enter);
    await screen.waitFor("Do you trust this directory?");
    await screen.waitFor("nothing is stored"); // the last row of it, which may come in a later piece
    const text = screen.text().replaceAll(/\n +/gu, " ");
    assert.ok(text.includes(place.workspace));
    assert.match(text, /1\. Trust it.*may write here.*\(on-request\)/u);
    assert.match(text, /2\. Do not.*read-only.*\(on-request\)/u);
    assert.match(text, /3\. Quit.*nothing is stored/u);
    screen.type("3");
    assert.equal(await screen.exitCode(), 0);
    assert.equal(readFileSync(join(place.codexHome, "config.toml"), "utf8"), before);
    assert.ok(!screen.raw.includes("sk-test"));
  },
);
