import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  revealCommand,
  sanitizeLine,
  sanitizeOutput,
  sanitizeText,
} from "../../src/tui/sanitize.ts";
import type { Style } from "../../src/tui/styled.ts";

const ESC = "\u001b";

test("sequences go whole, the words around them stay", () => {
  const cases: readonly (readonly [string, string])[] = [
    [`a${ESC}[31mb${ESC}[0mc`, "abc"],
    [`a${ESC}]0;title\u0007b`, "ab"],
    [`a${ESC}]8;;http://x${ESC}\\b`, "ab"],
    [`a${ESC}P1$r0m${ESC}\\b`, "ab"],
    [`a${ESC}]0;never ends\nb`, "a\nb"],
    [`a${ESC}[2`, "a"],
    [`a${ESC}`, "a"],
    ["a\u009b2Jb", "ab"],
    ["a\u0007\b\rb", "ab"],
    ["a\r\nb", "a\nb"],
    ["\ta", "    a"],
    ["a\u202eb", "a<U+202E>b"],
    ["a\u200bb\ufeff", "a<U+200B>b<U+FEFF>"],
    ["👩‍👩‍👧 ❤️", "👩‍👩‍👧 ❤️"],
    ["a\u200d", "a<U+200D>"],
  ];
  for (const [text, expected] of cases)
    assert.equal(sanitizeText(text), expected, JSON.stringify(text));
});

test("whatever comes in, no control character but the line feed comes out, and doing it again changes nothing", () => {
  const parts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      ESC,
      `${ESC}[`,
      `${ESC}]`,
      "\u009b",
      "\u0007",
      "\u009c",
      "\u202e",
      "\n",
      "2J",
      "\t",
    ),
  );
  fc.assert(
    fc.property(fc.array(parts), (pieces) => {
      const text = sanitizeText(pieces.join(""));
      assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      assert.equal(sanitizeText(text), text);
      assert.doesNotMatch(sanitizeLine(text), /\n/u);
    }),
    { numRuns: 100 },
  );
});

test("a command keeps every character, the hidden ones in writing", () => {
  assert.deepEqual(revealCommand("ls\u00a0-l \u001b[2J\u202e"), {
    text: "ls<U+00A0>-l <U+001B>[2J<U+202E>",
    hasHidden: true,
  });
  assert.deepEqual(revealCommand("echo 日本 && ls"), { text: "echo 日本 && ls", hasHidden: false });
});

test("output keeps its colours as styles, and progress bars their last state", () => {
  assert.deepEqual(sanitizeOutput(`${ESC}[1;31mred${ESC}[0m plain`), [
    [
      { text: "red", style: { bold: true, color: 1 } },
      { text: " plain", style: {} },
    ],
  ]);
  assert.deepEqual(sanitizeOutput("10%\r50%\r100%\ndone"), [
    [{ text: "100%", style: {} }],
    [{ text: "done", style: {} }],
  ]);
});

test("of the colours of output only those of the palette stay, and never a background", () => {
  const cases: readonly (readonly [string, Style])[] = [
    ["32", { color: 2 }],
    ["95", { color: 13 }],
    ["38;5;200", { color: 200 }],
    ["38;2;1;2;3", {}],
    ["41", {}],
    ["48;5;1;33", { color: 3 }],
    ["48;2;1;2;3;4", { underline: true }],
    ["5", {}],
    ["7", {}],
    ["8", {}],
  ];
  for (const [parameters, style] of cases) {
    assert.deepEqual(sanitizeOutput(`${ESC}[${parameters}mwords`), [[{ text: "words", style }]]);
  }
  const others = `${ESC}[2Ja${ESC}[1;1Hb${ESC}[?25lc${ESC}]8;;file:x\u0007d`;
  assert.deepEqual(sanitizeOutput(others), [[{ text: "abcd", style: {} }]]);
});
