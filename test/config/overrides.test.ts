import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { ConfigError } from "../../src/config/config-error.ts";
import { overridesFromJson, parseOverride } from "../../src/config/overrides.ts";
import type { TomlValue } from "../../src/config/toml-value.ts";

const readings: readonly (readonly [string, readonly string[], unknown])[] = [
  ["model=o3", ["model"], "o3"],
  ['model="o3"', ["model"], "o3"],
  [" model = x y ", ["model"], "x y"],
  ["model=3o", ["model"], "3o"],
  ["model=4.1", ["model"], 4.1],
  ["model=true", ["model"], true],
  ['model="a', ["model"], "a"],
  ["model='a", ["model"], "a"],
  ["a.b=", ["a", "b"], ""],
  ["a=b=c", ["a"], "b=c"],
  ["a . b . c=1", ["a", "b", "c"], 1],
  ["notify=['a', \"b\"]", ["notify"], ["a", "b"]],
  [
    "history={persistence='none', max_bytes = 2}",
    ["history"],
    { persistence: "none", max_bytes: 2 },
  ],
  ['history={"persistence":"none"}', ["history"], { persistence: "none" }],
  ['projects."/a.b".trust_level=trusted', ["projects", "/a.b", "trust_level"], "trusted"],
  ["projects.'/a=b.c'.trust_level=trusted", ["projects", "/a=b.c", "trust_level"], "trusted"],
  ["projects./home/me.trust_level=x", ["projects", "/home/me", "trust_level"], "x"],
  [String.raw`a."q\"\u0041"=1`, ["a", 'q"A'], 1],
  ["a=[1, 2", ["a"], "[1, 2"],
  ["a={x", ["a"], "{x"],
  ['a=1\nmodel = "smuggled"', ["a"], '1\nmodel = "smuggled'],
  ["__proto__.x=1", ["__proto__", "x"], 1],
  ["a=null", ["a"], "null"],
  ["a=1_000", ["a"], 1000],
  ["a=gpt-oss:20b", ["a"], "gpt-oss:20b"],
];

for (const [text, path, value] of readings) {
  test(`-c ${JSON.stringify(text)}`, async () => {
    const override = await parseOverride(text);
    assert.deepEqual({ path: override.path, value: plain(override.value) }, { path, value });
  });
}

const refusals: readonly (readonly [string, string])[] = [
  ["model", "-c model: expected key=value, found no ="],
  ["", "-c : expected key=value, found no ="],
  ["=x", "-c =x: empty key"],
  [" = x", "-c  = x: empty key"],
  ["a..b=x", "-c a..b=x: empty key"],
  ['"a=x', '"-c \\"a=x": unfinished quotes in the key'],
  ['"a"b=x', '"-c \\"a\\"b=x": expected . or = after a quoted part of the key'],
  ['"\\q"=x', String.raw`"-c \"\\q\"=x": bad escape in a quoted part of the key`],
  ["\u001b[31m", String.raw`"-c \u001b[31m": expected key=value, found no =`],
];

for (const [text, message] of refusals) {
  test(`-c ${JSON.stringify(text)} is refused`, async () => {
    await assert.rejects(parseOverride(text), { name: "ConfigError", message });
  });
}

test("any text gives an override or a ConfigError of one line", async () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom(...Array.from("a.=\"'[]{}\\,1 \n#")) }),
    fc.tuple(fc.string(), fc.json()).map(([name, json]) => `${name}=${json}`),
  );
  await fc.assert(
    fc.asyncProperty(text, async (argument) => {
      try {
        const { path } = await parseOverride(argument);
        assert.ok(path.length > 0);
      } catch (error) {
        assert.ok(error instanceof ConfigError);
        assert.doesNotMatch(error.message, /\p{Cc}/u);
      }
    }),
    { numRuns: 1000 },
  );
});

test("settings of a client are read like -c, with JSON values", () => {
  const overrides = overridesFromJson({ "mcp_servers.a.args": ["x"], 'projects."/a.b"': {} });
  assert.deepEqual(
    overrides.map(({ path, value }) => ({ path, value: plain(value) })),
    [
      { path: ["mcp_servers", "a", "args"], value: ["x"] },
      { path: ["projects", "/a.b"], value: {} },
    ],
  );
  assert.throws(() => overridesFromJson({ model: null }), {
    message: String.raw`"config \"model\"": null is not a value`,
  });
});

/** Tables have no prototype, which deepEqual would count as a difference. */
function plain(value: TomlValue): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(value));
  return copy;
}
