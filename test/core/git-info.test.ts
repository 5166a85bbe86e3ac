import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { readGitInfo, withoutCredentials } from "../../src/core/git-info.ts";
import { tempDir } from "./conversation-harness.ts";

function git(cwd: string, ...args: readonly string[]): string {
  const names = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=trunk"];
  return execFileSync("git", [...names, ...args], { cwd, encoding: "utf8" }).trim();
}

function repository(t: TestContext): string {
  const root = tempDir(t);
  git(root, "init", "-q");
  git(root, "commit", "-q", "--allow-empty", "-m", "one");
  return root;
}

test("commit, branch and address are those that git tells", (t) => {
  const root = repository(t);
  git(root, "remote", "add", "origin", "https://me:token@example.com/team/thing.git");
  const expected = {
    commit_hash: git(root, "rev-parse", "HEAD"),
    branch: "trunk",
    repository_url: "https://example.com/team/thing.git",
  };
  assert.deepEqual(readGitInfo(root), expected);
  git(root, "pack-refs", "--all");
  assert.deepEqual(readGitInfo(root), expected);
  const worktree = join(tempDir(t), "tree");
  git(root, "worktree", "add", "-q", "-b", "side", worktree);
  assert.deepEqual(readGitInfo(worktree), { ...expected, branch: "side" });
  git(root, "checkout", "-q", "--detach");
  const { branch: _, ...detached } = expected;
  assert.deepEqual(readGitInfo(root), detached);
});

test("an empty repository and no repository", (t) => {
  const empty = tempDir(t);
  git(empty, "init", "-q");
  assert.deepEqual(readGitInfo(empty), { branch: "trunk" });
  assert.equal(readGitInfo(tempDir(t)), null);
});

test("addresses lose whatever could be a secret", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["https://u:p@h.example/x.git", "https://h.example/x.git"],
    ["https://ghp_token@h.example/x.git", "https://h.example/x.git"],
    ["https://h.example/x.git?key=1#z", "https://h.example/x.git"],
    ["ssh://git:pw@h.example:22/x.git", "ssh://h.example:22/x.git"],
    ["git@h.example:team/x.git", "h.example:team/x.git"],
    ["user:pw@h.example:team/x.git", "h.example:team/x.git"],
    ["../elsewhere", "../elsewhere"],
  ];
  for (const [url, clean] of cases) assert.equal(withoutCredentials(url), clean);
});
