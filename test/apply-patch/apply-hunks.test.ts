import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { applyChunks } from "../../src/apply-patch/apply-hunks.ts";
import { joinLines, splitLines } from "../../src/apply-patch/file-lines.ts";
import { parsePatch } from "../../src/apply-patch/parse-patch.ts";
import { PatchError } from "../../src/apply-patch/patch-error.ts";

/** The content after an update with these chunk lines. */
function update(content: string, ...lines: readonly string[]): string {
  const text = ["*** Begin Patch", "*** Update File: f", ...lines, "*** End Patch"].join("\n");
  const [operation] = parsePatch(text);
  assert.ok(operation?.kind === "update");
  return joinLines(applyChunks(splitLines(content), operation));
}

describe("line ends", () => {
  test("a written line ends like the one it replaces", () => {
    assert.equal(
      update("a\r\nb\nc\r\n", "@@", "-a", "-b", "-c", "+A", "+B", "+C"),
      "A\r\nB\nC\r\n",
    );
    assert.equal(update("a\r\nb\n", "@@", "-a", "+A"), "A\r\nb\n");
    assert.equal(update("a\nb\r\n", "@@", "-a", "+A"), "A\nb\r\n");
  });

  test("a line more than it replaces ends like the one before it, at the top like the next", () => {
    assert.equal(update("a\r\nb\n", "@@", " a", "+x", " b"), "a\r\nx\r\nb\n");
    assert.equal(update("a\r\nb\n", "@@", "+x", " a"), "x\r\na\r\nb\n");
    assert.equal(update("a\r\nb\n", "@@", "-a", "+x", "+y"), "x\r\ny\r\nb\n");
    assert.equal(update("a\r\n", "@@", "+x"), "a\r\nx\r\n");
  });

  test("a missing one at the end stays missing, whatever the last line is then", () => {
    assert.equal(update("a\r\nb", "@@", " b", "+c"), "a\r\nb\r\nc");
    assert.equal(update("a\nb", "@@", "-b"), "a");
    assert.equal(update("a", "@@", "+b"), "a\nb");
    assert.equal(update("a", "@@", "-a"), "");
    assert.equal(update("", "@@", "+b"), "b\n");
  });

  test("context lines take the spelling of the patch but their own end", () => {
    assert.equal(update("  a \r\nb\n", "@@", " a", "-b", "+c"), "a\r\nc\n");
  });

  test("a return that ends no line is text", () => {
    assert.equal(update("a\rb\nc\n", "@@", "-a\rb", "+x"), "x\nc\n");
  });
});

test("blank last lines are kept", () => {
  assert.equal(update("a\n\n", "@@", "-a", "+b"), "b\n\n");
  assert.equal(update("a\n\n\n", "@@", "-a", "+b"), "b\n\n\n");
  assert.equal(update("a\n", "@@", " a", "+b", "+"), "a\nb\n\n");
  assert.equal(update("a\n\n", "@@", "+b"), "a\nb\n\n");
});

test("additions at the end may come before other chunks", () => {
  assert.equal(update("a\nb\n", "@@", "+end", "@@", "-a", "+1", "+2"), "1\n2\nb\nend\n");
  assert.equal(update("a\nb\n", "@@", "+end", "@@", "-b", "@@", "+more"), "a\nend\nmore\n");
  assert.equal(update("a\n\n", "@@", " a", " ", "@@", "+end"), "a\n\nend\n");
});

test("stacked anchors narrow the place", () => {
  const file = "class A\n  run\n    x\nclass B\n  stop\n    x\n  run\n    x\n";
  assert.equal(
    update(file, "@@ class B", "@@   run", "-    x", "+    y"),
    "class A\n  run\n    x\nclass B\n  stop\n    x\n  run\n    y\n",
  );
});

test("a chunk at the end of the file does not reach back over the one before", () => {
  assert.equal(update("a\nx\na\n", "@@", "-a", "+b", "*** End of File"), "a\nx\nb\n");
  assert.throws(
    () => update("a\nb\n", "@@", "-a", "-b", "+c", "@@", "-b", "+d", "*** End of File"),
    PatchError,
  );
});

test("a blank line too many at the end of a chunk is forgiven", () => {
  assert.equal(update("a\nb\n", "@@", "-a", "+A", " b", ""), "A\nb\n");
  assert.equal(update("a\nb\n", "@@", " a", "-b", "-", "+B", "+"), "a\nB\n");
  assert.throws(() => update("a\nb\n", "@@", " a", "", "-b", "-"), PatchError);
});

test("the byte order mark stays, whether the patch knows of it or not", () => {
  assert.equal(update("\uFEFFa\nb\n", "@@", "-a", "+c"), "\uFEFFc\nb\n");
  assert.equal(update("\uFEFFa\nb\n", "@@", " a", "-b", "+c"), "\uFEFFa\nc\n");
  assert.equal(update("\uFEFFa\nb\n", "@@", "-\uFEFFa", "+\uFEFFc"), "\uFEFFc\nb\n");
  assert.equal(update("\uFEFFa\nb\n", "@@", "-\uFEFFa", "+c"), "c\nb\n");
});

test("places that do not match say what comes nearest", () => {
  const problem = (content: string, ...lines: readonly string[]): string => {
    try {
      return update(content, ...lines);
    } catch (error) {
      assert.ok(error instanceof PatchError);
      return error.message;
    }
  };
  assert.equal(
    problem("one\ntwo\nthree\n", "@@", "-three", "+3", "@@", "-one", "+1"),
    'Failed to find expected lines ["one"] in f\n' +
      '  Patch line 7 asks for "one", searched behind the last line, 3: nothing is left\n' +
      "  Nearest place: line 1, equal, which lies before the place reached already; the parts of an update follow the order of the file",
  );
  assert.equal(
    problem("function run(a) {\n}\n", "@@ function runs(b) {", "+x"),
    "Failed to find context 'function runs(b) {' in f\n" +
      '  Patch line 3 asks for "function runs(b) {", searched from line 1 to the last line, 2\n' +
      '  Nearest place: line 1, similar; at line 1 the file has "function run(a) {" where patch line 3 has "function runs(b) {"',
  );
  assert.equal(
    problem("a\nb\nc\n", "@@", " b", "-x\u001B\u00A0", "*** End of File"),
    'Failed to find expected lines ["b", "x\\u{1b}\\u{a0}"] in f\n' +
      '  Patch line 4 asks for "b", searched only at line 3, the end of the file, as "*** End of File" says\n' +
      '  Nearest place: line 2, 1 of 2 lines equal; at line 3 the file has "c" where patch line 5 has "x\\u{1b}\\u{a0}"',
  );
});

describe("a patch made from an edit gives that edit, byte for byte", () => {
  // The characters are those that tolerance and splitting could trip over.
  const text = fc.oneof(
    fc.constantFrom("", "a", "b", "a ", " a", "“", '"', "@@", "*** End Patch", "+", "-", "\u2028"),
    fc.string({ unit: "grapheme", maxLength: 6 }).map((s) => s.replace(/[\r\n]/gu, "")),
  );
  const edit = fc.record({
    head: fc.array(text, { maxLength: 12 }),
    pieces: fc.array(
      fc.record({
        removed: fc.array(text, { maxLength: 3 }),
        added: fc.array(text, { maxLength: 3 }),
        kept: fc.array(text, { minLength: 1, maxLength: 8 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  });
  type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

  /** One chunk over everything: no question of where, only of what becomes of each byte. */
  function wholeChunk({ head, pieces }: Edit): readonly string[] {
    return [
      "@@",
      ...head.map((line) => ` ${line}`),
      ...pieces.flatMap(({ removed, added, kept }) => [
        ...removed.map((line) => `-${line}`),
        ...added.map((line) => `+${line}`),
        ...kept.map((line) => ` ${line}`),
      ]),
    ];
  }

  function linesBefore({ head, pieces }: Edit): readonly string[] {
    return [...head, ...pieces.flatMap(({ removed, kept }) => [...removed, ...kept])];
  }

  function linesAfter({ head, pieces }: Edit): readonly string[] {
    return [...head, ...pieces.flatMap(({ added, kept }) => [...added, ...kept])];
  }

  for (const [name, ending] of [
    ["LF", "\n"],
    ["CRLF", "\r\n"],
  ] as const) {
    for (const finalEnding of [ending, ""]) {
      test(`${name}, ${finalEnding === "" ? "no final line end" : "final line end"}`, () => {
        fc.assert(
          fc.property(edit, (made) => {
            const before = linesBefore(made);
            const after = linesAfter(made);
            // A blank last line without an end does not exist: it is the end of the line before.
            fc.pre(finalEnding !== "" || (before.at(-1) !== "" && after.at(-1) !== ""));
            // Nothing in a single line without an end says what an end would be.
            fc.pre(finalEnding !== "" || ending === "\n" || before.length > 1);
            const content = `${before.join(ending)}${finalEnding}`;
            const result = update(content, ...wholeChunk(made));
            assert.equal(result, `${after.join(ending)}${finalEnding}`);
          }),
          { numRuns: 1_000 },
        );
      });
    }
  }

  test("mixed line ends: every line that stays keeps its own", () => {
    fc.assert(
      fc.property(edit, fc.array(fc.boolean(), { minLength: 1 }), (made, pattern) => {
        const before = linesBefore(made);
        const endings = before.map((_, index) =>
          pattern[index % pattern.length] === true ? "\n" : "\r\n",
        );
        const content = before.map((line, index) => `${line}${endings[index]}`).join("");
        const result = splitLines(update(content, ...wholeChunk(made)));
        assert.deepEqual(result.texts, linesAfter(made));
        let old = made.head.length;
        let now = old;
        const kept = endings.slice(0, old);
        const found = result.endings.slice(0, now);
        for (const piece of made.pieces) {
          old += piece.removed.length;
          now += piece.added.length;
          kept.push(...endings.slice(old, old + piece.kept.length));
          found.push(...result.endings.slice(now, now + piece.kept.length));
          old += piece.kept.length;
          now += piece.kept.length;
        }
        assert.deepEqual(found, kept);
      }),
      { numRuns: 1_000 },
    );
  });

  test("several chunks with three lines of context around each change", () => {
    const numbered = fc.array(fc.integer({ min: 0, max: 199 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(numbered, fc.constantFrom("\n", "\r\n"), (changed, ending) => {
        const before = Array.from({ length: 200 }, (_, index) => `line ${index} ${index % 5}`);
        const after = before.map((line, index) => (changed.includes(index) ? `new ${line}` : line));
        const chunks: string[] = [];
        let next = 0;
        for (const index of [...new Set(changed)].toSorted((one, other) => one - other)) {
          const start = Math.max(next, index - 3);
          const context = before.slice(start, index).map((line) => ` ${line}`);
          chunks.push("@@", ...context, `-${before[index] ?? ""}`, `+${after[index] ?? ""}`);
          next = index + 1;
        }
        const content = before.map((line) => `${line}${ending}`).join("");
        assert.equal(update(content, ...chunks), after.map((line) => `${line}${ending}`).join(""));
      }),
      { numRuns: 300 },
    );
  });
});
