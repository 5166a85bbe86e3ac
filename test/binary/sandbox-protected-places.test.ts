/** Git's hooks and settings under workspace-write: commits work, what would run later stays. */
import assert from "node:assert/strict";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
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

test("git cannot be sent elsewhere for its hooks and settings", options, async (t) => {
  const here = await workspace(t);
  const pwned = join(here.directory, "pwned");
  const redirect = `cp -r .git elsewhere && echo ../elsewhere > .git/commondir &&
    git config -f elsewhere/config core.fsmonitor 'touch ${pwned}; false'`;
  const status = { cwd: here.directory, env: here.env };
  const result = await inSandbox(here, redirect);
  assert.match(result.stderr, /commondir" was created by the command: undone/);
  await run(["git", "status"], status);
  assert.equal(existsSync(pwned), false);
  // The twin: the same words without the sandbox run a program of theirs.
  rmSync(join(here.directory, "elsewhere"), { recursive: true });
  await run(["sh", "-c", redirect], status);
  await run(["git", "status"], status);
  assert.equal(existsSync(pwned), true);
});

test("linked worktrees come, go, and belong to their repository", options, async (t) => {
  const here = await workspace(t);
  const add = `git ${identity} commit -q --allow-empty -m one && git worktree add -q side`;
  const added = await inSandbox(here, `${add} && cd side && git log --format=%s`);
  assert.deepEqual([added.code, added.stdout], [0, "one\n"], added.stderr);
  const pointer = join(here.directory, ".git/worktrees/side/commondir");
  const turned = await inSandbox(here, "echo ../../../evil > .git/worktrees/side/commondir");
  assert.match(turned.stderr, /commondir" was changed by the command: undone/);
  assert.equal(readFileSync(pointer, "utf8"), "../..\n");
  const removed = await inSandbox(here, "git worktree remove side");
  assert.deepEqual([removed.code, removed.stderr], [0, ""]);
  const made = await inSandbox(
    here,
    "mkdir -p .git/worktrees/x && echo ../../../evil > .git/worktrees/x/commondir",
  );
  assert.match(made.stderr, /undone/);
  assert.equal(existsSync(join(here.directory, ".git/worktrees/x/commondir")), false);
});

test("the repository around a workspace counts where it is writable", options, async (t) => {
  const here = await workspace(t);
  const inner = { ...here, directory: join(here.directory, "deep/inside") };
  mkdirSync(inner.directory, { recursive: true });
  const words = "echo evil > ../../.git/hooks/pre-commit";
  const hook = join(here.directory, ".git/hooks/pre-commit");
  const root = `sandbox_workspace_write.writable_roots=[${JSON.stringify(here.directory)}]`;
  const result = await run(
    [codexBinary, "debug", "landlock", "--full-auto", "-c", root, "--", "sh", "-c", words],
    { cwd: inner.directory, env: here.env },
  );
  assert.notEqual(`${result.code ?? ""}${result.stderr}`, "0");
  assert.equal(existsSync(hook), false);
  await run(["sh", "-c", words], { cwd: inner.directory, env: here.env }); // the twin
  assert.equal(existsSync(hook), true);
});

test("a workspace does not become a repository by files of its own", options, async (t) => {
  const here = await workspace(t);
  const inner = { ...here, directory: join(here.directory, "inside") };
  mkdirSync(inner.directory);
  const pwned = join(here.directory, "pwned");
  const words = `git init -q --bare . && git config core.bare false &&
    git config core.worktree . && git config core.fsmonitor 'touch ${pwned}; false'`;
  const result = await inSandbox(inner, words);
  assert.match(result.stderr, /HEAD" was created by the command: undone/);
  await run(["git", "status"], { cwd: inner.directory, env: here.env });
  assert.equal(existsSync(pwned), false);
  const twin = join(here.directory, "twin");
  mkdirSync(twin);
  await run(["sh", "-c", words], { cwd: twin, env: here.env });
  await run(["git", "status"], { cwd: twin, env: here.env });
  assert.equal(existsSync(pwned), true);
});

test("the hooks of a bare repository are protected in it", options, async (t) => {
  const here = await workspace(t);
  const bare = { ...here, directory: join(here.directory, "bare") };
  assert.equal((await run(["git", "init", "-q", "--bare", bare.directory], bare)).code, 0);
  const result = await inSandbox(bare, "git rev-parse --git-dir; echo evil > hooks/update");
  assert.equal(result.stdout, ".\n");
  assert.notEqual(`${result.code ?? ""}${result.stderr}`, "0");
  assert.equal(existsSync(join(bare.directory, "hooks/update")), false);
});

/** As a user who may not mount, whoever runs the tests. */
function unprivileged(t: TestContext, { directory, env }: Workspace) {
  if (process.getuid?.() !== 0) return (words: string) => inSandbox({ directory, env }, words);
  // Another user must reach the executable and the workspace.
  const program = join(tempDir(t), "codex");
  cpSync(codexBinary, program);
  for (const path of [program, join(program, ".."), join(directory, "..")]) chmodSync(path, 0o755);
  return async (words: string) => {
    await run(["chown", "-R", "65534:65534", join(directory, "..")]);
    const user = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    const command = [program, "debug", "landlock", "--full-auto", "--", "sh", "-c", words];
    return run(["setpriv", ...user, ...command], { cwd: directory, env });
  };
}

const withoutMounts = {
  skip: firstReason(needsSandbox, needsProgram("git"), needsProgram("setpriv")),
};

test(
  "without mounts, nothing a command does keeps a hook from being undone",
  withoutMounts,
  async (t) => {
    const here = await workspace(t);
    const config = join(here.directory, ".git/config");
    const before = readFileSync(config, "utf8");
    const hooks = join(here.directory, ".git/hooks");
    const names = readdirSync(hooks);
    const inUserSandbox = unprivileged(t, here);
    const evil = "echo evil >> .git/config; echo evil > .git/hooks/pre-commit; ";
    const attempts = [
      "mkdir .git/hooks/a && touch .git/hooks/a/b",
      "chmod 555 .git .git/hooks",
      "chmod 0 .git .git/hooks",
      "mkdir -p .git/hooks/a/b && touch .git/hooks/a/b/c && chmod 0 .git/hooks/a/b .git/hooks/a",
      "truncate -s 40M .git/hooks/big && truncate -s 40M .git/config",
      "cd .git/hooks && seq 6000 | xargs touch",
      "for n in $PPID $(seq $((PPID - 5)) $((PPID + 5))); do touch .git/.codex-restore-$n; done",
      "chmod 0 .git/config .git/hooks/*",
      "mkfifo .git/hooks/pipe && rm .git/config && mkdir .git/config && touch .git/config/x",
    ];
    for (const attempt of attempts) {
      const result = await inUserSandbox(evil + attempt);
      assert.match(result.stderr, /hooks" was changed by the command: undone/, attempt);
      assert.doesNotMatch(result.stderr, /NOT undone/, attempt);
      assert.equal(lstatSync(config).isFile(), true, attempt);
      assert.equal(readFileSync(config, "utf8"), before, attempt);
      assert.deepEqual(readdirSync(hooks), names, attempt);
    }
    writeFileSync(join(hooks, "pre-commit"), "own");
    await inUserSandbox(evil);
    assert.equal(readFileSync(join(hooks, "pre-commit"), "utf8"), "own");
  },
);

for (const mode of ["workspace-write", "danger-full-access"]) {
  const isConfined = mode === "workspace-write";
  const outcome = isConfined ? "are removed" : "stay: the twin";

  test(
    `under ${mode}, hooks beside trees deeper than files can be open ${outcome}`,
    options,
    async (t) => {
      const { directory, env } = await workspace(t);
      const hooks = join(directory, ".git/hooks");
      rmSync(hooks, { recursive: true });
      const names = ["pre-commit", "pre-push", "post-checkout", "post-merge"];
      const script = `set -e
      mkdir .git/hooks; cd .git/hooks
      deep=$(printf 'd/%.0s' $(seq 500))
      for name in 1 2 3 4 5; do mkdir -p $name/$deep; : > $name/$deep/file; done
      chmod 0 1 2/d
      for name in ${names.join(" ")}; do echo evil > $name; done`;
      const words = [codexBinary, "debug", "landlock", "--sandbox", mode, "--", "sh", "-c", script];
      const fewFiles = ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh", ...words];
      const result = await run(fewFiles, { cwd: directory, env });
      assert.equal(result.code, 0, result.stderr);
      const left = existsSync(hooks) ? readdirSync(hooks) : [];
      assert.deepEqual(
        names.filter((name) => left.includes(name)),
        isConfined ? [] : names,
      );
      assert.equal(existsSync(hooks), !isConfined);
      const own = readdirSync(join(directory, ".git")).filter((name) => name.startsWith(".codex"));
      assert.deepEqual(own, []);
    },
  );
}
