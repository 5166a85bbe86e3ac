/** Small terminals: what is chosen and asked is on the screen, and nothing is lost for want of room. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
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
  sessionLog,
  TerminalScreen,
} from "../support/terminal-screen.ts";

/** As kitty sends it. */
const ESCAPE = `${ESC}[27u`;
const skip = firstReason(needsBinary, needsLoopback);

for (const rows of [6, 8, 10]) {
  test(
    `with ${rows} rows the selected choice of a menu is seen, and is chosen`,
    { skip },
    async (t) => {
      const server = await startModelServer(t, [respond(assistantMessage("an answer"))]);
      const place = makePlace(t, server, "", false);
      const screen = new TerminalScreen(t, { place, columns: 60, rows });
      await screen.waitUntil(
        () => /▸ 1\. Trust it/u.test(screen.rows().join("\n")),
        "the first choice",
      );
      assert.match(screen.rows().join("\n"), /Do you trust this directory\?/u);
      for (const choice of ["2. Do not", "3. Quit", "1. Trust it"]) {
        screen.type(KEY.down);
        const isSeen = (): boolean => screen.rows().some((row) => row.startsWith(`▸ ${choice}`));
        await screen.waitUntil(isSeen, choice);
      }
      screen.type(KEY.enter);
      await screen.waitFor("Ask for something");
      const config = readFileSync(join(place.codexHome, "config.toml"), "utf8");
      assert.ok(config.includes(`[projects."${place.workspace}"]\ntrust_level = "trusted"`));
      screen.type("/");
      for (const name of ["/model", "/approvals", "/new", "/resume", "/init"]) {
        const isSeen = (): boolean => screen.rows().some((row) => row.startsWith(`▸ ${name}`));
        await screen.waitUntil(isSeen, name);
        assert.match(screen.rows()[screen.cursor.row] ?? "", /^› \/$/u, "the draft is seen too");
        screen.type(KEY.down);
      }
      screen.type(KEY.escape);
      await screen.waitUntil(() => !screen.text().includes("▸"), "the menu to be closed");
      screen.type(KEY.control("c"));
      await screen.waitUntil(() => screen.text().includes("Ask for something"), "an empty draft");
      screen.send("go");
      await screen.waitFor(/^an answer$/mu);
      assert.equal(screen.text().split("an answer").length, 2);
      // Nothing of the menus stays behind.
      assert.doesNotMatch(screen.text(), /Trust it|\/model \[/u);
      assert.deepEqual(sessionLog(place), ["user: go", "assistant: an answer"]);
      assert.match(JSON.stringify(server.requests[0]?.body), /"text":"go"/u);
    },
  );
}

test("with less than 8 rows nothing is drawn, with more of them it is", { skip }, async (t) => {
  const text = "| a | b |\n|---|---|\n| one | two |\n\n> quoted\n\n---\n\nend";
  const server = await startModelServer(t, [respond(assistantMessage(text))]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place, columns: 80, rows: 7 });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor(/^a: one\nb: two\n\n> quoted\n\n-{40}\n\nend$/mu);
  await screen.waitForRows(IDLE);
  assert.doesNotMatch(screen.text(), /[│─]/u);
  screen.resize(80, 24);
  await screen.waitUntil(() => screen.rows().length === 24, "the new size");
  screen.send("again");
  await screen.waitFor(/^a +│ b\n─+┼─+\none │ two\n\n│ quoted\n\n─{40}\n\nend$/mu);
  await screen.waitForRows(IDLE);
  const answer = `assistant: ${text}`;
  assertTold(screen, place, {
    rows: IDLE,
    scrollback: /^b: two\n[^]*^one │ two\n/mu,
    log: ["user: go", answer, "user: again", answer],
  });
});

test(
  "below 40 columns a table is a list of its fields, and a question has room",
  { skip },
  async (t) => {
    const table = "| a | b |\n|---|---|\n| one | two |";
    const justification = "it is needed";
    const args = { command: ["touch", "made"], with_escalated_permissions: true, justification };
    const server = await startModelServer(t, [
      respond(assistantMessage(table), functionCall("shell", args)),
      respond(assistantMessage("understood")),
    ]);
    const place = makePlace(t, server);
    const screen = new TerminalScreen(t, { place, columns: 38, rows: 7 });
    await screen.waitFor("Ask for something");
    screen.send("go");
    await screen.waitFor("▸ n");
    await screen.questionTakesKeys();
    const question = /^Leave the sandbox: run this command\?\n\$ touch made\n▸ n Do not run/mu;
    await screen.waitUntil(() => question.test(screen.rows().join("\n")), "all of the question");
    // Not all of it fits, so approving takes two steps.
    screen.type("y");
    await screen.waitFor("press again");
    assert.equal(existsSync(join(place.workspace, "made")), false);
    screen.type("y");
    await screen.waitFor(/^understood$/mu);
    assert.equal(existsSync(join(place.workspace, "made")), true);
    assert.match(screen.text(), /^a: one\nb: two$/mu);
    assert.doesNotMatch(screen.text(), /[│─]/u);
    assert.match(screen.text(), /^✓ You approved, this once: \$ touch\s+made$/mu);
    assert.equal(sessionLog(place)[1], `assistant: ${table}`);
    assert.equal(server.requests.length, 2);
  },
);

const SMALL_SIZES = [
  { columns: 20, rows: 4 },
  { columns: 20, rows: 5 },
  { columns: 30, rows: 6 },
  { columns: 39, rows: 7 },
];

for (const { columns, rows } of SMALL_SIZES) {
  test(
    `at ${columns}x${rows} all answers to a patch are reached, and their keys are seen`,
    { skip },
    async (t) => {
      // Not below /tmp as far as the policy knows, so that the directory can be granted.
      const place = makePlace(t, undefined);
      const directory = join(place.workspace, "../outside");
      mkdirSync(directory);
      const patch = (name: string): string =>
        `*** Begin Patch\n*** Add File: ${join(directory, name)}\n+text\n*** End Patch\n`;
      const call = (name: string) =>
        respond(functionCall("shell", { command: ["apply_patch", patch(name)] }, name));
      const server = await startModelServer(t, [
        call("first.txt"),
        call("second.txt"),
        call("third.txt"),
        call("fourth.txt"),
        respond(assistantMessage("understood")),
      ]);
      const args = [
        "-c",
        `model_providers.s={name="s",base_url="${server.url}",wire_api="responses"}`,
        "-c",
        "model_provider=s",
        "-s",
        "workspace-write",
        "-c",
        "sandbox_workspace_write.exclude_slash_tmp=true",
      ];
      const screen = new TerminalScreen(t, { place, args, columns, rows });
      const seen = (): string => screen.rows().join("\n");
      const waitFor = (pattern: RegExp): Promise<void> =>
        screen.waitUntil(() => pattern.test(seen()), String(pattern));
      await waitFor(/Ask for someth/u);
      screen.type("go");
      await waitFor(/^› go$/mu);
      screen.type(KEY.enter);
      // The choice of Enter with its key, and the keys of the others.
      const chosen = (key: string, others: string): RegExp =>
        rows > 5
          ? new RegExp(`^▸ ${key} \\w[^]*^Keys: y,? a,? n,? esc\\b`, "mu")
          : new RegExp(`^▸ ${key} [^\\n]* ${others}$`, "mu");
      await waitFor(chosen("n", "y a esc"));
      // What is asked about is on the screen too.
      await waitFor(rows > 4 ? /^Edit files\?[^]*^Add\s+\/tmp/mu : /^Add \/tmp/mu);
      const order = [
        ["n", "y a esc"],
        ["esc", "y a n"],
        ["y", "a n esc"],
        ["a", "y n esc"],
      ] as const;
      for (const [key, others] of order) {
        await waitFor(chosen(key, others));
        screen.type(KEY.down);
      }
      await waitFor(chosen("n", "y a esc"));
      // Not all of it fits, so it takes two steps; the screen says that the first was one.
      screen.type("y");
      await waitFor(rows > 5 ? /^▸ y Edit once: p/mu : /^▸ y again\? a n esc$/mu);
      assert.equal(existsSync(join(directory, "first.txt")), false);
      screen.type("y");
      await screen.waitFor(/You approved,\s+this\s+once/u);
      // Refused with a reason, which is seen while it is typed.
      await waitFor(chosen("n", "y a esc"));
      screen.type("n");
      await waitFor(/^Why not\? Ente/mu);
      screen.type("too long to be seen in one row");
      await waitFor(/row$/mu);
      screen.type(KEY.enter);
      await screen.waitFor(/You\s+refused/u);
      await waitFor(chosen("n", "y a esc"));
      screen.type("a");
      await waitFor(rows > 5 ? /^▸ a Allow/mu : /^▸ a again\? y n esc$/mu);
      screen.type("a");
      await screen.waitFor(/approved\s+for\s+this\s+session/u);
      await screen.waitFor(/understood/u);
      const made = ["first.txt", "second.txt", "third.txt", "fourth.txt"].filter((name) =>
        existsSync(join(directory, name)),
      );
      assert.deepEqual(made, ["first.txt", "third.txt", "fourth.txt"]);
      assert.match(JSON.stringify(server.requests[2]?.body), /too long to be seen in one row/u);
    },
  );
}

test("a question comes before a draft where there is no room for both", { skip }, async (t) => {
  const args = { command: ["touch", "made"], with_escalated_permissions: true };
  const server = await startModelServer(t, [
    respond(functionCall("shell", args)),
    respond(assistantMessage("understood")),
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place, columns: 30, rows: 6 });
  await screen.waitFor("Ask for something");
  screen.send("go");
  screen.type("a draft");
  await screen.waitForRows(/^▸ n Do not run[^]*^Keys: y a n esc, Ctrl-O: all$/mu);
  assert.match(screen.screenText(), /^Leave the sandbox: run this\n\$ touch made$/mu);
  screen.type(ESCAPE);
  await screen.waitForRows(/^› a draft$/mu);
  assert.equal(existsSync(join(place.workspace, "made")), false);
});
