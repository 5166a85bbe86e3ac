/** What an editor shows of a command that it asks about. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RunningCalls } from "../../src/acp/running-calls.ts";

function titleOf(command: readonly string[]): unknown {
  const update = new RunningCalls().update({
    type: "exec_approval_request",
    call_id: "call_1",
    command,
    cwd: "/work",
  });
  return update !== undefined && "title" in update ? update.title : undefined;
}

test("a script is shown as itself, whatever else runs as a whole", () => {
  assert.equal(titleOf(["bash", "-lc", "ls"]), "ls");
  assert.equal(titleOf(["/usr/bin/bash", "-c", "ls"]), "ls");
  assert.equal(titleOf(["./bash", "-lc", "ls"]), "./bash -lc ls");
  assert.equal(titleOf(["/opt/bin/sh", "-c", "ls"]), "/opt/bin/sh -c ls");
  assert.equal(titleOf(["bash", "-c", "ls", "x"]), "bash -c ls x");
});

test("what hides in a command is shown", () => {
  const title = titleOf(["bash", "-lc", "ls \u202e\u001b[2J\u200b"]);
  assert.equal(title, "ls <U+202E><U+001B>[2J<U+200B>");
});
