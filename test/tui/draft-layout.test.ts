/** Where the draft and its cursor are: rows, columns, scrolling. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Composer } from "../../src/tui/composer.ts";
import { layoutDraft, moveByRow } from "../../src/tui/draft-layout.ts";
import { ASCII_MARKS, UNICODE_MARKS } from "../../src/tui/marks.ts";
import { PromptHistory } from "../../src/tui/prompt-history.ts";
import { rowText, rowWidth } from "../../src/tui/styled.ts";
import { TextEditor, visibleTextOf } from "../../src/tui/text-editor.ts";

function editorOf(text: string, cursor?: number): TextEditor {
  const editor = new TextEditor();
  editor.setText(text);
  if (cursor !== undefined) editor.moveTo(cursor);
  return editor;
}

function rowsOf(text: string, width: number): readonly string[] {
  const { cells, cursor } = editorOf(text);
  return layoutDraft(cells, cursor, width).rows.map(rowText);
}

test("rows break where the width is used up, and between graphemes", () => {
  const cases: readonly (readonly [string, number, readonly string[]])[] = [
    ["", 10, [""]],
    ["one two three", 8, ["one two ", "three"]],
    ["one\n\ntwo", 8, ["one", "", "two"]],
    ["abcdefgh", 8, ["abcdefgh", ""]],
    ["日本語テキ", 5, ["日本", "語テ", "キ"]],
    ["a日b本", 4, ["a日b", "本"]],
    ["👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", 5, ["👩‍👩‍👧👩‍👩‍👧", "👩‍👩‍👧"]],
    ["e\u0301e\u0301e\u0301", 2, ["e\u0301e\u0301", "e\u0301"]],
  ];
  for (const [text, width, rows] of cases) assert.deepEqual(rowsOf(text, width), rows, text);
});

test("the cursor stands where the next letter goes", () => {
  /** Text, position between cells, columns; row and column. */
  const cases: readonly (readonly [string, number, number, number, number])[] = [
    ["abc", 0, 8, 0, 0],
    ["abc", 3, 8, 0, 3],
    ["日本", 1, 8, 0, 2],
    ["日本", 2, 8, 0, 4],
    ["a👩‍👩‍👧b", 2, 8, 0, 3],
    ["abcdefgh", 8, 8, 1, 0],
    ["abcdefghi", 8, 8, 1, 0],
    ["ab\ncd", 2, 8, 0, 2],
    ["ab\ncd", 3, 8, 1, 0],
    ["ab\n", 3, 8, 1, 0],
    // There is no room for the wide letter behind the seventh column, so the cursor is below.
    ["abcdefg日", 7, 8, 1, 0],
    ["abcdefg日", 8, 8, 1, 2],
    // Before a line break in a full row: the column behind it is free for the cursor.
    ["abcdefgh\nx", 8, 8, 0, 8],
  ];
  for (const [text, position, width, row, column] of cases) {
    const { cells, cursor } = editorOf(text, position);
    const layout = layoutDraft(cells, cursor, width);
    const where = [layout.cursorRow, layout.cursorColumn];
    assert.deepEqual(where, [row, column], `${JSON.stringify(text)} at ${position}`);
  }
});

test("Up and Down keep about the column", () => {
  const text = "日本語 abc\nx\nlong line here";
  const { cells } = editorOf(text);
  const at = (position: number, direction: -1 | 1): string | undefined => {
    const target = moveByRow(cells, position, 40, direction);
    return target === undefined
      ? undefined
      : `${cells.slice(0, target).map(visibleTextOf).join("")}|`;
  };
  assert.equal(at(0, -1), undefined);
  assert.equal(at(cells.length, 1), undefined);
  assert.equal(at(2, 1), "日本語 abc\nx|");
  assert.equal(at(9, -1), "|");
  assert.equal(at(9, 1), "日本語 abc\nx\nl|");
});

test("Up and Down go through the rows of one long line, too", () => {
  const { cells } = editorOf("abcdefgh".repeat(3));
  assert.equal(moveByRow(cells, 20, 8, -1), 12);
  assert.equal(moveByRow(cells, 12, 8, -1), 4);
  assert.equal(moveByRow(cells, 4, 8, 1), 12);
  assert.equal(moveByRow(cells, 4, 8, -1), undefined);
});

const drafts = fc
  .array(fc.constantFrom("a", " ", "日", "👩‍👩‍👧", "e\u0301", "\n", "word "), { maxLength: 60 })
  .map((parts) => parts.join(""));

test("every draft fits, nothing of it is lost, and its cursor is in it", () => {
  fc.assert(
    fc.property(drafts, fc.integer({ min: 2, max: 20 }), fc.nat({ max: 60 }), (text, width, at) => {
      const { cells, cursor } = editorOf(text, at);
      const { rows, cursorRow, cursorColumn, rowStarts } = layoutDraft(cells, cursor, width);
      for (const row of rows) assert.ok(rowWidth(row) <= width);
      assert.equal(rows.map(rowText).join(""), text.replaceAll("\n", ""));
      assert.equal(rowStarts.length, rows.length);
      assert.ok(cursorRow >= 0 && cursorRow < rows.length);
      assert.ok(cursorColumn >= 0 && cursorColumn <= width);
      // What is before the cursor in its row takes the columns before it.
      const before = cells.slice(rowStarts[cursorRow], cursor).map(visibleTextOf).join("");
      assert.equal(rowWidth([{ text: before }]), cursorColumn);
    }),
    { numRuns: 500 },
  );
});

function composerOf(text: string, cursor?: number, marks = UNICODE_MARKS): Composer {
  const composer = new Composer({
    history: new PromptHistory(() => undefined),
    marks,
    findFiles: () => [],
    imageAt: () => undefined,
  });
  composer.editor.setText(text);
  if (cursor !== undefined) composer.editor.moveTo(cursor);
  return composer;
}

function viewOf(composer: Composer, width: number, maxRows: number) {
  const { rows, cursor } = composer.view(width, maxRows, 30, "Ask for something");
  return { rows: rows.map(rowText), cursor };
}

test("a draft that is too high scrolls, and the row of the cursor is always there", () => {
  const text = Array.from({ length: 9 }, (_, index) => `row ${index}`).join("\n");
  assert.deepEqual(viewOf(composerOf(text), 20, 4), {
    rows: ["  row 5", "  row 6", "  row 7", "  row 8"],
    cursor: { row: 3, column: 7 },
  });
  assert.deepEqual(viewOf(composerOf(text, 0), 20, 4), {
    rows: ["› row 0", "  row 1", "  row 2", "  row 3"],
    cursor: { row: 0, column: 2 },
  });
  // In the middle the cursor is at the lower edge.
  assert.deepEqual(viewOf(composerOf(text, "row 0\nrow 1\nrow 2\nrow 3\nr".length), 20, 4), {
    rows: ["  row 1", "  row 2", "  row 3", "  row 4"],
    cursor: { row: 3, column: 3 },
  });
  assert.deepEqual(viewOf(composerOf(text, 0), 20, 1).rows, ["› row 0"]);
});

test("an empty draft says what it is for, and the first key takes that away", () => {
  assert.deepEqual(viewOf(composerOf(""), 40, 4), {
    rows: ["› Ask for something"],
    cursor: { row: 0, column: 2 },
  });
  assert.deepEqual(viewOf(composerOf(""), 12, 4).rows, ["› Ask for so…".slice(0, 11) + "…"]);
  assert.deepEqual(viewOf(composerOf("a"), 40, 4).rows, ["› a"]);
  assert.deepEqual(viewOf(composerOf("", 0, ASCII_MARKS), 40, 4).rows, ["> Ask for something"]);
});

test("the rows of a draft never reach the last column", () => {
  fc.assert(
    fc.property(drafts, fc.integer({ min: 6, max: 30 }), fc.nat({ max: 60 }), (text, width, at) => {
      const maxRows = 4;
      const { rows, cursor } = composerOf(text, at).view(width, maxRows, maxRows, "Ask");
      assert.ok(rows.length >= 1 && rows.length <= maxRows);
      for (const row of rows) assert.ok(rowWidth(row) <= width, rowText(row));
      assert.ok(cursor.row >= 0 && cursor.row < rows.length);
      assert.ok(cursor.column >= 2 && cursor.column <= width);
    }),
    { numRuns: 300 },
  );
});
