import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { plainDescription, plainParameters } from "../../src/mcp-client/plain-schema.ts";

/** The plain form of one property with this schema. */
function plain(schema: unknown, definitions: unknown = {}): unknown {
  const parameters = plainParameters({
    type: "object",
    properties: { x: schema },
    $defs: definitions,
  });
  return Object.entries(parameters["properties"] ?? {})[0]?.[1];
}

test("a description is kept as it is, up to a limit that is told", () => {
  assert.equal(plainDescription(undefined), "");
  assert.equal(plainDescription({ text: "x" }), "");
  assert.equal(plainDescription("x".repeat(8_192)), "x".repeat(8_192));
  const long = plainDescription(`${"x".repeat(8_191)}🦊${"y".repeat(3_000_000)}`);
  assert.equal(long, `${"x".repeat(8_191)}\ufffd … (3000001 more characters)`);
  assert.deepEqual(plain({ type: "string", description: "z".repeat(9_000) }), {
    type: "string",
    description: `${"z".repeat(8_192)} … (808 more characters)`,
  });
});

suite("a schema for models", () => {
  const cases: readonly (readonly [string, unknown, unknown])[] = [
    ["an integer is a number", { type: "integer", minimum: 1 }, { type: "number" }],
    ["the first type that is not null", { type: ["null", "integer"] }, { type: "number" }],
    ["null alone", { type: "null" }, { type: "string" }],
    ["nothing", {}, { type: "string" }],
    ["true, which allows everything", true, { type: "string" }],
    ["values alone", { enum: ["a", "b"] }, { type: "string" }],
    [
      "values of a text are told in words",
      { type: "string", enum: ["a", "b"], description: "Which" },
      { type: "string", description: 'Which (One of: "a", "b")' },
    ],
    [
      "values without words",
      { type: "string", enum: ["a"] },
      { type: "string", description: 'One of: "a"' },
    ],
    ["an array without items", { type: "array" }, { type: "array", items: { type: "string" } }],
    [
      "items without a type of their own",
      { items: { type: "integer" } },
      { type: "array", items: { type: "number" } },
    ],
    ["an object without properties", { type: "object" }, { type: "object", properties: {} }],
    [
      "names that are required and not there",
      { properties: { a: { type: "boolean" } }, required: ["a", "b", 1] },
      { type: "object", properties: { a: { type: "boolean" } }, required: ["a"] },
    ],
    [
      "one of several",
      { anyOf: [{ type: "null" }, { type: "integer" }], description: "How many" },
      { type: "number", description: "How many" },
    ],
    ["a reference to nowhere", { $ref: "#/$defs/none" }, { type: "string" }],
    ["a reference elsewhere", { $ref: "https://example.org/x" }, { type: "string" }],
    ["a reference to itself", { $ref: "#/properties/x" }, { type: "string" }],
  ];
  for (const [name, schema, expected] of cases) {
    test(name, () => assert.deepEqual(plain(schema), expected));
  }

  test("a reference is followed, a circle ends somewhere", () => {
    const definitions = {
      node: { type: "object", properties: { next: { $ref: "#/$defs/node" } } },
    };
    const text = JSON.stringify(plain({ $ref: "#/$defs/node" }, definitions));
    assert.match(text, /^\{"type":"object","properties":\{"next":\{"type":"object"/);
    assert.ok(text.length < 2_000);
  });

  test("a schema that grows with every level stays small", () => {
    const inner = { $ref: "#/$defs/wide" };
    const wide = {
      type: "object",
      properties: Object.fromEntries("abcdefghij".split("").map((name) => [name, inner])),
    };
    assert.ok(JSON.stringify(plain(inner, { wide })).length < 500_000);
  });

  test("whatever a server writes becomes an object with properties", () => {
    fc.assert(
      fc.property(fc.anything(), (schema) => {
        const { type, properties } = plainParameters(schema);
        assert.equal(type, "object");
        assert.equal(typeof properties, "object");
      }),
    );
  });
});
