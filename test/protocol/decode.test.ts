import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import * as z from "zod/mini";
import { decodeJsonWith, decodeWith } from "../../src/protocol/decode.ts";

const schema = z.object({
  n: z.int(),
  short: z.optional(z.string().check(z.maxLength(2))),
  either: z.optional(z.union([z.literal("a"), z.object({ b: z.object({ c: z.string() }) })])),
});

function reasonFor(value: unknown): string {
  const result = decodeWith(schema, value, "thing");
  return result.ok ? "" : result.message;
}

test("a value of the schema's shape comes back", () => {
  assert.deepEqual(decodeWith(schema, { n: 1, more: 2 }, "thing"), { ok: true, value: { n: 1 } });
});

test("messages name the place", () => {
  assert.equal(reasonFor(undefined), "Cannot read thing: expected object");
  assert.equal(reasonFor({}), "Cannot read thing: missing n");
  assert.equal(reasonFor({ n: 1.5 }), "Cannot read thing: expected int at n");
  assert.equal(reasonFor({ n: 1, short: "abc" }), "Cannot read thing: more than 2 at short");
  assert.equal(
    reasonFor({ n: 1, either: { b: { c: 1 } } }),
    "Cannot read thing: expected string at either.b.c",
  );
  assert.equal(reasonFor({ n: 1, either: { b: {} } }), "Cannot read thing: missing either.b.c");
});

test("a long foreign value is shown in part", () => {
  const tagged = z.object({ kind: z.enum(["x"]) });
  const result = decodeWith(tagged, { kind: "k".repeat(5000) }, "thing");
  assert.equal(
    result.ok ? "" : result.message,
    `Cannot read thing: unknown value "${"k".repeat(59)}… at kind, expected one of "x"`,
  );
});

test("any text gives a result", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const result = decodeJsonWith(schema, text, "thing");
      assert.ok(result.ok || result.message.startsWith("Cannot read thing: "));
    }),
  );
});
