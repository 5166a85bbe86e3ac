import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createTurnDiff } from "../../src/core/turn-diff.ts";
import type { FileChange } from "../../src/protocol/file-change.ts";
import { tempDir } from "../support/temp-dir.ts";

const ADD = { add: { content: "" } } as const;
const UPDATE = { update: { unified_diff: "", move_path: null } } as const;

function git(cwd: string, ...args: string[]): string {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
  return execFileSync("git", args, { cwd, env, encoding: "utf8" });
}

/** A git work tree with these files. */
function workTree(t: TestContext, files: Readonly<Record<string, string>>): string {
  const directory = tempDir(t);
  git(directory, "init", "-q");
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(directory, name), content);
  return directory;
}

function moveTo(path: string): FileChange {
  return { update: { unified_diff: "", move_path: path } };
}

test("the diff of a turn is the recorded one: update, delete, add, move", async (t) => {
  const cwd = workTree(t, {
    "a.txt": "one\ntwo\nthree\nfour\nfive\n",
    "b.txt": "gone\n",
    "c.txt": "x\n",
  });
  const diff = createTurnDiff("/nowhere");
  diff.beforePatch({
    [`${cwd}/new.txt`]: ADD,
    [`${cwd}/a.txt`]: UPDATE,
    [`${cwd}/b.txt`]: "delete",
    [`${cwd}/c.txt`]: moveTo(`${cwd}/sub/d.txt`),
  });
  assert.equal(await diff.unifiedDiff(), null);
  writeFileSync(join(cwd, "a.txt"), "one\ntwo\nTHREE\nfour\nfive\n");
  rmSync(join(cwd, "b.txt"));
  writeFileSync(join(cwd, "new.txt"), "hello\n");
  mkdirSync(join(cwd, "sub"));
  renameSync(join(cwd, "c.txt"), join(cwd, "sub/d.txt"));
  writeFileSync(join(cwd, "sub/d.txt"), "y\n");
  const zeros = "0".repeat(40);
  assert.equal(
    await diff.unifiedDiff(),
    [
      "diff --git a/a.txt b/a.txt",
      "index b2f931a67315c95c5daab3aac6de62e534808476..b80f223d08e2bf5eded81bcf6783e702a30a5560",
      "--- a/a.txt",
      "+++ b/a.txt",
      "@@ -1,5 +1,5 @@",
      " one",
      " two",
      "-three",
      "+THREE",
      " four",
      " five",
      "diff --git a/b.txt b/b.txt",
      "deleted file mode 100644",
      `index 286c5f5776916d7d7d5849988ca9d83e722cf9c2..${zeros}`,
      "--- a/b.txt",
      "+++ /dev/null",
      "@@ -1 +0,0 @@",
      "-gone",
      "diff --git a/new.txt b/new.txt",
      "new file mode 100644",
      `index ${zeros}..ce013625030ba8dba906f756967f9e9ca394464a`,
      "--- /dev/null",
      "+++ b/new.txt",
      "@@ -0,0 +1 @@",
      "+hello",
      "diff --git a/c.txt b/sub/d.txt",
      "index 587be6b4c3f93f93c489c0111bba5596147a26cb..975fbec8256d3e8a3797e7a3611380f27c49f4ac",
      "--- a/c.txt",
      "+++ b/sub/d.txt",
      "@@ -1 +1 @@",
      "-x",
      "+y",
      "",
    ].join("\n"),
  );
});

test("git gives the same diff, and takes it back", async (t) => {
  const cwd = workTree(t, {
    "a.txt": "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n",
    "no-newline.txt": "a\nb",
    "crlf.txt": "a\r\nb\r\n",
  });
  git(cwd, "add", ".");
  const diff = createTurnDiff("/nowhere");
  diff.beforePatch({
    [`${cwd}/a.txt`]: UPDATE,
    [`${cwd}/no-newline.txt`]: UPDATE,
    [`${cwd}/crlf.txt`]: UPDATE,
    [`${cwd}/dir/new.txt`]: ADD,
  });
  writeFileSync(join(cwd, "a.txt"), "1\n2\n3\nfour\n5\n6\n7\n8\n9\n10\n11\n12\n14\n15\n16\n");
  writeFileSync(join(cwd, "no-newline.txt"), "a\nB");
  writeFileSync(join(cwd, "crlf.txt"), "a\r\nB\r\n");
  mkdirSync(join(cwd, "dir"));
  writeFileSync(join(cwd, "dir/new.txt"), "new\n");
  const ours = await diff.unifiedDiff();
  git(cwd, "add", "--intent-to-add", ".");
  const theirs = git(cwd, "diff", "--full-index").replace(/^(index .*) \d{6}$/gmu, "$1");
  assert.equal(ours, theirs);
  git(cwd, "reset", "-q");
  writeFileSync(join(cwd, "turn.diff"), ours);
  git(cwd, "apply", "--reverse", "turn.diff");
  assert.equal(readFileSync(join(cwd, "no-newline.txt"), "utf8"), "a\nb");
});

test("modes, links and binary files are told as git tells them", async (t) => {
  const cwd = workTree(t, { "script.sh": "#!/bin/sh\n", "old.bin": "a\0b" });
  symlinkSync("script.sh", join(cwd, "link"));
  git(cwd, "add", ".");
  const diff = createTurnDiff("/nowhere");
  diff.beforePatch({
    [`${cwd}/script.sh`]: UPDATE,
    [`${cwd}/old.bin`]: UPDATE,
    [`${cwd}/link`]: "delete",
  });
  chmodSync(join(cwd, "script.sh"), 0o755);
  writeFileSync(join(cwd, "old.bin"), "a\0c");
  rmSync(join(cwd, "link"));
  const theirs = git(cwd, "diff", "--full-index").replace(/^(index .*) \d{6}$/gmu, "$1");
  assert.equal(await diff.unifiedDiff(), theirs);
});

test("a move without a changed line, and one away and back", async (t) => {
  const cwd = workTree(t, { "a.txt": "x\n", "b.txt": "y\n" });
  const diff = createTurnDiff("/nowhere");
  diff.beforePatch({ [`${cwd}/a.txt`]: moveTo(`${cwd}/z.txt`) });
  renameSync(join(cwd, "a.txt"), join(cwd, "z.txt"));
  const renamed =
    "diff --git a/a.txt b/z.txt\nsimilarity index 100%\nrename from a.txt\nrename to z.txt\n";
  assert.equal(await diff.unifiedDiff(), renamed);
  diff.beforePatch({ [`${cwd}/z.txt`]: moveTo(`${cwd}/a.txt`) });
  renameSync(join(cwd, "z.txt"), join(cwd, "a.txt"));
  assert.equal(await diff.unifiedDiff(), null);
});

test("a move onto another file is shown as two changes", async (t) => {
  const cwd = workTree(t, { "a.txt": "x\n", "b.txt": "y\n" });
  const diff = createTurnDiff("/nowhere");
  diff.beforePatch({ [`${cwd}/a.txt`]: moveTo(`${cwd}/b.txt`) });
  renameSync(join(cwd, "a.txt"), join(cwd, "b.txt"));
  const headers = (await diff.unifiedDiff())?.match(/^diff .*$|^[+-][a-z]$/gmu);
  assert.deepEqual(headers, [
    "diff --git a/a.txt b/a.txt",
    "-x",
    "diff --git a/b.txt b/b.txt",
    "-y",
    "+x",
  ]);
});

test("two spellings of one file are one file; outside a work tree the name is absolute", async (t) => {
  const cwd = tempDir(t);
  writeFileSync(join(cwd, "a.txt"), "x\n");
  symlinkSync(".", join(cwd, "same"));
  const diff = createTurnDiff("/nowhere");
  diff.beforePatch({ [`${cwd}/a.txt`]: UPDATE });
  writeFileSync(join(cwd, "a.txt"), "y\n");
  diff.beforePatch({ [`${cwd}/same/../${cwd.split("/").at(-1)}/a.txt`]: UPDATE });
  const headers = (await diff.unifiedDiff())?.match(/^diff .*$|^[+-][a-z]$/gmu);
  assert.deepEqual(headers, [`diff --git a${cwd}/a.txt b${cwd}/a.txt`, "-x", "+y"]);
});

// Its time limit is what shows it: a quadratic comparison takes minutes.
const endsSoon = { timeout: 60_000 };
test("a file rewritten from end to end takes no quadratic time", endsSoon, async (t) => {
  const cwd = workTree(t, {});
  const path = join(cwd, "big.txt");
  writeFileSync(path, Array.from({ length: 50_000 }, (_, line) => `old ${line}\n`).join(""));
  const diff = createTurnDiff("/nowhere");
  diff.beforePatch({ [path]: UPDATE });
  writeFileSync(path, Array.from({ length: 50_000 }, (_, line) => `new ${line}\n`).join(""));
  const text = (await diff.unifiedDiff()) ?? "";
  assert.equal(
    text
      .split("\n")
      .filter((line) => line.startsWith("@@"))
      .join(),
    "@@ -1,50000 +1,50000 @@",
  );
  assert.equal(text.split("\n").length, 100_000 + 6);
});

test("outside of a repository names are relative to the session's directory", async (t) => {
  const cwd = tempDir(t);
  const diff = createTurnDiff(cwd);
  diff.beforePatch({ [`${cwd}/new.txt`]: ADD });
  writeFileSync(join(cwd, "new.txt"), "hello\n");
  assert.match((await diff.unifiedDiff()) ?? "", /^diff --git a\/new\.txt b\/new\.txt\n/u);
});
