/** The draft as data: graphemes, words, lines, atoms, and what was killed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { editKey } from "../../src/tui/edit-keys.ts";
import { KeyDecoder } from "../../src/tui/key-decoder.ts";
import { TextEditor } from "../../src/tui/text-editor.ts";
import { graphemes } from "../../src/tui/width.ts";

const ESC = "\u001b";
const ctrl = (letter: string): string => String.fromCharCode(letter.charCodeAt(0) - 0x60);
const LEFT = `${ESC}[D`;
const RIGHT = `${ESC}[C`;
const HOME = `${ESC}[H`;
const END = `${ESC}[F`;
const DELETE = `${ESC}[3~`;
const BACKSPACE = "\u007f";
const WORD_LEFT = `${ESC}[1;5D`;
const WORD_RIGHT = `${ESC}[1;5C`;
const paste = (text: string): string => `${ESC}[200~${text}${ESC}[201~`;

/** Keys as a terminal sends them; the cursor is shown as `|`. */
function edit(...inputs: readonly string[]): string {
  const editor = new TextEditor();
  for (const input of inputs) press(editor, input);
  return shown(editor);
}

function press(editor: TextEditor, input: string): void {
  const decoder = new KeyDecoder();
  for (const key of [...decoder.feed(Buffer.from(input)), ...decoder.flush()]) {
    editKey(editor, key);
  }
}

function shown({ cells, cursor }: TextEditor): string {
  const texts = cells.map((cell) => (cell.kind === "grapheme" ? cell.text : cell.label));
  return [...texts.slice(0, cursor), "|", ...texts.slice(cursor)].join("");
}

test("keys move and delete by grapheme", () => {
  const family = "👩‍👩‍👧";
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["abc", LEFT, "x"], "abx|c"],
    [["abc", LEFT, LEFT, LEFT, LEFT, "x"], "x|abc"],
    [["abc", RIGHT, "x"], "abcx|"],
    [[`a${family}b`, LEFT, BACKSPACE], "a|b"],
    [[`a${family}b`, LEFT, LEFT, DELETE], "a|b"],
    [["日本", LEFT, BACKSPACE], "|本"],
    [["e", "\u0301", BACKSPACE], "|"],
    [["🇩🇪🇫🇷", BACKSPACE], "🇩🇪|"],
    [["👍", "🏽", LEFT, "x"], "x|👍🏽"],
    [["ab", BACKSPACE, BACKSPACE, BACKSPACE], "|"],
    [["ab", DELETE], "ab|"],
    [["ab", ctrl("b"), ctrl("d")], "a|"],
    [["ab", ctrl("b"), ctrl("b"), ctrl("f"), ctrl("h")], "|b"],
  ];
  for (const [inputs, expected] of cases) assert.equal(edit(...inputs), expected);
});

test("a mark that is typed after its letter joins it, wherever the cursor is", () => {
  assert.equal(edit("ex", LEFT, "\u0301", "|"), "e\u0301||x");
  // A picture whose parts come one after the other.
  assert.equal(edit("👩", "\u200d👩", "\u200d👧", LEFT), "|👩‍👩‍👧");
  assert.equal(edit("❤", "\ufe0f"), "❤️|");
  assert.equal(edit("a", "\u200db"), "a<U+200D>b|");
});

test("words are letters, digits and underscores of any script", () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["one two_2  three", WORD_LEFT], "one two_2  |three"],
    [["one two_2  three", WORD_LEFT, WORD_LEFT], "one |two_2  three"],
    [["one, two", HOME, WORD_RIGHT], "one|, two"],
    [["one, two", HOME, WORD_RIGHT, `${ESC}f`], "one, two|"],
    [["über größe", `${ESC}b`], "über |größe"],
    [["日本 語", `${ESC}b`, `${ESC}b`], "|日本 語"],
    [["one two three", ctrl("w")], "one two |"],
    [["one two three", HOME, `${ESC}d`], "| two three"],
    [["one two", `${ESC}\u007f`], "one |"],
    [[paste("one\ntwo"), WORD_LEFT, WORD_LEFT], "|one\ntwo"],
  ];
  for (const [inputs, expected] of cases) assert.equal(edit(...inputs), expected);
});

test("start and end are those of the line", () => {
  const draft = paste("one\ntwo\nthree");
  const cases: readonly (readonly [readonly string[], string])[] = [
    [[draft, ctrl("a"), "x"], "one\ntwo\nx|three"],
    [[draft, ctrl("a"), LEFT, ctrl("a"), "x"], "one\nx|two\nthree"],
    [[draft, HOME, LEFT, HOME, LEFT, HOME, END, "x"], "onex|\ntwo\nthree"],
    [[draft, HOME, LEFT, ctrl("e"), "x"], "one\ntwox|\nthree"],
  ];
  for (const [inputs, expected] of cases) assert.equal(edit(...inputs), expected);
});

test("what is killed comes back with Ctrl-Y, as often as it is wanted", () => {
  const draft = paste("one\ntwo");
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["one two", ctrl("w"), ctrl("y"), ctrl("y")], "one twotwo|"],
    [["one two", HOME, ctrl("k"), "x", ctrl("y")], "xone two|"],
    [["one two", ctrl("u"), "x", ctrl("y")], "xone two|"],
    // At the end of a line it is the line break that goes.
    [[draft, HOME, LEFT, ctrl("k")], "one|two"],
    [[draft, HOME, LEFT, ctrl("k"), ctrl("y")], "one\n|two"],
    // Nothing to kill leaves what was killed before.
    [["one two", ctrl("w"), ctrl("k"), ctrl("y")], "one two|"],
    [["one", HOME, ctrl("u"), ctrl("w"), ctrl("y")], "|one"],
    [["one 日本", ctrl("w"), HOME, ctrl("y")], "日本|one "],
    [["ab", ctrl("y")], "ab|"],
  ];
  for (const [inputs, expected] of cases) assert.equal(edit(...inputs), expected);
});

test("a long paste is one atom, a short one is text", () => {
  const thousand = "x".repeat(1000);
  assert.equal(edit(paste(thousand)), `${thousand}|`);
  assert.equal(edit(paste(`${thousand}y`)), "[Pasted 1001 chars #1]|");
  const lines = Array.from({ length: 20 }, (_, index) => `${index}`).join("\n");
  assert.equal(edit(paste(lines)), `${lines}|`);
  assert.equal(edit(paste(`${lines}\n`)), "[Pasted 50 chars #1]|");
  assert.equal(edit(paste("a\r\nb\rc")), "a\nb\nc|");
  // Numbers are not used twice.
  assert.equal(edit(paste(`${lines}\n`), BACKSPACE, paste(`${lines}\n`)), "[Pasted 50 chars #2]|");
});

test("an atom is one thing to every key, and is sent in full", () => {
  const long = Array.from({ length: 30 }, (_, index) => `line ${index}`).join("\n");
  const label = `[Pasted ${long.length} chars #1]`;
  const editor = new TextEditor();
  press(editor, `a ${paste(long)}`);
  press(editor, " b");
  assert.equal(shown(editor), `a ${label} b|`);
  assert.equal(editor.text, `a ${long} b`);
  press(editor, `${WORD_LEFT}${WORD_LEFT}`);
  assert.equal(shown(editor), `a |${label} b`);
  press(editor, `${RIGHT}${ctrl("w")}`);
  assert.equal(shown(editor), "a | b");
  press(editor, ctrl("y"));
  assert.equal(editor.text, `a ${long} b`, "an atom survives killing and yanking");
  press(editor, ctrl("o"));
  assert.equal(editor.visibleText, `a ${long} b`);
  assert.equal(shown(editor), `a ${long}| b`);
});

test("a picture is an atom without text", () => {
  const editor = new TextEditor();
  editor.addImage("/tmp/one.png", "one.png");
  press(editor, "what is it?");
  assert.equal(shown(editor), "[Image one.png]what is it?|");
  assert.deepEqual(editor.imagePaths, ["/tmp/one.png"]);
  assert.equal(editor.text, "what is it?");
  assert.equal(editor.expandPaste(), false, "there is nothing to expand");
  editor.moveTo(1);
  press(editor, BACKSPACE);
  assert.deepEqual(editor.imagePaths, []);
});

test("nothing of a paste or a key drives the terminal", () => {
  assert.equal(edit(paste(`a${ESC}[2Jb\u202e`)), "ab<U+202E>|");
  assert.equal(edit(paste("a\tb")), "a    b|");
});

test("any keys leave a draft of whole graphemes, and the cursor in it", () => {
  const keys = fc.constantFrom(
    LEFT,
    RIGHT,
    HOME,
    END,
    DELETE,
    BACKSPACE,
    WORD_LEFT,
    WORD_RIGHT,
    ...Array.from("abdefhkuwyo", ctrl),
    `${ESC}b`,
    `${ESC}f`,
    `${ESC}d`,
    "a ",
    "日",
    "e\u0301",
    "\u0301",
    "👩‍👩‍👧",
    "👩",
    "\u200d",
    "🇩",
    paste("one\ntwo"),
    paste("x\n".repeat(30)),
  );
  fc.assert(
    fc.property(fc.array(keys, { maxLength: 60 }), (inputs) => {
      const editor = new TextEditor();
      for (const input of inputs) {
        press(editor, input);
        assert.ok(editor.cursor >= 0 && editor.cursor <= editor.cells.length);
      }
      for (const cell of editor.cells) {
        if (cell.kind === "grapheme") assert.equal(graphemes(cell.text).length, 1, cell.text);
      }
    }),
    { numRuns: 300 },
  );
});
