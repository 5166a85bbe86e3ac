import assert from "node:assert/strict";
import { test } from "node:test";
import { responsesBody } from "../../src/model/responses-api.ts";
import { prompt } from "./model-request.ts";

test("a server that stores nothing is asked for encrypted reasoning", () => {
  const body = responsesBody({ ...prompt, store: false });
  assert.deepEqual([body.store, body.include], [false, ["reasoning.encrypted_content"]]);
});

test("a model that does not reason has no reasoning and nothing to include", () => {
  const body = responsesBody({ ...prompt, store: false, reasoning: null });
  assert.deepEqual([body.reasoning, body.include], [null, []]);
});

test("no summary means no field", () => {
  const reasoning = { effort: "high", summary: "none" } as const;
  assert.deepEqual(responsesBody({ ...prompt, reasoning }).reasoning, { effort: "high" });
});

test("equal prompts are equal text, and a longer history extends it", () => {
  const input = prompt.input();
  const longer = JSON.stringify(responsesBody({ ...prompt, input: () => [...input, ...input] }));
  const shorter = JSON.stringify(responsesBody(prompt));
  assert.equal(JSON.stringify(responsesBody({ ...prompt })), shorter);
  const common = shorter.slice(0, shorter.indexOf(`],"tools"`));
  assert.ok(longer.startsWith(common));
});
