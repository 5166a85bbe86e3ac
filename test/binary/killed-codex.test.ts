/** Codex itself is killed while a command runs: what that wrote in protected places does not stay. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { listProcesses } from "../../src/process/process-list.ts";
import { needsExec, setUpExec, startExec } from "../exec-mode/exec-harness.ts";
import { codexBinary } from "../support/codex-binary.ts";
import { assistantMessage, functionCall, respond } from "../support/model-server.ts";
import { run } from "../support/run.ts";
import { firstReason, needsProgram, needsSandbox } from "../support/skip-reasons.ts";
import { tempDir } from "../support/temp-dir.ts";
import { until } from "../support/until.ts";

const DEADLINE_MS = 20_000;
// Nothing is there before, so that it cannot be mounted read-only either.
const INIT = ["git", "init", "-q", "--template="];
const WRITES = "mkdir .git/hooks; echo evil > .git/hooks/pre-commit; : > wrote; exec sleep 60";

/** Kills it when the command has written; resolves when nobody is left who could put back. */
async function killAfterWriting(child: ChildProcess, cwd: string): Promise<void> {
  assert.ok(await until(() => existsSync(join(cwd, "wrote")), DEADLINE_MS));
  assert.ok(existsSync(join(cwd, ".git/hooks/pre-commit"))); // the attack works
  const started = listProcesses().filter(({ parent }) => parent === child.pid);
  const isRunning = ({ pid, startTicks }: (typeof started)[number]): boolean =>
    listProcesses().some(
      (other) => other.pid === pid && other.startTicks === startTicks && !other.isZombie,
    );
  child.kill("SIGKILL");
  assert.ok(await until(() => !started.some(isRunning), DEADLINE_MS), "something lives on");
}

for (const mode of ["workspace-write", "danger-full-access"]) {
  const isConfined = mode === "workspace-write";
  const outcome = isConfined ? "is undone" : "stays: the twin";

  test(
    `what the second command of codex exec wrote under ${mode} ${outcome}`,
    { skip: firstReason(needsExec, needsSandbox, needsProgram("git")), timeout: 60_000 },
    async (t) => {
      const shell = (script: string): ReturnType<typeof functionCall> =>
        functionCall("shell", { command: ["sh", "-c", script], timeout: 60_000 });
      const setup = await setUpExec(t, [
        respond(shell("echo first > first")),
        respond(shell(WRITES)),
        respond(assistantMessage("done")),
      ]);
      const { cwd } = setup;
      await run(INIT, { cwd });
      writeFileSync(join(cwd, "own"), "mine\n");
      const config = join(cwd, ".git/config");
      const before = statSync(config, { bigint: true }).ctimeNs;
      await killAfterWriting(startExec(t, setup, ["--sandbox", mode, "go"]), cwd);
      assert.equal(existsSync(join(cwd, ".git/hooks")), !isConfined);
      assert.equal(readFileSync(join(cwd, "first"), "utf8"), "first\n");
      assert.equal(readFileSync(join(cwd, "own"), "utf8"), "mine\n");
      assert.equal(statSync(config, { bigint: true }).ctimeNs, before);
    },
  );

  test(
    `what the command of codex debug landlock wrote under ${mode} ${outcome}`,
    { skip: firstReason(needsSandbox, needsProgram("git")), timeout: 60_000 },
    async (t) => {
      const cwd = tempDir(t);
      await run(INIT, { cwd });
      const words = ["debug", "landlock", "--sandbox", mode, "--", "sh", "-c", WRITES];
      const env = { PATH: "/usr/bin:/bin", HOME: tempDir(t) };
      const child = spawn(codexBinary, words, { cwd, env, stdio: "ignore" });
      t.after(() => child.kill("SIGKILL"));
      await killAfterWriting(child, cwd);
      assert.equal(existsSync(join(cwd, ".git/hooks")), !isConfined);
    },
  );
}
