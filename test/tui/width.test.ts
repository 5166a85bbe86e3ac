import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { BOLD, DIM, rowText, rowWidth, span } from "../../src/tui/styled.ts";
import { cutToWidth, graphemeWidth, isSimple, shorten, textWidth } from "../../src/tui/width.ts";
import { wrapHard, wrapWords } from "../../src/tui/wrap.ts";

test("columns of what terminals show", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["abc", 3],
    ["日本", 4],
    ["e\u0301", 1],
    ["👩‍👩‍👧", 2],
    ["👍🏽", 2],
    ["❤️", 2],
    ["❤", 1],
    ["1️⃣", 2],
    ["🇩🇪", 2],
    ["…›✓", 3],
    ["한글", 4],
    ["\u1112\u1161\u11ab", 2],
    // As terminals add them up, though they are fewer graphemes.
    ["हिन्दी", 5],
    ["क्ष", 2],
    ["กำ", 2],
    ["น้ำ", 2],
    ["தமிழ்", 4],
    ["বাংলা", 5],
  ];
  for (const [text, width] of cases) assert.equal(textWidth(text), width, text);
  assert.equal(cutToWidth("日本語", 5), "日本");
  assert.equal(shorten("日本語テ", 5), "日本…");
});

test("wrapping loses no word, and no row is too wide", () => {
  const words = fc.array(
    fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("日本", "word", " ", "\n")),
  );
  fc.assert(
    fc.property(words, fc.integer({ min: 2, max: 40 }), (parts, width) => {
      const text = parts.join("").replaceAll(/[^\n\P{Cc}]/gu, "");
      for (const wrap of [wrapWords, wrapHard]) {
        const rows = wrap([span(text)], { width });
        const joined = rows.map(rowText).join("").replaceAll(/\s/gu, "");
        assert.equal(joined, text.replaceAll(/\s/gu, ""));
        for (const row of rows) assert.ok(rowWidth(row) <= width, rowText(row));
      }
    }),
    { numRuns: 300 },
  );
});

test("text of the simplest kind is wrapped as all other text is", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c", " "), maxLength: 40 });
  const prefix = fc.constantFrom([], [span("> ")], [span("    ", BOLD)]);
  const width = fc.integer({ min: 1, max: 14 });
  fc.assert(
    fc.property(text, width, prefix, prefix, (words, columns, first, rest) => {
      const options = { width: columns, first, rest };
      // Of more than one part, it is taken to pieces.
      const expected = wrapWords([span(words, DIM), span("", DIM)], options);
      assert.deepEqual(wrapWords([span(words, DIM)], options), expected);
    }),
    { numRuns: 2000 },
  );
});

test("a grapheme of many letters is wider than no row, and words of letters are not broken", () => {
  for (const letters of ["क्".repeat(200), `ก${"ำ".repeat(200)}`, `e${"\u0301".repeat(200)}`]) {
    for (const wrap of [wrapWords, wrapHard]) {
      const rows = wrap([span(letters)], { width: 20 });
      assert.equal(rows.map(rowText).join(""), letters);
      for (const row of rows) assert.ok(rowWidth(row) <= 20, rowText(row));
    }
  }
  const rows = wrapWords([span("हिन्दी हिन्दी हिन्दी")], { width: 12 });
  assert.deepEqual(rows.map(rowText), ["हिन्दी हिन्दी", "हिन्दी"]);
});

test("what is taken for simple is one grapheme of one column, whatever is beside it", () => {
  const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
  const simple = Array.from({ length: 0x1_0000 }, (_, code) => String.fromCharCode(code)).filter(
    (character) => isSimple(character),
  );
  assert.ok(simple.length > 800, `${simple.length} characters`);
  assert.deepEqual(
    simple.filter((character) => graphemeWidth(character) !== 1),
    [],
  );
  const both = [...simple, ...simple.toReversed()].join("");
  assert.equal([...segmenter.segment(both)].length, both.length);
});
