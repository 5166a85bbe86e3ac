import assert from "node:assert/strict";
import { test } from "node:test";
import { decodePlanArguments } from "../../src/protocol/plan.ts";

test("a plan without explanation has none", () => {
  assert.deepEqual(decodePlanArguments(`{"plan":[{"step":"look","status":"pending"}]}`), {
    ok: true,
    value: { explanation: null, plan: [{ step: "look", status: "pending" }] },
  });
});

test("an unknown status is refused with the known ones", () => {
  assert.deepEqual(decodePlanArguments(`{"plan":[{"step":"look","status":"done"}]}`), {
    ok: false,
    message: `Cannot read plan: unknown value "done" at plan[0].status, expected one of "pending", "in_progress", "completed"`,
  });
});

test("text that is not JSON is refused", () => {
  assert.deepEqual(decodePlanArguments("{plan"), {
    ok: false,
    message: "Cannot read plan: not valid JSON",
  });
});
