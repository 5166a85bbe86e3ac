/** The terminal is lent to others, and put back as it was. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { codexBinary, needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  needsLoopback,
  respond,
  startModelServer,
} from "../support/model-server.ts";
import { firstReason } from "../support/skip-reasons.ts";
import { ESC, KEY, makePlace, TerminalScreen } from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);

/** Bracketed paste off, and the keyboard as it was. */
const RESTORED = `${ESC}[<u${ESC}[?2004l`;

test("Ctrl-G edits the draft in the user's editor", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
  const place = makePlace(t, server);
  const editor = join(place.codexHome, "editor.sh");
  writeFileSync(editor, '#!/bin/sh\nprintf "%s, edited\\n" "$(cat "$1")" > "$1"\n', {
    mode: 0o755,
  });
  const screen = new TerminalScreen(t, { place, env: { EDITOR: editor } });
  await screen.waitFor("Ask for something");
  screen.type("draft");
  await screen.waitFor("› draft");
  screen.type(KEY.control("g"));
  await screen.waitFor("› draft, edited");
  screen.type(KEY.paste("!"));
  await screen.waitFor("› draft, edited!");
});

test(
  "Ctrl-Z puts the terminal back, and without a shell the session goes on",
  { skip },
  async (t) => {
    const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
    const screen = new TerminalScreen(t, { place: makePlace(t, server) });
    await screen.waitFor("Ask for something");
    screen.type("draft");
    await screen.waitFor("› draft");
    screen.type(KEY.control("z"));
    await screen.waitUntil(() => screen.raw.includes(RESTORED), "the terminal to be put back");
    screen.type(" more");
    await screen.waitFor("› draft more");
  },
);

test("Ctrl-Z stops the program in a shell, and fg brings it back", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
  const program = ["bash", "--norc", "-i"];
  const screen = new TerminalScreen(t, { place: makePlace(t, server), program });
  screen.type(`${codexBinary}\n`);
  await screen.waitFor("Ask for something");
  screen.type(KEY.control("z"));
  await screen.waitFor("Stopped");
  screen.type("echo in the $((1 + 1))nd shell\n");
  await screen.waitFor("in the 2nd shell");
  screen.type("fg\n");
  await screen.waitUntil(() => screen.text().split("Ask for something").length > 1, "the draft");
  screen.type(KEY.paste("back again"));
  await screen.waitFor("› back again");
});

test("SIGTERM ends the session with the terminal put back", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("ok"))]);
  const screen = new TerminalScreen(t, { place: makePlace(t, server) });
  await screen.waitFor("Ask for something");
  process.kill(screen.pid, "SIGTERM");
  assert.equal(await screen.exitCode(), 143);
  assert.ok(screen.raw.includes(RESTORED));
});

test("Ctrl-T shows the transcript in $PAGER, whose Ctrl-C is its own", { skip }, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("the answer"))]);
  const place = makePlace(t, server);
  const pager = join(place.codexHome, "pager.sh");
  const script = `#!/bin/sh
trap 'echo "a signal for the pager"' INT
echo "pager $1 $(tr '\\n' ' ' < "$2")"
while ! read -r words; do :; done
echo "read $words"
exit 3
`;
  writeFileSync(pager, script, { mode: 0o755 });
  const screen = new TerminalScreen(t, { place, env: { PAGER: `${pager} -x` } });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor(/^the answer$/mu);
  screen.type(KEY.control("t"));
  await screen.waitFor(/pager -x .*You.*go.*the answer/u);
  screen.type(KEY.control("c"));
  await screen.waitFor("a signal for the pager");
  screen.type("q\n");
  await screen.waitFor("read q");
  await screen.waitFor("The pager ended with exit code 3");
  screen.type("draft");
  await screen.waitFor("› draft");
  assert.doesNotMatch(screen.text(), /Press Ctrl-C again/u);
});
