import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeDirectories } from "../../src/runtime/make-directories.ts";
import { tempDir } from "../support/temp-dir.ts";

test("each missing directory is made with the mode, and what is there stays", (t) => {
  const parent = tempDir(t);
  const before = statSync(parent).mode;
  makeDirectories(join(parent, "a/b"), 0o700);
  makeDirectories(join(parent, "a/b"), 0o777);
  const modes = ["a", "a/b"].map((name) => statSync(join(parent, name)).mode & 0o777);
  assert.deepEqual(modes, [0o700, 0o700]);
  assert.equal(statSync(parent).mode, before);
});

test("a file in the way is told, at the end and before it", (t) => {
  const file = join(tempDir(t), "file");
  writeFileSync(file, "");
  assert.throws(() => makeDirectories(file), { code: "EEXIST" });
  assert.throws(() => makeDirectories(join(file, "a/b")), { code: "ENOTDIR" });
});

test(
  "it returns where the kernel makes no directory",
  { skip: process.platform === "linux" ? false : "needs /proc" },
  () => {
    assert.throws(() => makeDirectories("/proc/none/such"), { code: /^E/ });
  },
);
