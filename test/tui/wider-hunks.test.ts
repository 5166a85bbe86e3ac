import assert from "node:assert/strict";
import { test } from "node:test";
import { createTwoFilesPatch } from "diff";
import * as fc from "fast-check";
import { widerHunks } from "../../src/tui/wider-hunks.ts";

/** Hunks between two texts, without file headers and remarks on the end of a file. */
function hunksBetween(before: string, after: string, context: number): string {
  const patch = createTwoFilesPatch("a", "b", before, after, "", "", { context });
  return patch.slice(Math.max(0, patch.indexOf("@@"))).replaceAll(/^\\.*\n/gmu, "");
}

test("hunks get three lines of context, as if they had been made with them", () => {
  const line = fc.constantFrom("a\n", "b\n", "c\n");
  const lines = fc.array(line, { minLength: 1, maxLength: 30 });
  const ending = fc.constantFrom("", "the end");
  fc.assert(
    fc.property(lines, lines, lines, ending, (head, removed, added, end) => {
      // Numbered lines on both sides, so that there is one way to compare.
      const numbered = (name: string) =>
        head.map((text, index) => `${name}${index} ${text}`).join("");
      const around = (text: string) =>
        `${numbered("head")}${text}${numbered("middle")}x${text}${numbered("tail")}${end}`;
      const before = around(removed.map((text) => `old ${text}`).join(""));
      const after = around(added.map((text) => `new ${text}`).join(""));
      assert.equal(
        widerHunks(hunksBetween(before, after, 1), after),
        hunksBetween(before, after, 3),
      );
    }),
    { numRuns: 200 },
  );
});

test("a file that is another one by now widens nothing", () => {
  const diff = hunksBetween("1\n2\n3\n4\n5\n", "1\n2\nthree\n4\n5\n", 1);
  assert.equal(widerHunks(diff, "1\n2\nthree\n4\n5\n").split("\n").length, 8);
  for (const text of ["", "1\n2\n3\n4\n5\n", "0\n1\n2\nthree\n4\n5\n", "\u0000"]) {
    assert.equal(widerHunks(diff, text), diff);
  }
  assert.equal(widerHunks("no diff", "no diff"), "no diff");
  assert.equal(widerHunks("@@ -1,2 +0,0 @@\n-a\n-b\n", ""), "@@ -1,2 +0,0 @@\n-a\n-b\n");
});
