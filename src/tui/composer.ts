/**
 * The place to write: a draft, its history, and the menus that open while typing. Keys go in, what
 * they ask for comes out; nothing here touches a terminal.
 */
import { choiceRows, type Choice } from "./menu.ts";
import { layoutDraft, moveByRow } from "./draft-layout.ts";
import { editKey } from "./edit-keys.ts";
import { isControl, isPlain, type Key } from "./key-decoder.ts";
import type { Marks } from "./marks.ts";
import type { PromptEntry, PromptHistory } from "./prompt-history.ts";
import {
  matchSlash,
  slashDetail,
  slashLabel,
  parseSlash,
  type SlashCommand,
} from "./slash-commands.ts";
import { CYAN, DIM, type Row, row, type Span, span } from "./styled.ts";
import { sanitizeLine } from "./sanitize.ts";
import { type Cell, isPicture, TextEditor } from "./text-editor.ts";
import { graphemes, shorten, textWidth } from "./width.ts";

export type ComposerRequest =
  | { readonly kind: "send"; readonly message: Message }
  | { readonly kind: "command"; readonly command: SlashCommand; readonly argument: string }
  /** The draft stays. */
  | { readonly kind: "refused-command"; readonly problem: string };

export interface Message {
  /** With the contents of pastes. */
  readonly text: string;
  readonly imagePaths: readonly string[];
}

export interface ComposerOptions {
  readonly history: PromptHistory;
  readonly marks: Marks;
  /** Paths that fit the words after an `@`, best first. */
  readonly findFiles: (query: string) => readonly string[];
  /** The picture that a pasted text is the path of; undefined: it is none. */
  readonly imageAt: (text: string) => string | undefined;
}

export interface ComposerView {
  readonly rows: readonly Row[];
  readonly cursor: { readonly row: number; readonly column: number };
}

interface Popup {
  readonly kind: "slash" | "file";
  readonly choices: readonly Choice[];
  /** Cells before the cursor that a choice replaces. */
  readonly replaced: number;
}

interface Search {
  query: string;
  age: number;
  readonly saved: readonly Cell[];
}

interface EmptyView {
  readonly placeholder: string;
  readonly width: number;
  readonly view: ComposerView;
}

/** No text has it: it is no character. */
const ATOM = "\ufdd0";
const PREFETCHED_ENTRIES = 200;
const POINTER_AND_GAP = 4;
const SEARCH_TITLE = "history search: ";

export class Composer {
  readonly editor = new TextEditor();
  readonly #options: ComposerOptions;
  #width = 80;
  #selected = 0;
  /** The text for which the user has closed the menu. */
  #dismissed: string | undefined;
  /** 0 is the newest entry of the history; undefined: the draft itself. */
  #age: number | undefined;
  #saved: readonly Cell[] = [];
  #awaitedAge: number | undefined;
  #search: Search | undefined;
  #empty: EmptyView | undefined;

  constructor(options: ComposerOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.editor.isEmpty;
  }

  get hasMenu(): boolean {
    return this.#search !== undefined || this.#popup() !== undefined;
  }

  key(key: Key): ComposerRequest | undefined {
    if (this.#search !== undefined) {
      this.#searchKey(key, this.#search);
      return undefined;
    }
    const popup = this.#popup();
    if (popup !== undefined) {
      const used = this.#popupKey(key, popup);
      if (used !== false) return used;
    }
    const before = this.editor.visibleText;
    const age = this.#age;
    const request = this.#editingKey(key);
    // Another entry of the history is no change of the draft.
    if (this.editor.visibleText !== before && this.#age === age) this.#changed();
    return request;
  }

  /** Puts messages into the draft, in front of what is there. */
  prepend(messages: readonly Message[]): void {
    const rest = this.editor.cells;
    this.editor.clear();
    for (const [index, message] of messages.entries()) {
      if (index > 0) this.editor.insert("\n");
      this.#insertMessage(message);
    }
    if (rest.length > 0 && messages.length > 0) this.editor.insert("\n");
    this.editor.setCells([...this.editor.cells, ...rest]);
    this.#changed();
  }

  setMessage(message: Message): void {
    this.editor.clear();
    this.#insertMessage(message);
    this.#changed();
  }

  #insertMessage({ text, imagePaths }: Message): void {
    for (const path of imagePaths) this.attachImage(path);
    this.editor.paste(text);
  }

  attachImage(path: string): void {
    this.editor.addImage(path, path.split("/").at(-1) ?? path);
  }

  /** What is there goes into the history, as Ctrl-C wants it. */
  clearIntoHistory(): void {
    const { text, cells } = this.editor;
    this.#options.history.add({ text, cells });
    this.editor.clear();
    this.#changed();
  }

  closeMenu(): void {
    if (this.#search !== undefined) {
      this.editor.setCells(this.#search.saved);
      this.#search = undefined;
      return;
    }
    this.#dismissed = this.editor.visibleText;
  }

  startSearch(): void {
    this.#options.history.prefetch(PREFETCHED_ENTRIES);
    this.#search ??= { query: "", age: -1, saved: this.editor.cells };
  }

  /** An entry of the history that was asked for has come. */
  historyArrived(age: number): void {
    if (this.#awaitedAge === age) this.#showAge(age);
    const search = this.#search;
    if (search !== undefined && search.age < 0) this.#look(search, -1);
  }

  /** `maxRows` are for the draft; a menu has what is left of `room`. */
  view(width: number, maxRows: number, room: number, placeholder: string): ComposerView {
    this.#width = Math.max(4, width - 2);
    if (this.editor.isEmpty && this.#search === undefined) return this.#emptyView(placeholder);
    const { cells, cursor } = this.editor;
    const layout = layoutDraft(cells, cursor, this.#width);
    const visibleCount = Math.max(1, Math.min(layout.rows.length, maxRows));
    const first = Math.max(
      0,
      Math.min(layout.cursorRow - visibleCount + 1, layout.rows.length - visibleCount),
    );
    const start = Math.min(first, layout.cursorRow);
    const shown = layout.rows.slice(start, start + visibleCount);
    const popupRows = this.#popupRows(width, room - visibleCount);
    const rows = shown.map((cellsOfRow, index): Row => {
      return [index === 0 && start === 0 ? this.#pointer : span("  "), ...cellsOfRow];
    });
    if (this.editor.isEmpty) rows[0] = this.#placeholderRow(placeholder);
    const inDraft = {
      row: popupRows.length + layout.cursorRow - start,
      column: 2 + layout.cursorColumn,
    };
    const inSearch = { row: 0, column: textWidth(`${SEARCH_TITLE}${this.#search?.query ?? ""}`) };
    const isSearching = this.#search !== undefined && popupRows.length > 0;
    return { rows: [...popupRows, ...rows], cursor: isSearching ? inSearch : inDraft };
  }

  get #pointer(): Span {
    return span(`${this.#options.marks.user.slice(0, 1)} `, { color: CYAN, bold: true });
  }

  #placeholderRow(text: string): Row {
    return [this.#pointer, span(shorten(text, this.#width, this.#options.marks.ellipsis), DIM)];
  }

  /** Kept from frame to frame: while an answer comes, most have no draft. */
  #emptyView(placeholder: string): ComposerView {
    const last = this.#empty;
    if (last?.placeholder === placeholder && last.width === this.#width) return last.view;
    const view = { rows: [this.#placeholderRow(placeholder)], cursor: { row: 0, column: 2 } };
    this.#empty = { placeholder, width: this.#width, view };
    return view;
  }

  #editingKey(key: Key): ComposerRequest | undefined {
    const { editor } = this;
    if (key.kind === "paste") {
      this.#paste(key.text);
      return undefined;
    }
    if (key.kind === "key" && key.name === "enter") return this.#enter(key.alt || key.shift);
    if (key.kind === "key" && (key.name === "up" || key.name === "down") && !key.ctrl && !key.alt) {
      this.#vertical(key.name === "up" ? -1 : 1);
      return undefined;
    }
    if (key.kind === "chord" && key.ctrl && (key.letter === "p" || key.letter === "n")) {
      this.#vertical(key.letter === "p" ? -1 : 1);
      return undefined;
    }
    if (key.kind === "chord" && key.ctrl && key.letter === "r") {
      this.startSearch();
      return undefined;
    }
    if (key.kind === "chord" && key.ctrl && key.letter === "j") editor.insert("\n");
    else editKey(editor, key);
    return undefined;
  }

  #paste(text: string): void {
    const image = this.#options.imageAt(text);
    if (image === undefined) this.editor.paste(text);
    else this.attachImage(image);
  }

  #enter(isNewline: boolean): ComposerRequest | undefined {
    const { editor } = this;
    if (isNewline) {
      editor.insert("\n");
      return undefined;
    }
    if (editor.textBeforeCursor.endsWith("\\")) {
      editor.backspace();
      editor.insert("\n");
      return undefined;
    }
    return this.#submit();
  }

  #submit(): ComposerRequest | undefined {
    const { text, imagePaths, cells } = this.editor;
    if (text.trim() === "" && imagePaths.length === 0) return undefined;
    const slash = parseSlash(text);
    if (slash?.kind === "refused") return { kind: "refused-command", problem: slash.problem };
    if (slash !== undefined) {
      this.#takeCommand();
      return slash;
    }
    this.editor.clear();
    this.#changed();
    this.#options.history.add({ text: text.trim(), cells });
    return { kind: "send", message: { text: text.trim(), imagePaths } };
  }

  /** A command takes its words out of the draft; pictures are for the message that follows. */
  #takeCommand(): void {
    this.editor.setCells(this.editor.cells.filter(isPicture));
    this.#changed();
  }

  #vertical(direction: -1 | 1): void {
    const { editor } = this;
    const target = moveByRow(editor.cells, editor.cursor, this.#width, direction);
    if (target !== undefined) {
      editor.moveTo(target);
      return;
    }
    const age = direction === -1 ? (this.#age ?? -1) + 1 : (this.#age ?? 0) - 1;
    if (direction === 1 && this.#age === undefined) return;
    if (age < 0) {
      editor.setCells(this.#saved);
      this.#age = undefined;
    } else if (age < this.#options.history.length) {
      this.#showAge(age);
    }
  }

  #showAge(age: number): void {
    const entry = this.#options.history.at(age);
    this.#awaitedAge = entry === undefined ? age : undefined;
    if (entry === undefined) return;
    if (this.#age === undefined) this.#saved = this.editor.cells;
    this.#showEntry(entry);
    this.#dismissed = this.editor.visibleText;
    this.#age = age;
  }

  #showEntry({ text, cells }: PromptEntry): void {
    this.editor.setCells(cells ?? []);
    if (cells === undefined) this.editor.paste(text);
  }

  #changed(): void {
    this.#age = undefined;
    this.#awaitedAge = undefined;
    this.#selected = 0;
  }

  #popup(): Popup | undefined {
    const { cells, cursor, visibleText } = this.editor;
    if (this.#dismissed === visibleText) return undefined;
    const before = cells.slice(0, cursor).map(typedText).join("");
    const slash = /^(\ufdd0*)\/([a-z-]*)$/iu.exec(before);
    const isAtStart = cells.slice(0, slash?.[1]?.length).every(isPicture);
    if (slash !== null && isAtStart && cursor === cells.length) {
      const choices = matchSlash(slash[2] ?? "").map((command) => ({
        id: command.name,
        label: slashLabel(command),
        detail: slashDetail(command, "screen"),
      }));
      return choices.length === 0
        ? undefined
        : { kind: "slash", choices, replaced: 1 + (slash[2] ?? "").length };
    }
    const file = /(?:^|[\s\ufdd0])(@[^\s@\ufdd0]*)$/u.exec(before)?.[1];
    if (file === undefined) return undefined;
    const choices = this.#options
      .findFiles(file.slice(1))
      .map((path) => ({ id: path, label: path }));
    return choices.length === 0
      ? undefined
      : { kind: "file", choices, replaced: graphemes(file).length };
  }

  /** False: the key is not one of the menu. */
  #popupKey(key: Key, popup: Popup): ComposerRequest | undefined | false {
    const { length } = popup.choices;
    const isUp = isPlain(key, "up") || isControl(key, "p");
    const isDown = isPlain(key, "down") || isControl(key, "n");
    if (isUp || isDown) {
      this.#selected = (this.#selected + (isUp ? length - 1 : 1)) % length;
      return undefined;
    }
    const choice = popup.choices[this.#selected];
    if (choice === undefined) return false;
    const isEnter = isPlain(key, "enter");
    if (!isEnter && !isPlain(key, "tab")) return false;
    if (popup.kind === "file") {
      const path = /\s/u.test(choice.id) ? `"${choice.id}"` : choice.id;
      this.editor.replaceBefore(popup.replaced, `${path} `);
      this.#changed();
      return undefined;
    }
    const command = matchSlash(choice.id)[0];
    if (
      isEnter &&
      command !== undefined &&
      (command.argument === undefined || command.argument.startsWith("["))
    ) {
      this.#takeCommand();
      return { kind: "command", command, argument: "" };
    }
    this.editor.replaceBefore(popup.replaced, `/${choice.id} `);
    this.#changed();
    return undefined;
  }

  #popupRows(width: number, maxRows: number): readonly Row[] {
    if (maxRows < 1) return [];
    const { marks } = this.#options;
    if (this.#search !== undefined) {
      const found = this.#search.age >= 0 || this.#search.query === "" ? "" : "  (nothing found)";
      return [
        row(shorten(`${SEARCH_TITLE}${this.#search.query}${found}`, width, marks.ellipsis), DIM),
      ];
    }
    const popup = this.#popup();
    if (popup === undefined) return [];
    // One row for each, details under each other.
    const labelWidth = Math.max(...popup.choices.map(({ label }) => textWidth(label)));
    const room = Math.max(0, width - labelWidth - POINTER_AND_GAP);
    const choices = popup.choices.map((choice) => ({
      ...choice,
      detail: shorten(choice.detail ?? "", room, marks.ellipsis),
    }));
    const selected = Math.min(this.#selected, choices.length - 1);
    return choiceRows(choices, { selected, width, maxRows, marks, isNumbered: false });
  }

  #searchKey(key: Key, search: Search): void {
    if (isPlain(key, "escape") || isControl(key, "c") || isControl(key, "g")) {
      this.closeMenu();
      return;
    }
    const isText = key.kind === "text" || key.kind === "paste";
    if (isText) search.query += sanitizeLine(key.text);
    else if (isPlain(key, "backspace"))
      search.query = graphemes(search.query).slice(0, -1).join("");
    else if (!isControl(key, "r")) {
      this.#search = undefined;
      this.#dismissed = this.editor.visibleText;
      return;
    }
    const isNext = isControl(key, "r");
    const isFound = this.#look(search, isNext ? search.age : -1);
    if (!isFound && !isNext) search.age = -1;
  }

  /** Shows the newest entry that fits and is older than `after`. */
  #look(search: Search, after: number): boolean {
    const { history } = this.#options;
    const age = search.query === "" ? undefined : history.find(search.query, after);
    const entry = age === undefined ? undefined : history.at(age);
    if (age === undefined || entry === undefined) return false;
    search.age = age;
    this.#showEntry(entry);
    return true;
  }
}

/** What was typed as words; a sign that is no character stands for an atom, one for each. */
function typedText(cell: Cell): string {
  return cell.kind === "grapheme" ? cell.text : ATOM;
}
