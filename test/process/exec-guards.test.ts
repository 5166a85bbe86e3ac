/** Protected places while several commands are at work in one repository. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";

import type { ExecResult } from "../../src/process/exec.ts";
import { endAllCommands } from "../../src/process/running-commands.ts";
import { WORKSPACE_WRITE_POLICY } from "../../src/protocol/sandbox-policy.ts";
import { needsSandbox } from "../support/skip-reasons.ts";
import { tempDir } from "../support/temp-dir.ts";
import { execute, helperPool, textOf } from "../support/tool-commands.ts";
import { until } from "../support/until.ts";

const DEADLINE_MS = 5_000;
const policy = {
  ...WORKSPACE_WRITE_POLICY,
  exclude_tmpdir_env_var: true,
  exclude_slash_tmp: true,
} as const;

/** A repository without hooks: there is nothing that a mount could seal. */
function repositoryIn(directory: string): string {
  mkdirSync(join(directory, ".git/objects"), { recursive: true });
  mkdirSync(join(directory, ".git/refs"));
  writeFileSync(join(directory, ".git/HEAD"), "ref: refs/heads/main\n");
  writeFileSync(join(directory, ".git/config"), "[core]\n");
  return directory;
}

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
});
