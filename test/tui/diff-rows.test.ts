import assert from "node:assert/strict";
import { test } from "node:test";
import { diffRows, hunkRows } from "../../src/tui/diff-rows.ts";
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

test("nothing of a line or a path is dropped, hidden characters are shown in writing", () => {
  const content = "echo hi\u001b]0;; evil\nready\u001b[2K\b\tset\rgo\u202e\nends as usual\r\n";
  const shown = diffRows({ "/w/a\u001b]b": { add: { content } } }, "/w", 200).map(rowText);
  assert.deepEqual(shown, [
    "Add a<U+001B>]b (+3 -0)",
    "  1 + echo hi<U+001B>]0;; evil",
    "  2 + ready<U+001B>[2K<U+0008>    set<U+000D>go<U+202E>",
    "  3 + ends as usual",
  ]);
  const named = diffRows({ "/w/a\nAdd b (+1 -0)": "delete" }, "/w", 200).map(rowText);
  assert.deepEqual(named, ["Delete a<U+000A>Add b (+1 -0)"]);
  assert.deepEqual(hunkRows("@@ -0,0 +1 @@\n+a\u009db\n", 200).map(rowText), ["  1 + a<U+009D>b"]);
});
