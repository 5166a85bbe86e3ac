import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { describeFileProblem } from "../../src/runtime/file-problem.ts";

test("what node:fs throws is told in words, without a code", () => {
  const attempts = [
    ["no such file or directory", () => readFileSync("/no/such/file")],
    ["what stands before the last / is not a directory", () => readFileSync("/dev/null/x")],
    ["it is a directory", () => readFileSync("/")],
    ["no space left on the device", () => writeFileSync("/dev/full", "x")],
    ["something else has this name", () => writeFileSync("/dev/null", "x", { flag: "wx" })],
    // One of the words of the system.
    ["i/o error", () => readFileSync("/proc/self/mem")],
    ["the name is too long", () => readFileSync(`/${"x".repeat(300)}`)],
  ] as const;
  for (const [words, attempt] of attempts) {
    assert.throws(attempt, (error) => {
      assert.equal(describeFileProblem(error), words);
      return true;
    });
  }
  assert.equal(describeFileProblem("x"), "unknown error");
});
