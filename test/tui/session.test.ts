import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  functionCall,
  needsLoopback,
  respond,
  startModelServer,
  textDelta,
} from "../support/model-server.ts";
import { firstReason } from "../support/skip-reasons.ts";
import { assertTold, KEY, makePlace, TerminalScreen } from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);

test("one prompt is answered, a command approved, and the session ended", { skip }, async (t) => {
  const server = await startModelServer(t, [
    respond(
      functionCall("shell", {
        command: ["touch", "made-by-approval"],
        with_escalated_permissions: true,
        justification: "the file is needed",
      }),
    ),
    respond(textDelta("All "), textDelta("done."), assistantMessage("All done.")),
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place });
  await screen.waitFor("Ask for something");
  screen.send("make a file");
  await screen.waitFor("The model says: the file is needed");
  await screen.waitFor("touch made-by-approval");
  await screen.waitFor("WITHOUT sandbox");
  assert.equal(existsSync(join(place.workspace, "made-by-approval")), false);
  await screen.questionTakesKeys();
  screen.type("y");
  await screen.waitFor("All done.");
  assert.match(
    screen.text(),
    /› make a file[\s\S]*You approved, this once: \$ touch made-by-approval/u,
  );
  assert.equal(existsSync(join(place.workspace, "made-by-approval")), true);
  await screen.waitUntil(() => !screen.text().includes("esc to interrupt"), "the end of the turn");
  screen.type(KEY.control("d"));
  assert.equal(await screen.exitCode(), 0);
  assert.match(screen.text(), /codex resume [0-9a-f-]{36}/u);
  assertTold(screen, place, {
    rows: /^To go on with this session: codex resume [0-9a-f-]{36}$(?![^])/mu,
    scrollback:
      /^› make a file\n\n✓ You approved, this once: \$ touch made-by-approval\n[^]*^All done\.\n/mu,
    log: ["user: make a file", /^call: shell .*touch/u, /^output: /u, "assistant: All done."],
  });
});

for (const [how, env] of [
  ["on the screen", {}],
  ["in line mode", { TERM: "dumb" }],
] as const) {
  test(
    `a session that could not be kept is not offered to go on with, ${how}`,
    { skip },
    async (t) => {
      const server = await startModelServer(t, [respond(assistantMessage("All done."))]);
      const place = makePlace(t, server);
      writeFileSync(join(place.codexHome, "sessions"), "");
      const screen = new TerminalScreen(t, { place, env, columns: 120 });
      await screen.waitFor(how === "in line mode" ? /^>/mu : "Ask for something");
      screen.send("go");
      await screen.waitFor("All done.");
      await screen.waitFor(/what follows is not kept for "codex\s+resume"/u);
      await screen.waitUntil(
        () => !screen.text().includes("esc to interrupt"),
        "the end of the turn",
      );
      screen.type(KEY.control("d"));
      assert.equal(await screen.exitCode(), 0);
      assert.doesNotMatch(screen.text(), /To go on with this session/u);
    },
  );
}
