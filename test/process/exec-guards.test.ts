/** Protected places while several commands are at work in one repository. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";

import type { ExecResult } from "../../src/process/exec.ts";
import { endAllCommands } from "../../src/process/running-commands.ts";
import { WORKSPACE_WRITE_POLICY } from "../../src/protocol/sandbox-policy.ts";
import { needsSandbox } from "../support/skip-reasons.ts";
import { repositoryIn } from "../support/git-repository.ts";
import { tempDir } from "../support/temp-dir.ts";
import { execute, helperPool, textOf } from "../support/tool-commands.ts";
import { until } from "../support/until.ts";

const DEADLINE_MS = 5_000;
const policy = {
  ...WORKSPACE_WRITE_POLICY,
  exclude_tmpdir_env_var: true,
  exclude_slash_tmp: true,
} as const;

const writeHook = "mkdir -p .git/hooks; echo evil > .git/hooks/pre-commit";
const waitFor = (file: string): string =>
  `i=0; while [ ! -e ${file} ] && [ $i -lt 500 ]; do sleep 0.01; i=$((i+1)); done`;

suite("commands in one repository", { skip: needsSandbox }, () => {
  test("the twin: a hook is written where nothing protects it", async (t) => {
    const cwd = repositoryIn(tempDir(t));
    const helpers = helperPool(t);
    await execute({
      argv: ["sh", "-c", writeHook],
      cwd,
      policy: { mode: "danger-full-access" },
      helpers,
    });
    assert.equal(readFileSync(join(cwd, ".git/hooks/pre-commit"), "utf8"), "evil\n");
  });

  test("a hook that one of them writes is not put back by another that began after it", async (t) => {
    const cwd = repositoryIn(tempDir(t));
    const hook = join(cwd, ".git/hooks/pre-commit");
    const helpers = helperPool(t);
    const run = (script: string): Promise<ExecResult> =>
      execute({ argv: ["sh", "-c", script], cwd, policy, helpers });
    const first = run(`${writeHook}; : > written; ${waitFor("first-may-end")}`);
    assert.ok(await until(() => existsSync(join(cwd, "written")), DEADLINE_MS));
    assert.ok(existsSync(hook));
    const second = run(`: > began; ${waitFor("second-may-end")}`);
    assert.ok(await until(() => existsSync(join(cwd, "began")), DEADLINE_MS));
    writeFileSync(join(cwd, "first-may-end"), "");
    const told = (await first).placeChanges.map(({ undone }) => undone);
    assert.deepEqual(told, [true]);
    assert.equal(existsSync(hook), false);
    writeFileSync(join(cwd, "second-may-end"), "");
    await second;
    assert.equal(existsSync(hook), false);
  });

  test("a background process that writes it again and again leaves none", async (t) => {
    const cwd = repositoryIn(tempDir(t));
    const helpers = helperPool(t);
    const run = (script: string): Promise<ExecResult> =>
      execute({ argv: ["sh", "-c", script], cwd, policy, helpers });
    const again = `i=0; while [ ! -e stop ] && [ $i -lt 1000 ]; do ${writeHook}; sleep 0.005; i=$((i+1)); done`;
    const left = await run(`setsid sh -c '${again}; : > stopped' > /dev/null 2>&1 & echo left`);
    assert.equal(textOf(left.stdout), "left\n");
    for (let round = 0; round < 3; round += 1) await run("true");
    writeFileSync(join(cwd, "stop"), "");
    assert.ok(await until(() => existsSync(join(cwd, "stopped")), DEADLINE_MS));
    await run("true");
    await endAllCommands();
    assert.equal(existsSync(join(cwd, ".git/hooks/pre-commit")), false);
  });

  for (const succeeds of [true, false]) {
    const outcome = succeeds
      ? "stays, and nothing beside it"
      : "does not stay when the patch failed";
    test(`what the user has approved beside a running command ${outcome}`, async (t) => {
      const cwd = repositoryIn(tempDir(t));
      const [hook, other] = ["pre-commit", "pre-push"].map((name) => join(cwd, ".git/hooks", name));
      assert.ok(hook !== undefined && other !== undefined);
      const helpers = helperPool(t);
      const command = execute({
        argv: ["sh", "-c", `: > began; ${waitFor("may-end")}`],
        cwd,
        policy,
        helpers,
      });
      assert.ok(await until(() => existsSync(join(cwd, "began")), DEADLINE_MS));
      const write = `mkdir .git/hooks; for name in pre-commit pre-push; do echo approved > .git/hooks/$name; done`;
      await execute({
        argv: ["sh", "-c", `${write}; exit ${succeeds ? 0 : 1}`],
        cwd,
        policy: { mode: "danger-full-access" },
        approvedFiles: [{ path: hook, content: "approved\n", mode: undefined }],
        helpers,
      });
      assert.ok(existsSync(other));
      writeFileSync(join(cwd, "may-end"), "");
      await command;
      assert.equal(existsSync(hook), succeeds);
      assert.equal(existsSync(other), false);
      await execute({ argv: ["true"], cwd, policy, helpers });
      assert.equal(existsSync(hook), succeeds);
    });
  }

  test("what was written to the end when it was interrupted stays as well", async (t) => {
    const cwd = repositoryIn(tempDir(t));
    const hook = join(cwd, ".git/hooks/pre-commit");
    const helpers = helperPool(t);
    const command = execute({
      argv: ["sh", "-c", `: > began; ${waitFor("may-end")}`],
      cwd,
      policy,
      helpers,
    });
    assert.ok(await until(() => existsSync(join(cwd, "began")), DEADLINE_MS));
    const stop = new AbortController();
    const patch = execute({
      argv: ["sh", "-c", `trap 'exit 0' TERM; ${writeHook}; : > written; ${waitFor("never")}`],
      cwd,
      policy: { mode: "danger-full-access" },
      approvedFiles: [{ path: hook, content: "evil\n", mode: undefined }],
      signal: stop.signal,
      helpers,
    });
    assert.ok(await until(() => existsSync(join(cwd, "written")), DEADLINE_MS));
    stop.abort();
    assert.equal((await patch).outcome.kind, "aborted");
    writeFileSync(join(cwd, "may-end"), "");
    assert.deepEqual((await command).placeChanges, []);
    assert.equal(readFileSync(hook, "utf8"), "evil\n");
  });

  test("a command that ends while an approved patch is being written leaves it", async (t) => {
    const cwd = repositoryIn(tempDir(t));
    const hook = join(cwd, ".git/hooks/pre-commit");
    const helpers = helperPool(t);
    const run = (script: string): Promise<ExecResult> =>
      execute({ argv: ["sh", "-c", script], cwd, policy, helpers });
    const command = run(`: > began; ${waitFor("may-end")}; : > ended`);
    assert.ok(await until(() => existsSync(join(cwd, "began")), DEADLINE_MS));
    const patch = execute({
      argv: ["sh", "-c", `${writeHook}; : > written; ${waitFor("patch-may-end")}`],
      cwd,
      policy: { mode: "danger-full-access" },
      approvedFiles: [{ path: hook, content: "evil\n", mode: undefined }],
      helpers,
    });
    assert.ok(await until(() => existsSync(join(cwd, "written")), DEADLINE_MS));
    writeFileSync(join(cwd, "may-end"), "");
    assert.ok(await until(() => existsSync(join(cwd, "ended")), DEADLINE_MS));
    const later = run("true");
    writeFileSync(join(cwd, "patch-may-end"), "");
    const results = await Promise.all([patch, command, later]);
    assert.deepEqual(
      results.flatMap(({ placeChanges }) => placeChanges),
      [],
    );
    assert.equal(readFileSync(hook, "utf8"), "evil\n");
  });
});
