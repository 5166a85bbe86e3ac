import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { markdownRows } from "../../src/tui/markdown-rows.ts";
import { MarkdownStream } from "../../src/tui/markdown-stream.ts";
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
function rowsOf(blocks: readonly string[], width: number): readonly string[] {
  return blocks.flatMap((block, index) => [
    ...(index > 0 ? [""] : []),
    ...markdownRows(block, { width }).map(rowText),
  ]);
}

function stream(text: string, cuts: readonly number[]): readonly string[] {
  const reader = new MarkdownStream();
  const ends = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].toSorted((a, b) => a - b);
  const blocks: string[] = [];
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
  const shown = blocks.flatMap((block) => markdownRows(block, { width: 40 }).map(rowText));
  assert.deepEqual(shown.filter((row) => row.startsWith("line ")).length, 1000);
});
