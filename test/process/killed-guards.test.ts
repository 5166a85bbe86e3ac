/** Protected places when the program whose guards look after them is killed. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { suite, test, type TestContext } from "node:test";

import type { ExecRequest } from "../../src/process/exec.ts";
import { listProcesses } from "../../src/process/process-list.ts";
import { DANGER_FULL_ACCESS_POLICY } from "../../src/protocol/sandbox-policy.ts";
import { codexBinary, fixture, pinnedNode } from "../support/codex-binary.ts";
import { needsSandbox } from "../support/skip-reasons.ts";
import { repositoryIn } from "../support/git-repository.ts";
import { tempDir } from "../support/temp-dir.ts";
import { until } from "../support/until.ts";

const DEADLINE_MS = 20_000;

interface Program {
  /** Starts one more command. `name` is told back when it is over. */
  readonly begin: (script: string, name: string, changes?: Partial<ExecRequest>) => void;
  readonly isOver: (name: string) => boolean;
  /** Kills it. Resolves when its watcher has ended, too. */
  readonly kill: () => Promise<void>;
}

function startProgram(t: TestContext, cwd: string): Program {
  const child = spawn(pinnedNode, [fixture("run-commands.ts"), codexBinary, cwd], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const over = new Set<string>();
  createInterface({ input: child.stdout }).on("line", (line) => over.add(line));
  return {
    begin: (script, name, changes = {}) => {
      child.stdin.write(`${JSON.stringify({ argv: ["sh", "-c", script, name], ...changes })}\n`);
    },
    isOver: (name) => over.has(name),
    kill: async () => {
      const watchers = listProcesses().filter(
        ({ pid, parent }) => parent === child.pid && isWatcher(pid),
      );
      assert.equal(watchers.length, 1);
      child.kill("SIGKILL");
      await once(child, "exit");
      const isOver = (): boolean => watchers.every(({ pid }) => !isWatcher(pid));
      assert.ok(await until(isOver, DEADLINE_MS), "the watcher does not end");
    },
  };
}

/** Whoever has ended has no command line. */
function isWatcher(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("codex-orphan-watcher\0");
  } catch {
    return false;
  }
}

const stay = "while :; do sleep 60; done";

suite("a program that is killed while commands run", { skip: needsSandbox }, () => {
  const rows = [
    { mode: "workspace-write", isUndone: true, changes: {} },
    {
      mode: "danger-full-access",
      isUndone: false,
      changes: { policy: DANGER_FULL_ACCESS_POLICY },
    },
  ];
  for (const { mode, isUndone, changes } of rows) {
    const outcome = isUndone ? "is gone" : "stays: the twin";
    test(`a hook that one wrote under ${mode} ${outcome}`, async (t) => {
      const cwd = repositoryIn(tempDir(t));
      const config = join(cwd, ".git/config");
      const before = statSync(config, { bigint: true });
      const { begin, kill } = startProgram(t, cwd);
      const write = "mkdir .git/hooks; echo evil > .git/hooks/pre-commit; echo work > file";
      begin(`${write}; : > written; ${stay}`, "writes", changes);
      assert.ok(await until(() => existsSync(join(cwd, "written")), DEADLINE_MS));
      assert.ok(existsSync(join(cwd, ".git/hooks/pre-commit"))); // the attack works
      await kill();
      assert.equal(existsSync(join(cwd, ".git/hooks")), !isUndone);
      assert.equal(readFileSync(join(cwd, "file"), "utf8"), "work\n");
      const { ino, ctimeNs } = statSync(config, { bigint: true });
      assert.deepEqual([ino, ctimeNs], [before.ino, before.ctimeNs]); // not even written anew
    });
  }

  for (const { mode, isUndone: isConfined, changes } of rows) {
    const outcome = isConfined ? "finds no way to what is recorded" : "finds it: the twin";
    test(`one under ${mode} ${outcome}`, async (t) => {
      const cwd = repositoryIn(tempDir(t));
      const { begin, isOver } = startProgram(t, cwd);
      begin(`: > began; ${stay}`, "guarded");
      assert.ok(await until(() => existsSync(join(cwd, "began")), DEADLINE_MS));
      const look = "ls -l /proc/$PPID/fd 2> /dev/null | grep -c codex-protected-places > found";
      begin(look, "looks", changes);
      assert.ok(await until(() => isOver("looks"), DEADLINE_MS));
      assert.equal(readFileSync(join(cwd, "found"), "utf8"), isConfined ? "0\n" : "1\n");
    });
  }

  test("one that had begun after a hook was written does not keep it", async (t) => {
    const cwd = repositoryIn(tempDir(t));
    const { begin, isOver, kill } = startProgram(t, cwd);
    begin("true", "earlier");
    assert.ok(await until(() => isOver("earlier"), DEADLINE_MS));
    begin(`mkdir .git/hooks; : > .git/hooks/pre-commit; : > written; ${stay}`, "writes");
    assert.ok(await until(() => existsSync(join(cwd, "written")), DEADLINE_MS));
    begin(`: > began; ${stay}`, "later");
    assert.ok(await until(() => existsSync(join(cwd, "began")), DEADLINE_MS));
    await kill();
    assert.equal(existsSync(join(cwd, ".git/hooks")), false);
  });

  test("what one had left in the background is ended and undone", async (t) => {
    const cwd = repositoryIn(tempDir(t));
    const { begin, isOver, kill } = startProgram(t, cwd);
    const again = `while :; do mkdir -p .git/hooks; echo evil > .git/hooks/pre-commit; done`;
    begin(`setsid sh -c '${again}' > /dev/null 2>&1 &`, "leaves");
    assert.ok(await until(() => isOver("leaves"), DEADLINE_MS));
    begin("true", "next"); // its end is undone as well, and written again
    assert.ok(await until(() => isOver("next"), DEADLINE_MS));
    assert.ok(await until(() => existsSync(join(cwd, ".git/hooks/pre-commit")), DEADLINE_MS));
    await kill();
    assert.equal(existsSync(join(cwd, ".git/hooks")), false);
  });

  test("a hook below that the user had is as it was", async (t) => {
    const cwd = repositoryIn(tempDir(t));
    const below = repositoryIn(join(cwd, "clone"));
    const hook = join(below, ".git/hooks/pre-commit");
    mkdirSync(join(below, ".git/hooks"));
    writeFileSync(hook, "#!/bin/sh\n# \u00e9\n", { mode: 0o750 });
    const { begin, kill } = startProgram(t, cwd);
    begin(`echo evil > ${hook}; chmod 755 ${hook}; : > written; ${stay}`, "writes");
    assert.ok(await until(() => existsSync(join(cwd, "written")), DEADLINE_MS));
    assert.equal(readFileSync(hook, "utf8"), "evil\n");
    await kill();
    assert.equal(readFileSync(hook, "utf8"), "#!/bin/sh\n# \u00e9\n");
    assert.equal(statSync(hook).mode & 0o777, 0o750);
  });

  for (const state of ["has been", "is being"]) {
    test(`what the user has approved stays when it ${state} written`, async (t) => {
      const cwd = repositoryIn(tempDir(t));
      const [hook, other] = ["pre-commit", "pre-push"].map((name) => join(cwd, ".git/hooks", name));
      assert.ok(hook !== undefined && other !== undefined);
      const { begin, isOver, kill } = startProgram(t, cwd);
      begin(`: > began; ${stay}`, "runs");
      assert.ok(await until(() => existsSync(join(cwd, "began")), DEADLINE_MS));
      const write = `mkdir .git/hooks; for path in ${hook} ${other}; do echo yes > $path; done`;
      begin(`${write}; : > written; ${state === "is being" ? stay : "exit 0"}`, "patch", {
        policy: DANGER_FULL_ACCESS_POLICY,
        approvedFiles: [
          { path: hook, content: "yes\n", mode: undefined },
          { path: join(cwd, ".git/hooks/post-merge"), content: "not yet\n", mode: undefined },
        ].slice(0, state === "is being" ? 2 : 1),
      });
      const isFar = (): boolean =>
        state === "is being" ? existsSync(join(cwd, "written")) : isOver("patch");
      assert.ok(await until(isFar, DEADLINE_MS));
      assert.ok(existsSync(other));
      await kill();
      assert.equal(readFileSync(hook, "utf8"), "yes\n");
      assert.equal(existsSync(other), false);
      assert.equal(existsSync(join(cwd, ".git/hooks/post-merge")), false);
    });
  }

  test("a hook that the user makes between two commands stays", async (t) => {
    const cwd = repositoryIn(tempDir(t));
    const { begin, isOver, kill } = startProgram(t, cwd);
    begin("true", "first");
    assert.ok(await until(() => isOver("first"), DEADLINE_MS));
    mkdirSync(join(cwd, ".git/hooks"));
    writeFileSync(join(cwd, ".git/hooks/pre-commit"), "mine\n");
    begin(`: > began; ${stay}`, "second");
    assert.ok(await until(() => existsSync(join(cwd, "began")), DEADLINE_MS));
    await kill();
    assert.equal(readFileSync(join(cwd, ".git/hooks/pre-commit"), "utf8"), "mine\n");
  });

  test("nothing is undone when no command runs", async (t) => {
    const cwd = repositoryIn(tempDir(t));
    const { begin, isOver, kill } = startProgram(t, cwd);
    begin("true", "only");
    assert.ok(await until(() => isOver("only"), DEADLINE_MS));
    mkdirSync(join(cwd, ".git/hooks"));
    writeFileSync(join(cwd, ".git/hooks/pre-commit"), "mine\n");
    await kill();
    assert.equal(readFileSync(join(cwd, ".git/hooks/pre-commit"), "utf8"), "mine\n");
  });
});
