/** Keys of line editing, as in Emacs and the shells. */
import type { Key } from "./key-decoder.ts";
import type { TextEditor } from "./text-editor.ts";

export function editKey(editor: TextEditor, key: Key): void {
  switch (key.kind) {
    case "text":
      editor.insert(key.text);
      break;
    case "paste":
      editor.paste(key.text);
      break;
    case "key":
      namedKey(editor, key);
      break;
    case "chord":
      if (key.ctrl) controlKey(editor, key.letter);
      else if (key.alt) altKey(editor, key.letter);
      break;
    case "focus":
      break;
  }
}

function namedKey(editor: TextEditor, { name, ctrl, alt }: Extract<Key, { kind: "key" }>): void {
  const isByWord = ctrl || alt;
  switch (name) {
    case "left":
      if (isByWord) editor.wordLeft();
      else editor.left();
      break;
    case "right":
      if (isByWord) editor.wordRight();
      else editor.right();
      break;
    case "home":
      editor.lineStart();
      break;
    case "end":
      editor.lineEnd();
      break;
    case "backspace":
      if (isByWord) editor.killWordLeft();
      else editor.backspace();
      break;
    case "delete":
      if (isByWord) editor.killWordRight();
      else editor.deleteForward();
      break;
    case "enter":
    case "tab":
    case "escape":
    case "up":
    case "down":
    case "page-up":
    case "page-down":
      break;
  }
}

function controlKey(editor: TextEditor, letter: string): void {
  switch (letter) {
    case "a":
      editor.lineStart();
      break;
    case "e":
      editor.lineEnd();
      break;
    case "b":
      editor.left();
      break;
    case "f":
      editor.right();
      break;
    case "d":
      editor.deleteForward();
      break;
    case "h":
      editor.backspace();
      break;
    case "k":
      editor.killToLineEnd();
      break;
    case "u":
      editor.killToLineStart();
      break;
    case "w":
      editor.killWordLeft();
      break;
    case "y":
      editor.yank();
      break;
    case "o":
      editor.expandPaste();
      break;
    default:
      break;
  }
}

function altKey(editor: TextEditor, letter: string): void {
  if (letter === "b") editor.wordLeft();
  if (letter === "f") editor.wordRight();
  if (letter === "d") editor.killWordRight();
}
