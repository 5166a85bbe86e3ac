import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";
import { parse, stringify } from "smol-toml";

import { findPosition } from "../../src/config/toml-positions.ts";
import type { TomlPath } from "../../src/config/toml-value.ts";

const DOCUMENT = `# a comment with = and [brackets]
model = "o3" # after it
notify = ["a", # first
  "b,]", 'c']
"quoted key".'literal.key' = 1
history.max_bytes = 5
inline = { a = 1, b.c = { d = "}" }, "e=f" = [ { g = 2 } ] }
text = """
model = "not here"
"""""
lines = '''
[not.a.table]
'''

[mcp_servers . "a.b" ] # spaced
  command = "x"
	args = [
    "ä😀", "second",
]
[[things]]
name = "first"
[[things]]
name = "second"
[things.sub]
key = true
[profiles.p\\u00e4]
date = 1979-05-27 07:32:00
`;

const places: readonly (readonly [TomlPath, number, number, string | undefined])[] = [
  [["model"], 2, 1, '"o3"'],
  [["notify"], 3, 1, undefined],
  [["notify", 0], 3, 11, '"a"'],
  [["notify", 1], 4, 3, '"b,]"'],
  [["notify", 2], 4, 10, "'c'"],
  [["quoted key", "literal.key"], 5, 14, "1"],
  [["history", "max_bytes"], 6, 9, "5"],
  [["inline", "a"], 7, 12, "1"],
  [["inline", "b", "c", "d"], 7, 27, '"}"'],
  [["inline", "e=f", 0, "g"], 7, 50, "2"],
  [["text"], 8, 1, undefined],
  [["mcp_servers", "a.b"], 15, 16, undefined],
  [["mcp_servers", "a.b", "command"], 16, 3, '"x"'],
  [["mcp_servers", "a.b", "args", 0], 18, 5, '"ä😀"'],
  [["mcp_servers", "a.b", "args", 1], 18, 11, '"second"'],
  [["things", 0, "name"], 21, 1, '"first"'],
  [["things", 1, "name"], 23, 1, '"second"'],
  [["things", 1, "sub", "key"], 25, 1, "true"],
  [["mcp_servers", "a.b", "missing"], 15, 16, undefined],
];

for (const [path, line, column, value] of places) {
  test(`${path.join(" ")} is at ${line}:${column}`, () => {
    const position = findPosition(DOCUMENT, path);
    assert.deepEqual([position?.line, position?.column], [line, column]);
    if (value === undefined) return;
    const { start, end } = position?.value ?? { start: 0, end: 0 };
    assert.equal(DOCUMENT.slice(start, end), value);
  });
}

test("a path whose first key is not in the text has no place", () => {
  assert.equal(findPosition(DOCUMENT, ["nothing", "here"]), undefined);
});

test("carriage returns and a byte order mark do not shift lines", () => {
  const { line, column } = findPosition("\ufeffa = 1\r\nb = 2\r\n", ["b"]) ?? {};
  assert.deepEqual([line, column], [2, 1]);
});

const leaf = fc.oneof(fc.string(), fc.boolean(), fc.integer({ min: -1000, max: 1000 }));
const key = fc.oneof(
  fc.stringMatching(/^[a-z_-]{1,6}$/),
  fc.string({ minLength: 1, maxLength: 6 }),
);
const { tree } = fc.letrec<{ tree: Record<string, unknown>; value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(leaf, { maxLength: 3 }), tie("tree")),
  tree: fc.dictionary(key, tie("value"), { maxKeys: 4 }),
}));

test("the text at the place of every value is that value", () => {
  fc.assert(
    fc.property(tree, (document) => {
      const text = stringify(document);
      for (const { path, value } of leavesOf(parse(text))) {
        const found = findPosition(text, path)?.value;
        assert.ok(found !== undefined, `${JSON.stringify(path)} in ${text}`);
        assert.deepEqual(parse(`v = ${text.slice(found.start, found.end)}`)["v"], value);
      }
    }),
    { numRuns: 300 },
  );
});

test("any text is scanned to its end", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...Array.from("ab=.[]{}\"'#,\n\\ ")) }),
      (text) => {
        findPosition(text, ["a"]);
      },
    ),
    { numRuns: 1000 },
  );
});

interface Leaf {
  readonly path: TomlPath;
  readonly value: unknown;
}

function leavesOf(value: unknown, path: TomlPath = []): Leaf[] {
  if (Array.isArray(value)) {
    return value.flatMap((element, index) => leavesOf(element, [...path, index]));
  }
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, [...path, name]));
  }
  return [{ path, value }];
}
