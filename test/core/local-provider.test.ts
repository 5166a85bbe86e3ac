import assert from "node:assert/strict";
import { test } from "node:test";
import { isSameModel } from "../../src/core/local-provider.ts";

test("a model is known by the names that local servers give it", () => {
  assert.ok(isSameModel("gpt-oss:20b", "gpt-oss:20b"));
  assert.ok(isSameModel("openai/gpt-oss-20b", "gpt-oss:20b"));
  assert.ok(isSameModel("llama3:latest", "llama3"));
  assert.ok(!isSameModel("gpt-oss:120b", "gpt-oss:20b"));
  assert.ok(!isSameModel("llama3", "llama"));
});
