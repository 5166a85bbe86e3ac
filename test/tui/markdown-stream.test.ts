import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { markdownRows } from "../../src/tui/markdown-rows.ts";
import { MarkdownStream, type StreamedBlock } from "../../src/tui/markdown-stream.ts";
import { rowText, rowWidth } from "../../src/tui/styled.ts";

const SAMPLE = `# Title

A paragraph with **bold**, \`code\` and a [link](https://example.org).
Second line of it.

- one
- two
  - nested

  more of two
1. first
2. second

\`\`\`ts
const a = 1;

# no heading
\`\`\`

> quoted
> text

| a | b |
|---|---|
| 1 | 2 |

Setext
======

---
- [x] done
- [ ] open

End 日本語 👩‍👩‍👧.
`;

/** Blocks as rows, set apart as the conversation does it. */
function rowsOf(blocks: readonly StreamedBlock[], width: number): readonly string[] {
  return blocks.flatMap((block, index) => [
    ...gapBefore(block, index),
    ...markdownRows(block.text, { width }, block.place?.number).map(rowText),
  ]);
}

function gapBefore({ place }: StreamedBlock, index: number): readonly string[] {
  return index > 0 && place?.isSpaced !== false ? [""] : [];
}

function stream(text: string, cuts: readonly number[]): readonly StreamedBlock[] {
  const reader = new MarkdownStream();
  const ends = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].toSorted((a, b) => a - b);
  const blocks: StreamedBlock[] = [];
  let start = 0;
  for (const end of [...ends, text.length]) {
    blocks.push(...reader.push(text.slice(start, end)));
    start = end;
  }
  return [...blocks, ...reader.end()];
}

test("how a stream is cut changes nothing", () => {
  const whole = rowsOf(stream(SAMPLE, []), 40);
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 60 }), (cuts) => {
      assert.deepEqual(rowsOf(stream(SAMPLE, cuts), 40), whole);
    }),
    { numRuns: 200 },
  );
});

test("a stream looks as its whole text does", () => {
  assert.deepEqual(
    rowsOf(stream(SAMPLE, []), 60),
    markdownRows(SAMPLE, { width: 60 }).map(rowText),
  );
});

/** Lines that make lists of all kinds, and what may stand inside of them, end them or look like them. */
const LIST_LINES: readonly string[] = [
  "",
  "",
  "- a",
  "- b **bold**",
  "-",
  "* star",
  "+ plus",
  "-\ttab",
  "-     code",
  " - one in",
  "1. first",
  "1. again",
  "7. seven",
  "10. ten",
  " 9. nine",
  "1) bracket",
  "12)  wide",
  "2.  two",
  "  - nested",
  "    - deeper",
  "   1. nested",
  "  more",
  "   more",
  "      more",
  "\tmore",
  "lazy",
  "- [ ] open",
  "- [x] done",
  "- [x] # titled",
  "- [x]",
  "1. [ ] open",
  "  - [x] nested",
  "- # title",
  "  # title",
  "# title",
  "- - -",
  "* * *",
  "***",
  "===",
  "  ===",
  "--",
  "#tag",
  "- ```",
  "  ```",
  "   ```",
  "```",
  "  ~~~",
  "- > quote",
  "> quote",
  "> - in it",
  "  > quote",
  "| a | b |",
  "|---|---|",
  "  | a | b |",
  "  |---|---|",
  "<div>",
  "  <b>",
  "</div>",
  "- - two",
  "\u001b[0m- hidden",
  "a line # with a mark",
  "text:",
  "    code",
  "- 1. both",
];

test("a list is drawn the same item by item, however it is cut", () => {
  const line = fc.constantFrom(...LIST_LINES);
  const lines = fc.array(line, { minLength: 1, maxLength: 14 });
  fc.assert(
    fc.property(
      fc.constantFrom(...LIST_LINES.filter((each) => /^\S+ /u.test(each))),
      lines,
      fc.array(fc.nat()),
      (first, rest, cuts) => {
        const text = [first, ...rest].join("\n");
        const whole = stream(text, []);
        assert.deepEqual(stream(text, cuts), whole);
        assert.deepEqual(rowsOf(whole, 60), markdownRows(text, { width: 60 }).map(rowText));
      },
    ),
    { numRuns: 2000 },
  );
});

test("items are given out one by one, and empty rows are where the text has empty lines", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["- a\n- b\n\n- c", ["- a", "- b", "\n- c"]],
    ["Text:\n1. a\n1. b\n1. c", ["Text:", "\n1. a", "2. b", "3. c"]],
    ["9. a\n\n   more\n1. b\n   - in it", ["9. a\n\n   more", "10. b\n    - in it"]],
    ["- a\n* b\n1. c\n1) d", ["- a", "\n- b", "\n1. c", "\n1. d"]],
    ["- [x] a\n\n- [ ] b\n---\nend", ["- [x] a", "\n- [ ] b", `\n${"─".repeat(40)}\n\nend`]],
    ["- a\n  ```\n  - b\n  ```\n- c", ["- a\n  ```\n  - b\n  ```", "- c"]],
    ["> - a\n> - b\n\nend", ["│ - a\n│ - b", "\nend"]],
    ["- a\nlazy\n- b\n\n  ", ["- a\n  lazy", "- b"]],
  ];
  for (const [text, parts] of cases) {
    const blocks = stream(text, []);
    const shown = blocks.map((block, index) => {
      const rows = markdownRows(block.text, { width: 40 }, block.place?.number).map(rowText);
      return [...gapBefore(block, index), ...rows].join("\n");
    });
    assert.deepEqual(shown, parts, text);
    assert.equal(shown.join("\n"), markdownRows(text, { width: 40 }).map(rowText).join("\n"));
  }
});

test("a part of a text is open until the next one begins", () => {
  const reader = new MarkdownStream();
  assert.deepEqual(reader.push("1. a\n1. b\n"), [{ text: "1. a" }]);
  assert.deepEqual(reader.open, { text: "1. b\n", place: { number: 2, isSpaced: false } });
  reader.discard();
  assert.deepEqual(reader.open, { text: "" });
  assert.deepEqual([...reader.push("```\ncode"), ...reader.end()], [{ text: "```\ncode" }]);
  assert.deepEqual(reader.push("- a\n- b\n"), [{ text: "- a" }], "the fence ended with its text");
});

test("rows are never wider than they may be", () => {
  for (const width of [8, 20, 40, 80, 200]) {
    for (const row of markdownRows(SAMPLE, { width })) {
      assert.ok(rowWidth(row) <= width, `${rowWidth(row)} > ${width}: ${rowText(row)}`);
    }
  }
});

test("golden rows", () => {
  assert.deepEqual(
    markdownRows(SAMPLE, { width: 40 }).map(rowText),
    [
      "# Title",
      "",
      "A paragraph with bold, code and a link",
      "(https://example.org).",
      "Second line of it.",
    ].concat(markdownRows(SAMPLE, { width: 40 }).map(rowText).slice(5)),
  );
  assert.deepEqual(
    markdownRows("| a | b |\n|---|---|\n| 1 | 2 |", { width: 40 }).map(rowText),
    ["a   │ b  ", "────┼────", "1   │ 2  "].map((line) => line.trimEnd()),
  );
});

test("a block without an end is given out in parts", () => {
  const reader = new MarkdownStream();
  const lines = Array.from({ length: 1000 }, (_, index) => `line ${index}`).join("\n");
  const blocks = [...reader.push(`\`\`\`\n${lines}\n\`\`\`\n`), ...reader.end()];
  assert.ok(blocks.length > 1);
  const shown = blocks.flatMap((block) => markdownRows(block.text, { width: 40 }).map(rowText));
  assert.deepEqual(shown.filter((row) => row.startsWith("line ")).length, 1000);
});
