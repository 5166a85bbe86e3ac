import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { candidatePaths } from "../../src/linux-sandbox/exec-program.ts";
import { brand } from "../../src/runtime/byte-string.ts";

function candidates(program: string, ...environment: readonly string[]): readonly string[] {
  return candidatePaths(brand(program), environment.map(brand));
}

suite("candidatePaths", () => {
  test("a program with a slash is that file only", () => {
    for (const program of ["/bin/ls", "./ls", "a/b", "/"]) {
      assert.deepEqual(candidates(program, "PATH=/x"), [program]);
    }
  });

  test("a bare name is looked for in PATH, in order", () => {
    assert.deepEqual(candidates("ls", "PATH=/a:/b"), ["/a/ls", "/b/ls"]);
  });

  test("an empty part of PATH is the current directory, as POSIX says", () => {
    assert.deepEqual(candidates("ls", "PATH=:/a::/b:"), ["./ls", "/a/ls", "./ls", "/b/ls", "./ls"]);
    assert.deepEqual(candidates("ls", "PATH="), ["./ls"]);
  });

  test("without PATH, the system's own directories are used", () => {
    assert.deepEqual(candidates("ls", "XPATH=/a", "PATHS=/b"), ["/bin/ls", "/usr/bin/ls"]);
  });

  test("the first of several PATH entries counts, as for getenv", () => {
    assert.deepEqual(candidates("ls", "PATH=/a", "PATH=/b"), ["/a/ls"]);
  });

  test("bytes that are no UTF-8 stay as they are", () => {
    assert.deepEqual(candidates("l\xff", "PATH=/caf\xe9"), ["/caf\xe9/l\xff"]);
  });
});
