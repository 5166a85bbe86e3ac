import assert from "node:assert/strict";
import { test } from "node:test";
import { markdownRows } from "../../src/tui/markdown-rows.ts";
import { rowText } from "../../src/tui/styled.ts";

const WIDTH = { width: 100 };

test("the target of a link is seen, and only web addresses look like links", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["[docs](https://example.org/a)", "docs (https://example.org/a)", "docs"],
    ["<http://example.org/>", "http://example.org/", "http://example.org/"],
    ["[notes](file:///etc/passwd)", "notes (file:///etc/passwd)", ""],
    ["[run](javascript:alert)", "run (javascript:alert)", ""],
    [
      "[https://good.example](https://bad.example)",
      "https://good.example (https://bad.example)",
      "https://good.example",
    ],
    [
      "![a picture](https://example.org/p.png)",
      "[image: a picture] (https://example.org/p.png)",
      "",
    ],
  ];
  for (const [text, shown, underlined] of cases) {
    const [row = []] = markdownRows(text, WIDTH);
    assert.equal(rowText(row), shown);
    const links = row.filter(({ style }) => style?.underline === true);
    assert.equal(rowText(links), underlined, text);
  }
});

test("where nothing is to be drawn a table is a list, and bars and rules are ASCII", () => {
  const text = "| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted\n\n---";
  const rows = (options: Parameters<typeof markdownRows>[1]) =>
    markdownRows(text, options).map(rowText);
  const plain = ["a: 1", "b: 2", "", "> quoted", "", "-".repeat(40)];
  assert.deepEqual(rows({ ...WIDTH, isPlain: true }), plain);
  assert.deepEqual(rows({ width: 38 }), [...plain.slice(0, -1), "-".repeat(38)]);
  const drawn = ["a   │ b", "────┼────", "1   │ 2", "", "│ quoted", "", "─".repeat(40)];
  assert.deepEqual(
    rows({ width: 39 }).map((row) => row.trimEnd()),
    [...drawn.slice(0, -1), "─".repeat(39)],
  );
  assert.deepEqual(rows({ ...WIDTH, isAscii: true })[1], "----+----");
});
