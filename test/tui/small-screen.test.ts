/** Small terminals: what is chosen and asked is on the screen, and nothing is lost for want of room. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
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
  IDLE,
  KEY,
  makePlace,
  sessionLog,
  TerminalScreen,
} from "../support/terminal-screen.ts";

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
