/** Repositories below a workspace: what `git status` at the top would run in them. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
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
  /** Made by the attacker's program. */
  readonly pwned: string;
}

async function workspace(t: TestContext): Promise<Workspace> {
  const base = tempDir(t);
  const directory = join(base, "work");
  const home = join(base, "home");
  mkdirSync(home);
  mkdirSync(directory);
  const config =
    '[user]\n\tname = a\n\temail = a@example.org\n[protocol "file"]\n\tallow = always\n';
  writeFileSync(join(home, ".gitconfig"), config);
  const env = { PATH: "/usr/bin:/bin", HOME: home, GIT_CONFIG_NOSYSTEM: "1" };
  const here = { directory, env, pwned: join(directory, "pwned") };
  const made = await outside(here, "git init -q && git commit -q --allow-empty -m top");
  assert.equal(made.code, 0, made.stderr);
  return here;
}

async function inSandbox({ directory, env }: Workspace, script: string): Promise<RunResult> {
  const words = ["debug", "landlock", "--full-auto", "--", "sh", "-c", script];
  return run([codexBinary, ...words], { cwd: directory, env });
}

async function outside({ directory, env }: Workspace, script: string): Promise<RunResult> {
  return run(["sh", "-c", script], { cwd: directory, env });
}

/** Whether the user's git at the top ran the attacker's program. */
async function isRun(here: Workspace, words = "git status; git diff HEAD"): Promise<boolean> {
  rmSync(here.pwned, { force: true });
  await outside(here, words);
  return existsSync(here.pwned);
}

const makeSub = `git init -q sub && git -C sub commit -q --allow-empty -m sub &&`;
const addLink = `git update-index --add --cacheinfo 160000,$(git -C sub rev-parse HEAD),sub`;

/** What an attacker writes in the workspace; `$P` is the program that git is to run. */
const attacks: Readonly<Record<string, string>> = {
  "a repository and its entry": `${makeSub} git -C sub config core.fsmonitor "$P" && ${addLink}`,
  "a filter": `${makeSub} echo a > sub/f && git -C sub add f && git -C sub commit -qm f &&
    echo '* filter=q' > sub/.gitattributes && echo b > sub/f &&
    git -C sub config filter.q.clean "$P" && ${addLink}`,
  "an included file": `${makeSub} git config -f sub/i core.fsmonitor "$P" &&
    git -C sub config include.path ../i && ${addLink}`,
  "a file that points to it": `${makeSub} git -C sub config core.fsmonitor "$P" && ${addLink} &&
    mkdir deep && mv sub/.git deep/r && echo "gitdir: ../deep/r" > sub/.git`,
  "a file that points to it, with many line ends": `${makeSub} ${addLink} &&
    git -C sub config core.fsmonitor "$P" &&
    mv sub/.git r && { echo "gitdir: ../r"; yes '' | head -n 9000; } > sub/.git`,
  "a link to it": `${makeSub} git -C sub config core.fsmonitor "$P" && ${addLink} &&
    mv sub/.git r && ln -s ../r sub/.git`,
  // git reads names as they are; no command of git's would write this one.
  "an entry by an odd name": `${makeSub} git -C sub config core.fsmonitor "$P" &&
    git update-index --add --cacheinfo 160000,$(git -C sub rev-parse HEAD),x/yz/sub &&
    mkdir -p x && sed -i 's,x/yz/sub,x/../sub,' .git/index`,
  "index version 4": `${makeSub} git -C sub config core.fsmonitor "$P" && ${addLink} &&
    echo 1 > file && git add file && git update-index --index-version 4`,
  "a split index": `${makeSub} git -C sub config core.fsmonitor "$P" && ${addLink} &&
    git update-index --split-index && echo 1 > file && git add file`,
  "an entry that replaces one of a split index": `${makeSub} mv sub keep && echo 1 > sub &&
    git add sub && git update-index --split-index && rm sub && mv keep sub &&
    git -C sub config core.fsmonitor "$P" && ${addLink}`,
  "settings that are too large to be recorded": `${makeSub} ${addLink} &&
    git -C sub config core.fsmonitor "$P" && yes '# a line of words' | head -c 40000000 >> sub/.git/config`,
  "settings that pass for a file of the project": `${makeSub} git -C sub config core.fsmonitor "$P" &&
    ${addLink} && git init -q a && git -C a config include.path ../../sub/.git/config`,
  "settings in the work tree, by a file commondir": `${makeSub} ${addLink} &&
    mv sub/.git/config sub/.git/refs sub/.git/objects . && echo ../.. > sub/.git/commondir &&
    git config -f config core.fsmonitor "$P"`,
  "a submodule of a submodule": `${makeSub} cd sub && ${makeSub} ${addLink} && cd .. &&
    git -C sub/sub config core.fsmonitor "$P" && ${addLink}`,
};

for (const [name, script] of Object.entries(attacks)) {
  test(`attack: ${name}`, options, async (t) => {
    const here = await workspace(t);
    const words = `P='touch ${here.pwned}; false'; ${script}`;
    const result = await inSandbox(here, words);
    assert.equal(await isRun(here), false, result.stderr);
    assert.match(result.stderr, /Protected place .*: undone/);
    const twin = await workspace(t);
    const done = await outside(twin, words.replaceAll(here.pwned, twin.pwned));
    assert.equal(await isRun(twin), true, done.stderr);
  });
}

test("attack: first the repository, later the entry", options, async (t) => {
  const here = await workspace(t);
  const program = `'touch ${here.pwned}; false'`;
  // So deep that no search finds it before an index names it.
  const deep = `mkdir -p 1/2/3/4 && git init -q 1/2/3/4/sub`;
  const commit = `cd 1/2/3/4 && git -C sub commit -q --allow-empty -m s && git -C sub config core.fsmonitor ${program}`;
  await inSandbox(here, `${deep} && ${commit}`);
  const link = `git update-index --add --cacheinfo 160000,$(git -C 1/2/3/4/sub rev-parse HEAD),1/2/3/4/sub`;
  const result = await inSandbox(here, link);
  assert.match(result.stderr, /removed: fsmonitor/);
  assert.equal(await isRun(here), false);
});

test("attack: an existing submodule is changed", options, async (t) => {
  const here = await workspace(t);
  const source = join(here.directory, "../source");
  await outside(here, `git init -q ${source} && git -C ${source} commit -q --allow-empty -m s`);
  const added = await outside(here, `git submodule add -q ${source} sub && git commit -qm sub`);
  assert.equal(added.code, 0, added.stderr);
  const evil = `'touch ${here.pwned}; false'`;
  for (const words of [
    `git -C sub config core.fsmonitor ${evil}`,
    `git config -f .git/modules/sub/config core.fsmonitor ${evil}`,
    `rm -r sub && git init -q sub && git -C sub config core.fsmonitor ${evil} && git -C sub commit -q --allow-empty -m x`,
    `cp -r .git/modules/sub r && git config -f r/config core.fsmonitor ${evil} && echo 'gitdir: ../r' > sub/.git`,
  ]) {
    const result = await inSandbox(here, words);
    assert.equal(await isRun(here), false, `${words}\n${result.stderr}`);
    assert.notEqual(`${result.code ?? ""}${result.stderr}`, "0", words);
  }
  assert.equal((await outside(here, "git -C sub status")).code, 0);
});

test("attack: the hooks of a clone that no index names", options, async (t) => {
  const here = await workspace(t);
  const clone = join(here.directory, "vendor/lib");
  await outside(here, `git init -q ${clone} && git -C ${clone} commit -q --allow-empty -m s`);
  const hook = join(clone, ".git/hooks/pre-commit");
  const result = await inSandbox(
    here,
    `echo evil > ${hook}; git -C ${clone} config alias.st '!evil'`,
  );
  assert.match(result.stderr, /hooks" was changed by the command: undone/);
  assert.match(result.stderr, /config" was changed by the command: undone/);
  assert.equal(existsSync(hook), false);
  assert.doesNotMatch(readFileSync(join(clone, ".git/config"), "utf8"), /evil/);
});

test("attack: a file that the settings include", options, async (t) => {
  const here = await workspace(t);
  const file = join(here.directory, "team/gitconfig");
  mkdirSync(join(here.directory, "team"));
  writeFileSync(file, "[alias]\n\tst = status\n");
  const other = '[include]\n\tpath = "../team/more" ; of the team';
  await outside(
    here,
    `git config include.path ../team/gitconfig; printf '${other}' >> .git/config`,
  );
  const fsmonitor = `core.fsmonitor 'touch ${here.pwned}; false'`;
  for (const path of ["team/gitconfig", "team/more"]) {
    const words = `git config -f ${path} ${fsmonitor}`;
    const result = await inSandbox(here, words);
    assert.match(result.stderr, new RegExp(`${path}" was .*: undone`));
    assert.equal(await isRun(here), false, words);
  }
  assert.equal(readFileSync(file, "utf8"), "[alias]\n\tst = status\n");
  assert.deepEqual(await inSandbox(here, "rm team/gitconfig").then(({ stderr }) => stderr), "");
  await outside(here, `git config -f team/more ${fsmonitor}`); // the twin
  assert.equal(await isRun(here), true);
});

test("attack: a directory that is a repository by files of its own", options, async (t) => {
  const here = await workspace(t);
  const words = `git init -q --bare sub && git -C sub config core.bare false &&
    git -C sub config core.worktree .. && git -C sub config core.fsmonitor 'touch ${here.pwned}; false'`;
  const result = await inSandbox(here, words);
  assert.match(result.stderr, /removed: worktree = \.\.; fsmonitor/);
  assert.equal(await isRun(here, "cd sub && git status"), false);
  await outside(here, `rm -r sub; ${words}`); // the twin
  assert.equal(await isRun(here, "cd sub && git status"), true);
});

test("honest work below the top goes on, without a word", options, async (t) => {
  const here = await workspace(t);
  const source = join(here.directory, "../source");
  await outside(
    here,
    `git init -q ${source} && cd ${source} && echo 1 > f && git add f && git commit -qm s`,
  );
  for (const words of [
    `git clone -q ${source} cloned && git -C cloned log --format=%s`,
    "cd cloned && git checkout -q -b topic --track origin/HEAD && echo 2 > f && git commit -qam two",
    "git -C cloned remote add other ../elsewhere",
    "mv cloned renamed && git -C renamed status",
    "rm -rf renamed",
    `git clone -q --bare ${source} bare.git && git -C bare.git log --format=%s`,
    `mkdir -p node_modules && git clone -q --bare ${source} node_modules/cache`,
    "git worktree add -q side && cd side && echo 1 > g && git add g && git commit -qm side",
    "git worktree remove side",
  ]) {
    const result = await inSandbox(here, words);
    assert.deepEqual([result.code, result.stderr], [0, ""], words);
  }
});

test("submodules come with a sentence at most", options, async (t) => {
  const here = await workspace(t);
  const source = join(here.directory, "../source");
  await outside(
    here,
    `git init -q ${source} && cd ${source} && echo 1 > f && git add f && git commit -qm s`,
  );
  // Their addresses are written to the top repository's settings, so the user has to allow that.
  await outside(here, `git submodule add -q ${source} sub && git commit -qm sub && rm -rf sub`);
  await outside(here, "git config submodule.sub.active true; rm -rf .git/modules");
  const updated = await inSandbox(here, "git submodule update -q && cat sub/f");
  assert.deepEqual([updated.code, updated.stdout, updated.stderr], [0, "1\n", ""]);
  const status = await outside(here, "git -C sub status --short && git status --short");
  assert.deepEqual([status.code, status.stdout], [0, ""], status.stderr);
  const work = await inSandbox(
    here,
    "cd sub && echo 2 > f && git commit -qam two && cd .. && git add sub && git commit -qm up",
  );
  assert.deepEqual([work.code, work.stderr], [0, ""]);
  renameSync(join(here.directory, "sub"), join(here.directory, "gone"));
  rmSync(join(here.directory, "gone"), { recursive: true });
});

test("what is told of removed settings cannot drive the terminal", options, async (t) => {
  const here = await workspace(t);
  const script = String.raw`git init -q sub && printf '[core]\n\tfsmonitor = a\033]0;pwned\007\033[2J\n' >> sub/.git/config`;
  const { stderr } = await inSandbox(here, script);
  assert.match(stderr, /removed: fsmonitor = a<U\+001B>\]0;pwned<U\+0007><U\+001B>\[2J/);
  assert.doesNotMatch(stderr, /[^\n\P{Cc}]/u);
});
