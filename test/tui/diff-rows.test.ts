import assert from "node:assert/strict";
import { test } from "node:test";
import { hunkRows } from "../../src/tui/diff-rows.ts";
import { rowText } from "../../src/tui/styled.ts";

/** What is marked within the rows of a diff. */
function marked(diff: string): readonly string[] {
  const spans = hunkRows(diff, 500).flat();
  return spans.filter(({ style }) => style?.underline === true).map(({ text }) => text.trim());
}

test("of a line that was changed the changed words are marked, with signs and both numbers", () => {
  const diff = "@@ -9,3 +9,3 @@\n before\n-const name = old;\n+const name = fresh;\n after\n";
  assert.deepEqual(marked(diff), ["old", "fresh"]);
  assert.deepEqual(hunkRows(diff, 80).map(rowText), [
    " 9  9   before",
    "10    - const name = old;",
    "   10 + const name = fresh;",
    "11 11   after",
  ]);
});

test("lines that are no pair, share little or are longer than 200 columns are not marked", () => {
  assert.deepEqual(marked("@@ -1,2 +1,1 @@\n-const a = 1;\n-const b = 1;\n+const c = 1;\n"), []);
  assert.deepEqual(marked("@@ -1 +1 @@\n-one two three\n+something(entirely);\n"), []);
  for (const [length, expected] of [
    [190, ["old", "new"]],
    [210, []],
  ] as const) {
    const words = "word ".repeat(length / 5);
    assert.deepEqual(marked(`@@ -1 +1 @@\n-${words}old\n+${words}new\n`), expected);
  }
});
