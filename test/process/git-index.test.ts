/** Submodule entries of indexes as git writes them. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { readIndex } from "../../src/process/git-index.ts";
import { run } from "../support/run.ts";
import { needsProgram } from "../support/skip-reasons.ts";
import { tempDir } from "../support/temp-dir.ts";

const needsGit = { skip: needsProgram("git") };
const long = `${"directory/".repeat(450)}sub`;

for (const format of ["sha1", "sha256"]) {
  for (const version of ["2", "3", "4"]) {
    test(`version ${version} with ${format}`, needsGit, async (t) => {
      const directory = tempDir(t);
      const git = async (...words: readonly string[]): Promise<void> => {
        const result = await run(["git", ...words], { cwd: directory });
        assert.equal(result.code, 0, result.stderr);
      };
      await git("init", "-q", `--object-format=${format}`);
      for (const name of ["a", "a-longer-name", "b", "z"]) {
        writeFileSync(join(directory, name), name);
      }
      await git("add", ".");
      const oid = "1".repeat(format === "sha1" ? 40 : 64);
      for (const path of ["a.sub", "deep/sub", long, "y"]) {
        await git("update-index", "--add", "--cacheinfo", `160000,${oid},${path}`);
      }
      // Only an entry with a flag of its own needs version 3.
      await git("update-index", "--index-version", version);
      if (version !== "2") await git("update-index", "--skip-worktree", "a");
      const bytes = readFileSync(join(directory, ".git/index"));
      assert.equal(bytes.readUInt32BE(4), Number(version));
      const found = readIndex(bytes);
      for (const path of ["a.sub", "deep/sub", long, "y"]) {
        assert.equal(
          found?.gitlinks.some((name) => name === path),
          true,
          path,
        );
      }
      assert.equal(
        found?.gitlinks.some((name) => name === "a" || name === "b"),
        false,
      );
    });
  }
}

test("what is no index, or ends too early, is no error", () => {
  assert.equal(readIndex(Buffer.alloc(0)), undefined);
  assert.equal(readIndex(Buffer.from("DIRC\\0\\0\\0\\x09\\0\\0\\0\\x01")), undefined);
  const header = Buffer.from([0x44, 0x49, 0x52, 0x43, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff]);
  for (const filler of [0, 0x80, 0xe0, 0xff]) {
    for (let length = 0; length < 200; length += 1) {
      assert.notEqual(readIndex(Buffer.concat([header, Buffer.alloc(length, filler)])), undefined);
    }
  }
});
