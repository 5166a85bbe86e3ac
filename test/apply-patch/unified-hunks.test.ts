import assert from "node:assert/strict";
import { test } from "node:test";
import { applyPatch } from "diff";
import * as fc from "fast-check";
import { joinLines, splitLines } from "../../src/apply-patch/file-lines.ts";
import { unifiedHunks } from "../../src/apply-patch/unified-hunks.ts";

function hunks(before: string, after: string, origins: readonly number[]): string {
  return unifiedHunks(splitLines(before), { ...splitLines(after), origins });
}

test("hunks have one line of context and no file header, as recorded", () => {
  assert.equal(
    hunks("one\ntwo\nthree\nfour\nfive\n", "one\ntwo\nTHREE\nfour\nfive\n", [0, 1, -1, 3, 4]),
    "@@ -2,3 +2,3 @@\n two\n-three\n+THREE\n four\n",
  );
  assert.equal(hunks("x\n", "y\n", [-1]), "@@ -1 +1 @@\n-x\n+y\n");
  assert.equal(hunks("", "y\n", [-1]), "@@ -0,0 +1 @@\n+y\n");
  assert.equal(hunks("x\n", "", []), "@@ -1 +0,0 @@\n-x\n");
  assert.equal(hunks("x\n", "x\n", [0]), "");
});

test("changes that share their context are one hunk", () => {
  const before = "1\n2\n3\n4\n5\n6\n";
  assert.equal(
    hunks(before, "a\n2\n3\nd\n5\n6\n", [-1, 1, 2, -1, 4, 5]),
    "@@ -1,5 +1,5 @@\n-1\n+a\n 2\n 3\n-4\n+d\n 5\n",
  );
  assert.equal(
    hunks(before, "a\n2\n3\n4\ne\n6\n", [-1, 1, 2, 3, -1, 5]),
    "@@ -1,2 +1,2 @@\n-1\n+a\n 2\n@@ -4,3 +4,3 @@\n 4\n-5\n+e\n 6\n",
  );
});

test("a missing final line end is shown", () => {
  assert.equal(
    hunks("x", "x\ny", [0, -1]),
    "@@ -1 +1,2 @@\n-x\n\\ No newline at end of file\n+x\n+y\n\\ No newline at end of file\n",
  );
});

test("a line removed and written again is no change", () => {
  assert.equal(hunks("a\nb\nc\n", "a\nb\nc\n", [-1, -1, -1]), "");
  assert.equal(hunks("a\nb\nc\n", "a\nx\nc\n", [-1, -1, -1]), "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
});

test("an independent library makes the new file from the old one and the hunks", () => {
  const line = fc.constantFrom("a", "b", "", "c\r");
  const piece = fc.record({
    removed: fc.nat(2),
    added: fc.array(line, { maxLength: 2 }),
    kept: fc.nat(4),
  });
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 30 }),
      fc.array(piece, { maxLength: 5 }),
      (lines, pieces) => {
        const before = splitLines(lines.map((text) => `${text}\n`).join(""));
        const texts: string[] = [];
        const origins: number[] = [];
        let next = 0;
        for (const { removed, added, kept } of [...pieces, { removed: 0, added: [], kept: 99 }]) {
          next += removed;
          for (const text of added) {
            texts.push(text);
            origins.push(-1);
          }
          for (let count = 0; count < kept && next < lines.length; count += 1, next += 1) {
            texts.push(lines[next] ?? "");
            origins.push(next);
          }
        }
        const content = texts.map((text) => `${text}\n`).join("");
        const made = unifiedHunks(before, { ...splitLines(content), origins });
        const applied = applyPatch(joinLines(before), `--- a\n+++ b\n${made}`, {
          autoConvertLineEndings: false,
        });
        assert.equal(applied, content);
      },
    ),
    { numRuns: 2_000 },
  );
});
