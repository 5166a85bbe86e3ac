import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { BOLD, cutRow, DIM, rowText, rowWidth, span, toAnsi } from "../../src/tui/styled.ts";

test("a row is cut between graphemes, and keeps its styles", () => {
  const row = [span("日本", BOLD), span("👩‍👩‍👧 e\u0301nd", DIM)];
  const cases: readonly (readonly [number, string])[] = [
    [0, ""],
    [1, ""],
    [2, "日"],
    [3, "日"],
    [4, "日本"],
    [5, "日本"],
    [6, "日本👩‍👩‍👧"],
    [8, "日本👩‍👩‍👧 e\u0301"],
    [10, "日本👩‍👩‍👧 e\u0301nd"],
    [100, "日本👩‍👩‍👧 e\u0301nd"],
  ];
  for (const [width, text] of cases) assert.equal(rowText(cutRow(row, width)), text, `${width}`);
  assert.deepEqual(cutRow(row, 6)[1]?.style, DIM);
  // What comes after a wide letter that has no room does not take its place.
  assert.equal(rowText(cutRow([span("日"), span("a")], 1)), "");
});

test("a cut row is a beginning of it, and never too wide", () => {
  const spans = fc.array(fc.string({ unit: "grapheme" }).map((text) => span(text)));
  fc.assert(
    fc.property(spans, fc.nat({ max: 30 }), (row, width) => {
      const cut = cutRow(row, width);
      assert.ok(rowWidth(cut) <= width);
      assert.ok(rowText(row).startsWith(rowText(cut)));
    }),
  );
});

test("without colours bold and underline stay", () => {
  const row = [span("a", { bold: true, color: 1 }), span("b", { underline: true, dim: true })];
  const inverse = span("c", { inverse: true, strike: true, italic: true });
  assert.equal(toAnsi([...row, inverse], false), "\u001b[1ma\u001b[0m\u001b[4mb\u001b[0mc");
  assert.equal(
    toAnsi([span("d", { color: 9 }), span("e", { color: 200 })], true),
    "\u001b[91md\u001b[0m\u001b[38;5;200me\u001b[0m",
  );
});
