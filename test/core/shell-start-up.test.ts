import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { startOnly, withoutStartUp } from "../../src/core/tools/shell-start-up.ts";
import {
  assistantMessage,
  functionCall,
  respond,
  startModelServer,
} from "../support/model-server.ts";
import { runTurn, tempDir } from "./conversation-harness.ts";
import { needsCommands, outputsOf, startWithCommands } from "./shell-harness.ts";

const options = { skip: needsCommands, timeout: 60_000 };
const FULL = 'sandbox_mode="danger-full-access"';
const READ_ONLY = 'sandbox_mode="read-only"';

/** A home whose login profile does as pyenv's does: it makes files of names that differ. */
function homeWithProfile(t: TestContext): string {
  const home = tempDir(t);
  mkdirSync(join(home, "shims"));
  writeFileSync(
    join(home, ".bash_profile"),
    'mktemp "$HOME/shims/tmp.XXXXXXXXXX" > /dev/null\n: > "$HOME/shims/lock.$$"\n',
  );
  return home;
}

/** What the model got of each command, and the notices of users. */
async function outputsUnder(
  t: TestContext,
  mode: string,
  home: string,
  scripts: readonly (readonly string[])[],
): Promise<{ words: readonly string[]; notices: readonly string[] }> {
  const calls = scripts.map((command, index) =>
    functionCall("shell", { command, timeout_ms: 20_000 }, `call_${index}`),
  );
  const server = await startModelServer(t, [respond(...calls), respond(assistantMessage("done"))]);
  const { conversation } = await startWithCommands(t, {
    url: server.url,
    overrides: [mode, `shell_environment_policy.set={HOME="${home}"}`],
  });
  const messages = await runTurn(conversation, "go");
  const notices = messages.flatMap((msg) => (msg.type === "background_event" ? [msg.message] : []));
  const words = outputsOf(server.requests.at(-1)).map((output) => JSON.stringify(output));
  return { words, notices };
}

test("what a profile is denied is not blamed on the first command", options, async (t) => {
  const home = homeWithProfile(t);
  const { words, notices } = await outputsUnder(t, READ_ONLY, home, [
    ["bash", "-lc", "false"],
    ["bash", "-l", "-c", "grep -q nothing /dev/null"],
  ]);
  assert.equal(words.length, 2);
  for (const output of words) {
    // The profile really was denied, and what it printed is not hidden.
    assert.match(output, /tmp\.XXXXXXXXXX.*Permission denied.*lock\.[0-9]+: Permission denied/u);
  }
  assert.doesNotMatch(words.join("\n"), /did not let the command/u);
  assert.deepEqual(notices, []);
  assert.deepEqual(readdirSync(join(home, "shims")), []);
});

test("a command that is denied is told so, by its own cause", options, async (t) => {
  const home = homeWithProfile(t);
  const { words } = await outputsUnder(t, READ_ONLY, home, [
    ["bash", "-lc", `touch ${home}/q`],
    ["bash", "-lc", 'mktemp "$HOME/shims/tmp.XXXXXXXXXX"'],
  ]);
  assert.match(words[0] ?? "", /did not let the command change \\"[^"]*\/q\\"/u);
  // The very line that the profile prints, once more.
  assert.match(words[1] ?? "", /did not let the command change \\"[^"]*\/shims\/tmp\.X/u);
});

test("without a sandbox the same profile and commands succeed", options, async (t) => {
  const home = homeWithProfile(t);
  const { words } = await outputsUnder(t, FULL, home, [["bash", "-lc", `touch ${home}/q`]]);
  assert.match(words[0] ?? "", /"exit_code":0/u);
  assert.doesNotMatch(words[0] ?? "", /Permission denied/u);
  assert.ok(readdirSync(home).includes("q"));
  assert.equal(readdirSync(join(home, "shims")).length, 2);
});

test("only a script for a shell has a start of its own", () => {
  assert.deepEqual(startOnly(["bash", "-lc", "false"]), ["bash", "-lc", ":"]);
  assert.deepEqual(startOnly(["/bin/zsh", "-l", "-c", "x", "a"]), ["/bin/zsh", "-l", "-c", ":"]);
  assert.deepEqual(startOnly(["bash", "--login", "-c", "x"]), ["bash", "--login", "-c", ":"]);
  for (const argv of [[], ["bash"], ["bash", "-lc"], ["bash", "-l", "x"], ["touch", "-c", "x"]]) {
    assert.equal(startOnly(argv), undefined);
  }
});

function left(stderr: string, start: string): string {
  return withoutStartUp({ stdout: "", stderr }, { stdout: "", stderr: start }).stderr;
}

test("lines of the start go, also with other random names, and as often as it has them", () => {
  for (const [one, other] of [
    ["touch: x/tmp.aB3dE6gH9j: Permission denied", "touch: x/tmp.Zz0yX1wV2u: Permission denied"],
    ["x/lock.1234: Permission denied", "x/lock.99: Permission denied"],
    ["Errno 13: '/root/tmpa1b2c3_d'", "Errno 13: '/root/tmpz9y8x7w6'"],
    ["x/f-aBcDeF: denied", "x/f-QwErTy: denied"],
  ] as const) {
    assert.equal(left(`${one}\nmine`, `${other}\n`), "mine");
    assert.equal(left(`${one}\n${one}\n`, `${other}\n`), one);
  }
  for (const [one, other] of [
    ["x/notes.markdown: denied", "x/notes.settings: denied"],
    ["line 1: x/q: denied", "line 2: x/q: denied"],
    ["x/q: Permission denied", "x/r: Permission denied"],
  ] as const) {
    assert.equal(left(one, `${other}\n`), one);
  }
});
