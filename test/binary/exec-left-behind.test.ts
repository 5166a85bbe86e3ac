/** What a command leaves in the background writes to protected places when the command is over. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { needsExec, runExec, setUpExec, startExec } from "../exec-mode/exec-harness.ts";
import {
  assistantMessage,
  functionCall,
  respond,
  type ServerAnswer,
} from "../support/model-server.ts";
import { run } from "../support/run.ts";
import { until } from "../support/until.ts";
import { firstReason, needsProgram, needsSandbox } from "../support/skip-reasons.ts";

const options = {
  skip: firstReason(needsExec, needsSandbox, needsProgram("git")),
  timeout: 60_000,
};
const DONE = respond(assistantMessage("done"));
// Does not exist before, so that it cannot be mounted read-only either.
const WRITES = "mkdir .codex; echo evil >.codex/config.toml";
const LATER = `until [ -e go ]; do sleep 0.05; done; ${WRITES}; touch wrote; sleep 60`;
const START = functionCall("shell", {
  command: ["sh", "-c", `setsid sh -c '${LATER}' >/dev/null 2>&1 & echo started`],
});

for (const [when, script] of [
  ["the end of the run", [DONE]],
  ["the next command", [respond(functionCall("shell", { command: ["true"] })), DONE]],
] as const) {
  test(`it is undone with ${when}, and told`, options, async (t) => {
    let cwd = "";
    const [next, ...rest] = script;
    /** The model answers when the background has written. */
    const afterWriting = (): ServerAnswer => {
      const wait = "touch go; until [ -e wrote ]; do sleep 0.05; done";
      execFileSync("sh", ["-c", wait], { cwd, timeout: 20_000 });
      assert.equal(existsSync(join(cwd, ".codex/config.toml")), true); // the attack works
      return next;
    };
    const setup = await setUpExec(t, [respond(START), afterWriting, ...rest]);
    cwd = setup.cwd;
    await run(["git", "init", "-q"], { cwd });
    const result = await runExec(setup, ["--full-auto", "go"]);
    assert.equal(result.code, 0);
    assert.match(result.stderr, /\.codex" was created by the command: undone/);
    assert.equal(existsSync(join(cwd, ".codex")), false);
  });
}

test("what the user does meanwhile with git stays", options, async (t) => {
  let cwd = "";
  const configure = (): ServerAnswer => {
    execFileSync("git", ["config", "branch.main.remote", "origin"], { cwd });
    return respond(functionCall("shell", { command: ["true"] }));
  };
  const setup = await setUpExec(t, [respond(START), configure, DONE]);
  cwd = setup.cwd;
  await run(["git", "init", "-q"], { cwd });
  const result = await runExec(setup, ["--full-auto", "go"]);
  assert.equal(result.code, 0);
  assert.doesNotMatch(result.stderr, /Protected place/);
  assert.match(readFileSync(join(cwd, ".git/config"), "utf8"), /\[branch "main"\]/);
});

for (const mode of ["workspace-write", "danger-full-access"]) {
  const isConfined = mode === "workspace-write";
  const name = isConfined ? "it is undone" : "the twin: it stays";
  test(
    `${name} when a second signal ends everything at once, under ${mode}`,
    options,
    async (t) => {
      const script = `trap '' TERM INT; ${WRITES}; touch wrote; sleep 60`;
      const call = functionCall("shell", { command: ["sh", "-c", script], timeout: 60_000 });
      const setup = await setUpExec(t, [respond(call), DONE]);
      const { cwd } = setup;
      await run(["git", "init", "-q"], { cwd });
      const child = startExec(t, setup, ["--sandbox", mode, "go"]);
      let stderr = "";
      child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      const ended = new Promise((resolve) => child.once("close", resolve));
      assert.ok(await until(() => existsSync(join(cwd, "wrote")), 20_000));
      assert.equal(existsSync(join(cwd, ".codex/config.toml")), true); // the attack works
      child.kill("SIGTERM");
      child.kill("SIGINT");
      await ended;
      assert.equal(existsSync(join(cwd, ".codex")), !isConfined);
      assert.equal(/\.codex" was created by the command: undone/u.test(stderr), isConfined, stderr);
    },
  );
}

test("no file that it runs code from is open for writing", options, async (t) => {
  // The shell's parent is codex, whose other children are the template of helpers and the watcher.
  const list =
    'for pid in $PPID $(cat /proc/$PPID/task/*/children); do ls -l "/proc/$pid/fd" "/proc/$pid/map_files"; done';
  const script = `exec 9<>"$TMPDIR/own"; rm "$TMPDIR/own"; ls -l /proc/$$/fd >own; exec 9>&-; (${list}) >found 2>&1`;
  const call = functionCall("shell", { command: ["sh", "-c", `TMPDIR=$PWD; ${script}`] });
  const setup = await setUpExec(t, [respond(call), DONE]);
  const result = await runExec(setup, ["--sandbox", "danger-full-access", "go"]);
  assert.equal(result.code, 0);
  const found = (name: string): readonly string[] =>
    readFileSync(join(setup.cwd, name), "utf8")
      .split("\n")
      .filter((line) => / [0-9]+ -> \/.* \(deleted\)$/u.test(line))
      .filter((line) => !line.includes("/memfd:codex-protected-places")); // holds no code
  assert.equal(found("own").length, 1); // it would be seen
  assert.deepEqual(found("found"), []);
});
