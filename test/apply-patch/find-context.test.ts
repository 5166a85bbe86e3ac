import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { LineFinder, plainPunctuation } from "../../src/apply-patch/find-context.ts";

test("an exact place wins over a tolerant one before it", () => {
  const lines = ["“a”", "  'a' ", " a", "a ", "a", "a"];
  assert.equal(new LineFinder(lines).find(["a"], 0), 4);
  assert.equal(new LineFinder(lines.slice(0, 4)).find(["a"], 0), 3);
  assert.equal(new LineFinder(lines.slice(0, 3)).find(["a"], 0), 2);
  assert.equal(new LineFinder(["x", "“a”"]).find(['"a"'], 0), 1);
  assert.equal(new LineFinder(lines).find(["a"], 5), 5);
  assert.equal(new LineFinder(lines).find(["a"], 6), undefined);
});

test("typographic punctuation counts as what a keyboard has", () => {
  const typed = "- - - - - - - ' ' ' ' \" \" \" \" a b c d e f";
  const printed =
    "\u2010 \u2011 \u2012 \u2013 \u2014 \u2015 \u2212 \u2018 \u2019 \u201A \u201B " +
    "\u201C \u201D \u201E \u201F a\u00A0b\u2002c\u200Ad\u202Fe\u3000f";
  assert.equal(plainPunctuation(` ${printed}\t`), typed);
  assert.equal(plainPunctuation("…×"), "…×");
});

test("at the end only the end counts, and only from the cursor on", () => {
  const finder = new LineFinder(["a", "b", "a", " b"]);
  assert.equal(finder.findAtEnd(["a", "b"], 0), 2);
  assert.equal(finder.findAtEnd(["a", "b"], 3), undefined);
  assert.equal(finder.findAtEnd(["a"], 0), undefined);
  assert.equal(finder.findAtEnd(["x", "a", "b", "a", "b"], 0), undefined);
});

/** What the levels mean, in the most obvious way. */
function findObviously(
  lines: readonly string[],
  wanted: readonly string[],
  from: number,
): number | undefined {
  const levels = [
    (line: string) => line,
    (line: string) => line.trimEnd(),
    (line: string) => line.trim(),
    plainPunctuation,
  ];
  for (const simplify of levels) {
    for (let start = from; start + wanted.length <= lines.length; start += 1) {
      const isHere = wanted.every(
        (line, offset) => simplify(line) === simplify(lines[start + offset] ?? ""),
      );
      if (isHere) return start;
    }
  }
  return undefined;
}

test("it finds what the obvious search finds", () => {
  const line = fc.constantFrom("a", "b", "a ", " a", "", "“", '"', "–", "-");
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 30 }),
      fc.array(line, { minLength: 1, maxLength: 5 }),
      fc.nat(30),
      fc.boolean(),
      (file, wanted, from, isFar) => {
        // Far: behind so many other lines that the search must number them.
        const lines = isFar ? [...Array.from({ length: 400 }, () => "x"), ...file] : file;
        const found = new LineFinder(lines).find(wanted, Math.min(from, lines.length));
        assert.equal(found, findObviously(lines, wanted, Math.min(from, lines.length)));
      },
    ),
    { numRuns: 3_000 },
  );
});

test("repetitive files take linear time", () => {
  const lines = Array.from({ length: 100_000 }, () => "a");
  const wanted = [...Array.from({ length: 40_000 }, () => "a"), "b", "a"];
  lines[99_000] = "b";
  const startedAt = performance.now();
  assert.equal(new LineFinder(lines).find(wanted, 0), 59_000);
  assert.equal(new LineFinder(lines).find([...wanted, "b"], 0), undefined);
  assert.ok(performance.now() - startedAt < 5_000);
});
