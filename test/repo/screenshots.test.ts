/** The pictures in docs/ show the program as it is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { needsBinary, pinnedNode, projectRoot } from "../support/codex-binary.ts";
import { needsLoopback } from "../support/model-server.ts";
import { run } from "../support/run.ts";
import { firstReason, needsSandbox } from "../support/skip-reasons.ts";

const skip = firstReason(needsBinary, needsLoopback, needsSandbox);

test("a session looks as in the pictures of the documents", { skip }, async () => {
  const command = [pinnedNode, "build/screenshots.ts", "--check"];
  const { code, stderr } = await run(command, { cwd: projectRoot });
  assert.equal(code, 0, stderr);
});
