import assert from "node:assert/strict";
import { readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { makeToolDirectory } from "../../src/core/tool-directory.ts";
import { tempDir } from "../support/temp-dir.ts";

test("our program under its other names, also after it was replaced", (t) => {
  const home = tempDir(t);
  for (const program of [join(home, "one"), join(home, "two")]) {
    writeFileSync(program, "");
    const made = makeToolDirectory(home, program, "linux");
    const applyPatchProgram = join(home, "bin/apply_patch");
    assert.deepEqual(made, { path: join(home, "bin"), applyPatchProgram });
    assert.equal(readlinkSync(applyPatchProgram), program);
  }
});

test("Windows: hard links that can be started by their names", (t) => {
  const home = tempDir(t);
  for (const program of [join(home, "one"), join(home, "two")]) {
    writeFileSync(program, "");
    const made = makeToolDirectory(home, program, "win32");
    assert.equal(made?.applyPatchProgram, join(home, "bin/apply_patch.exe"));
    for (const name of ["apply_patch.exe", "applypatch.exe"]) {
      assert.equal(statSync(join(home, "bin", name)).ino, statSync(program).ino);
    }
    assert.deepEqual(makeToolDirectory(home, program, "win32"), made);
  }
});

test("a home that cannot be made gives none", () => {
  assert.equal(makeToolDirectory("/dev/null/home", "/bin/true", "linux"), null);
});
