import assert from "node:assert/strict";
import { test } from "node:test";
import { describeResult } from "../../src/core/tools/tool-output.ts";
import { OutputCapture, emptyOutput } from "../../src/process/output-capture.ts";

function captured(text: string) {
  const capture = new OutputCapture();
  capture.add(Buffer.from(text), text.split("\n").length - 1);
  return capture.result();
}

const ended = {
  kind: "ended",
  exitCode: 3,
  timedOutAfterMs: null,
  isAborted: false,
  isSignaled: false,
  durationMs: 1260,
  stdout: emptyOutput,
  stderr: emptyOutput,
  aggregated: captured("a\n"),
  placeChanges: [],
  confinement: undefined,
} as const;

test("the shape of an output", () => {
  assert.equal(
    describeResult(ended, []),
    '{"output":"a\\n","metadata":{"exit_code":3,"duration_seconds":1.3}}',
  );
});

test("notes stand before the output, the most important one first", () => {
  const result = { ...ended, exitCode: 124, timedOutAfterMs: 500 };
  assert.equal(
    describeResult(result, ["a note"]),
    '{"output":"command timed out after 500 milliseconds\\na note\\na\\n","metadata":{"exit_code":124,"duration_seconds":1.3}}',
  );
});
