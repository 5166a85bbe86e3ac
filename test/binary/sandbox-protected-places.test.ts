/** Git's hooks and settings under workspace-write: commits work, what would run later stays. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { codexBinary } from "../support/codex-binary.ts";
import { run, type RunResult } from "../support/run.ts";
import { firstReason, needsProgram, needsSandbox } from "../support/skip-reasons.ts";
import { tempDir } from "../support/temp-dir.ts";

const options = { skip: firstReason(needsSandbox, needsProgram("git")) };

interface Workspace {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

async function workspace(t: TestContext): Promise<Workspace> {
  const base = tempDir(t);
  const directory = join(base, "work");
  const home = join(base, "home");
  mkdirSync(home);
  mkdirSync(directory);
  const env = { PATH: "/usr/bin:/bin", HOME: home, GIT_CONFIG_NOSYSTEM: "1" };
  assert.equal((await run(["git", "init", "-q"], { cwd: directory, env })).code, 0);
  return { directory, env };
}

async function inSandbox({ directory, env }: Workspace, script: string): Promise<RunResult> {
  const words = ["debug", "landlock", "--full-auto", "--", "sh", "-c", script];
  return run([codexBinary, ...words], { cwd: directory, env });
}

const identity = "-c user.name=a -c user.email=a@example.org";

test("commit, stash and rebase work", options, async (t) => {
  const here = await workspace(t);
  const script = `set -e
    echo 1 > file && git add file && git ${identity} commit -qm one
    git branch side && echo 2 > file && git ${identity} commit -qam two
    echo 3 > file && git ${identity} stash -q && git ${identity} stash pop -q && git checkout -q file
    git checkout -q side && echo s > other && git add other && git ${identity} commit -qm side
    git ${identity} rebase -q -
    git log --format=%s`;
  const result = await inSandbox(here, script);
  assert.equal(result.stdout, "side\ntwo\none\n", result.stderr);
});

test("hooks, settings and .codex cannot be changed for good", options, async (t) => {
  const here = await workspace(t);
  mkdirSync(join(here.directory, ".codex"));
  const config = join(here.directory, ".git/config");
  const before = readFileSync(config, "utf8");
  const attempts = [
    "echo evil > .git/hooks/pre-commit",
    "echo evil >> .git/config",
    "git config core.fsmonitor evil",
    "echo evil > .codex/config.toml",
    "mv .git/hooks .git/old && mkdir .git/hooks && echo evil > .git/hooks/pre-commit",
    "rm -rf .git/hooks && ln -s /tmp .git/hooks",
    "mv .git .moved && cp -r .moved .git && echo evil > .git/hooks/pre-commit",
    "cd .git/hooks && echo evil > pre-commit",
  ];
  for (const attempt of attempts) {
    const result = await inSandbox(here, attempt);
    assert.notEqual(`${result.code ?? ""}${result.stderr}`, "0", attempt); // refused, or undone and told
    assert.equal(readFileSync(config, "utf8"), before, attempt);
    assert.equal(existsSync(join(here.directory, ".git/hooks/pre-commit")), false, attempt);
    assert.equal(existsSync(join(here.directory, ".codex/config.toml")), false, attempt);
  }
  // The twin: without the sandbox the same words change them.
  const [first = ""] = attempts;
  await run(["sh", "-c", first], { cwd: here.directory, env: here.env });
  assert.equal(existsSync(join(here.directory, ".git/hooks/pre-commit")), true);
});

test("what does not exist yet is guarded as well", options, async (t) => {
  const here = await workspace(t);
  const made = await inSandbox(here, "mkdir .codex && echo evil > .codex/config.toml");
  assert.equal(existsSync(join(here.directory, ".codex")), false);
  assert.match(made.stderr, /\.codex/);
  const fresh = join(here.directory, "fresh");
  mkdirSync(fresh);
  const script = `git init -q && echo x > f && git add f && git ${identity} commit -qm first &&
    echo evil > .git/hooks/pre-commit && git config alias.st '!evil'`;
  const result = await inSandbox({ ...here, directory: fresh }, script);
  assert.equal(result.code, 0, result.stderr);
  assert.equal(existsSync(join(fresh, ".git/hooks/pre-commit")), false);
  assert.doesNotMatch(readFileSync(join(fresh, ".git/config"), "utf8"), /evil/);
  assert.match(result.stderr, /pre-commit/);
  const log = await run(["git", "log", "--format=%s"], { cwd: fresh, env: here.env });
  assert.equal(log.stdout, "first\n");
});
