/**
 * A patch of a protected place that the user approves, while a command's process in the background
 * waits for its moment. With the built executable as the agent, its sandbox and its patch program.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import {
  assistantMessage,
  functionCall,
  needsLoopback,
  respond,
  startModelServer,
} from "../support/model-server.ts";
import { firstReason, needsProgram, needsSandbox } from "../support/skip-reasons.ts";
import { at, type JsonObject, StdioPeer } from "../support/stdio-peer.ts";
import { until } from "../support/until.ts";

const skip = firstReason(needsLoopback, needsSandbox, needsProgram("git"));
const DEADLINE_MS = 20_000;
const PATCH = `*** Begin Patch
*** Add File: .codex/config.toml
+approved
*** Add File: .git/hooks/pre-commit
+approved
*** End Patch
`;
const RULES = [
  'approval_policy = "on-request"',
  'sandbox_mode = "workspace-write"',
  "sandbox_workspace_write = { exclude_slash_tmp = true, exclude_tmpdir_env_var = true }",
];

interface Session {
  readonly peer: StdioPeer;
  readonly cwd: string;
  readonly outside: string;
}

function shell(command: readonly string[]): ReturnType<typeof respond> {
  return respond(functionCall("shell", { command }));
}

/** Does `attack` when there is a file "go", and stays. */
function inBackground(attack: string): readonly string[] {
  const waiting = `until [ -e go ]; do sleep 0.02; done; ${attack}; touch attacked; sleep 60`;
  return ["sh", "-c", `setsid sh -c '${waiting}' >/dev/null 2>&1 & echo left`];
}

/** Up to the question about the patch. */
async function askedAbout(t: TestContext, attack: string): Promise<Session> {
  const server = await startModelServer(t, [
    shell(inBackground(attack)),
    shell(["apply_patch", PATCH]),
    shell(["true"]),
    respond(assistantMessage("done")),
    shell(["true"]),
    respond(assistantMessage("done")),
  ]);
  const peer = new StdioPeer(t, ["proto"], { url: server.url, config: RULES });
  const cwd = realpathSync(peer.home.cwd);
  execFileSync("git", ["init", "-q", cwd]);
  const outside = join(cwd, "../outside");
  mkdirSync(outside);
  say(peer, "s1");
  const question = await event(peer, "apply_patch_approval_request");
  assert.match(String(at(question, "msg.reason")), /^writing to a protected place: /u);
  return { peer, cwd, outside };
}

function say(peer: StdioPeer, id: string): void {
  peer.send({ id, op: { type: "user_input", items: [{ type: "text", text: "go" }] } });
}

function approve(peer: StdioPeer): void {
  peer.send({ id: "a", op: { type: "patch_approval", id: "s1", decision: "approved" } });
}

function event(peer: StdioPeer, type: string): Promise<JsonObject> {
  return peer.next(type, (line) => at(line, "msg.type") === type);
}

async function letAttack({ cwd }: Session): Promise<void> {
  writeFileSync(join(cwd, "go"), "");
  assert.ok(await until(() => existsSync(join(cwd, "attacked")), DEADLINE_MS));
}

function told(peer: StdioPeer): string {
  return JSON.stringify(peer.lines);
}

suite("an approved patch of protected places", { skip, timeout: 60_000 }, () => {
  test("a link put in its way between question and answer leads it nowhere", async (t) => {
    const session = await askedAbout(t, "ln -s ../outside .codex");
    const { peer, cwd, outside } = session;
    await letAttack(session);
    assert.equal(lstatSync(join(cwd, ".codex")).isSymbolicLink(), true); // the attack works
    approve(peer);
    await event(peer, "task_complete");
    assert.match(
      told(peer),
      /Patch did not apply: its paths lead elsewhere since the user was asked/u,
    );
    assert.equal(existsSync(join(outside, "config.toml")), false);
    assert.equal(existsSync(join(cwd, ".git/hooks/pre-commit")), false);
  });

  test("without one it is written, and later commands leave it as it was approved", async (t) => {
    const evil = "echo evil >.codex/config.toml; echo evil >.codex/other";
    const session = await askedAbout(t, evil);
    const { peer, cwd } = session;
    approve(peer);
    assert.equal(at(await event(peer, "patch_apply_end"), "msg.success"), true);
    await event(peer, "task_complete"); // after another command
    const files = [".codex/config.toml", ".git/hooks/pre-commit"].map((name) => join(cwd, name));
    const contents = (): readonly string[] => files.map((file) => readFileSync(file, "utf8"));
    assert.deepEqual(contents(), ["approved\n", "approved\n"]);
    assert.doesNotMatch(told(peer), /[Pp]rotected place .*undone/u);
    await letAttack(session);
    assert.equal(readFileSync(join(cwd, ".codex/config.toml"), "utf8"), "evil\n"); // the attack works
    say(peer, "s2");
    await event(peer, "task_complete"); // after yet another
    assert.deepEqual(contents(), ["approved\n", "approved\n"]);
    assert.equal(existsSync(join(cwd, ".codex/other")), false);
  });
});
