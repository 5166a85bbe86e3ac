/**
 * The dialog in which the user decides. Keys that were meant for the draft must not answer it: for
 * a moment after it has appeared, and until the user has stopped typing, it takes none.
 */
import type { Answer, Question } from "./approval-question.ts";
import { diffRows, fileHeader } from "./diff-rows.ts";
import { editKey } from "./edit-keys.ts";
import { isControl, isPlain, type Key } from "./key-decoder.ts";
import { layoutDraft } from "./draft-layout.ts";
import type { Marks } from "./marks.ts";
import { outputRows } from "./output-rows.ts";
import {
  BOLD,
  CYAN,
  cutRow,
  DIM,
  type Row,
  row,
  rowWidth,
  span,
  YELLOW,
  type Style,
} from "./styled.ts";
import { TextEditor } from "./text-editor.ts";
import { shorten, textWidth } from "./width.ts";
import { wrapHard, wrapWords } from "./wrap.ts";

export type DialogResult =
  | { readonly kind: "answered"; readonly answer: Answer }
  /** The whole command or change, in the pager. */
  | { readonly kind: "show-all" };

export interface DialogView {
  readonly rows: readonly Row[];
  readonly cursor: { readonly row: number; readonly column: number } | undefined;
}

export interface DialogFrame {
  /** "1 of 3"; empty when there is only one. */
  readonly position: string;
  readonly marks: Marks;
  readonly isGuarded: boolean;
}

const GUARD_MS = 400;
const QUIET_MS = 300;
const MAX_SUBJECT_ROWS = 12;
const MIN_SUBJECT_ROWS = 3;
const SHORTENED_ROWS = 10;
const EVIDENCE_LINES = 5;
/** Wider than any line of a command or a path. */
const UNBROKEN = 100_000;

type ChoiceId = "once" | "session" | "refuse" | "stop";

interface DialogChoice {
  readonly id: ChoiceId;
  readonly key: string;
  readonly label: string;
}

export interface DialogOptions {
  readonly question: Question;
  readonly cwd: string;
  readonly now: number;
  /** When the user pressed a key last. */
  readonly lastKeyAt: number;
  readonly width: number;
}

const GUARDED_HINT = "Keys go to the draft until you stop typing";
/** In place of a choice that has to be taken twice, where there is no room to say why. */
const AGAIN = "again?";
const FEEDBACK_HINT = "Why not? Enter, or Esc: back";
const CYAN_BOLD: Style = { color: CYAN, bold: true };

export class ApprovalDialog {
  readonly question: Question;
  readonly #cwd: string;
  #guardedUntil: number;
  #selected: number;
  /** Something is not on the screen, so approving takes two steps, until the pager has shown it. */
  #isCut: boolean;
  #wasSeen = false;
  #isArmed = false;
  /** The refusal is being explained. */
  #feedback: TextEditor | undefined;

  constructor({ question, cwd, now, lastKeyAt, width }: DialogOptions) {
    this.question = question;
    this.#cwd = cwd;
    this.#guardedUntil = Math.max(now + GUARD_MS, lastKeyAt + QUIET_MS);
    this.#selected = question.isRiskier
      ? this.#choices().findIndex(({ id }) => id === "refuse")
      : 0;
    this.#isCut = this.#subjectRows(width).length > MAX_SUBJECT_ROWS;
  }

  isGuarded(now: number): boolean {
    return now < this.#guardedUntil;
  }

  get guardedUntil(): number {
    return this.#guardedUntil;
  }

  /** Before this it stood behind another one, or the terminal had not taken it. */
  appeared(now: number): void {
    this.#guardedUntil = Math.max(this.#guardedUntil, now + GUARD_MS);
  }

  /** A key came while the dialog was guarded: the user is typing. */
  extendGuard(now: number): void {
    this.#guardedUntil = Math.max(this.#guardedUntil, now + QUIET_MS);
  }

  /** The pager has shown everything. */
  wasSeen(): void {
    this.#wasSeen = true;
  }

  /** Undefined while nothing is decided. */
  key(key: Key): DialogResult | undefined {
    if (this.#feedback !== undefined) return this.#feedbackKey(key, this.#feedback);
    const choices = this.#choices();
    if (key.kind === "key") {
      if (key.name === "escape") return answered("abort");
      if (key.name === "up") this.#move(-1, choices.length);
      if (key.name === "down" || key.name === "tab") this.#move(1, choices.length);
      if (isPlain(key, "enter")) return this.#choose(choices[this.#selected]?.id);
      return undefined;
    }
    if (isControl(key, "c")) return answered("abort");
    if (isControl(key, "o")) return { kind: "show-all" };
    if (key.kind !== "text") return undefined;
    const index = choices.findIndex((choice) => choice.key === key.text.toLowerCase());
    if (index === -1) return undefined;
    this.#select(index);
    return this.#choose(choices[index]?.id);
  }

  /**
   * Command and reasons share the rows that are left: a long reason must not push the command off
   * the screen, nor either of them the choices.
   */
  view(width: number, maxRows: number, frame: DialogFrame): DialogView {
    const { position, marks, isGuarded } = frame;
    const head = this.#headRows(width, position);
    const tail = this.#tailRows(width, marks, isGuarded);
    const reasons = this.#reasonParagraphs(width);
    const room = maxRows - head.length - tail.rows.length;
    if (room < MIN_SUBJECT_ROWS) {
      return this.#feedback === undefined
        ? this.#smallView(width, maxRows, frame)
        : this.#smallFeedbackView(this.#feedback, width, maxRows, marks);
    }
    const subject = this.#subjectRows(width);
    const shownSubject = shortenSubject(subject, room - reasons.length, width, marks);
    const shownReasons = shortenParagraphs(reasons, room - shownSubject.length, width, marks);
    const middle = [...shownSubject, ...shownReasons];
    this.#isCut =
      shownSubject !== subject ||
      shownReasons.length < reasons.flat().length ||
      middle.length > room;
    const rows = [...head, ...middle, ...tail.rows];
    const cursor =
      tail.cursor === undefined
        ? undefined
        : { row: head.length + middle.length + tail.cursor.row, column: tail.cursor.column };
    return { rows, cursor };
  }

  /**
   * The choice that Enter takes, the keys of all of them, what it is about, and the rest as far as
   * there is room.
   */
  #smallView(width: number, maxRows: number, { position, marks, isGuarded }: DialogFrame) {
    this.#isCut = true;
    const title = this.#headRows(width, position).slice(0, maxRows > 2 ? 1 : 0);
    const answers = maxRows > 3 ? this.#twoAnswerRows(width, marks) : this.#answerRow(width, marks);
    if (isGuarded)
      answers[answers.length - 1] = row(shorten(GUARDED_HINT, width, marks.ellipsis), DIM);
    const room = maxRows - title.length - answers.length;
    return {
      rows: [...title, ...this.#firstSubjectRows(width, room, marks), ...answers],
      cursor: undefined,
    };
  }

  #twoAnswerRows(width: number, marks: Marks): Row[] {
    const choices = this.#choices();
    const { key, label } = choices[this.#selected] ?? { key: "", label: "" };
    const choice = shorten(`${marks.current} ${key} ${label}`, width, marks.ellipsis);
    const keys = choices.map((one) => one.key);
    const hints = [
      `Keys: ${keys.join(", ")}, arrows, Enter; Ctrl-O shows all`,
      `Keys: ${keys.join(" ")}, Ctrl-O: all`,
      `Keys: ${keys.join(" ")} ^O`,
    ];
    const hint = hints.find((text) => textWidth(text) <= width) ?? hints.at(-1) ?? "";
    return [row(choice, CYAN_BOLD), row(shorten(hint, width, marks.ellipsis), DIM)];
  }

  /** The selected choice, then the keys of the others. */
  #answerRow(width: number, { current, ellipsis }: Marks): Row[] {
    const choices = this.#choices();
    const { key, label } = choices[this.#selected] ?? { key: "", label: "" };
    const others = choices.filter((_, index) => index !== this.#selected);
    const keys = ` ${others.map((one) => one.key).join(" ")}`;
    const text = this.#isArmed ? AGAIN : label;
    const choice = shorten(`${current} ${key} ${text}`, width - textWidth(keys), ellipsis);
    return [[span(choice, CYAN_BOLD), span(keys, DIM)]];
  }

  /** Where the words to the model are being written. */
  #smallFeedbackView(editor: TextEditor, width: number, maxRows: number, marks: Marks): DialogView {
    this.#isCut = true;
    const hints = maxRows > 1 ? [row(shorten(FEEDBACK_HINT, width, marks.ellipsis), DIM)] : [];
    const most = Math.max(1, maxRows - hints.length - (maxRows > 2 ? 1 : 0));
    const { rows, cursor } = feedbackRows(editor, width, marks, most);
    const room = maxRows - hints.length - rows.length;
    const above = [...this.#firstSubjectRows(width, room, marks), ...hints];
    return {
      rows: [...above, ...rows],
      cursor: { row: above.length + cursor.row, column: cursor.column },
    };
  }

  /** The last one says when it is not the last of all. */
  #firstSubjectRows(width: number, room: number, { ellipsis }: Marks): readonly Row[] {
    // A row of its own that ends where a path did not fit any more would tell nothing of the path.
    const subject = this.#subjectRows(room === 1 ? UNBROKEN : width);
    if (subject.length <= room && subject.every((cells) => rowWidth(cells) <= width))
      return subject;
    const shown = subject.slice(0, Math.max(0, room));
    const last = shown.pop();
    return last === undefined
      ? []
      : [...shown, [...cutRow(last, width - textWidth(ellipsis)), span(ellipsis, DIM)]];
  }

  /** Everything of the subject, the reasons and what the session may allow, for the pager. */
  fullRows(width: number): readonly Row[] {
    const { sessionRule } = this.question;
    // A small terminal cuts it in the choice.
    const rule =
      sessionRule === undefined
        ? []
        : wrapWords([span(`Key a, for this session: ${sessionRule}`)], { width });
    return [...this.#subjectRows(width), [], ...this.#reasonParagraphs(width).flat(), ...rule];
  }

  #choices(): readonly DialogChoice[] {
    const { sessionRule, kind } = this.question;
    const verb = kind === "exec" ? "run" : "edit";
    const once = kind === "exec" ? "Run once" : "Edit once";
    const session =
      sessionRule === undefined
        ? []
        : [
            {
              id: "session",
              key: "a",
              label: `Allow the same again this session: ${sessionRule}`,
            } as const,
          ];
    return [
      {
        id: "once",
        key: "y",
        label: this.#isArmed ? `${once}: press again, you have not seen all of it` : once,
      },
      ...session,
      { id: "refuse", key: "n", label: `Do not ${verb}, tell the model why` },
      { id: "stop", key: "esc", label: `Do not ${verb}, stop here` },
    ];
  }

  #move(step: number, length: number): void {
    this.#select((this.#selected + length + step) % length);
  }

  #select(index: number): void {
    if (index !== this.#selected) this.#isArmed = false;
    this.#selected = index;
  }

  #choose(id: ChoiceId | undefined): DialogResult | undefined {
    switch (id) {
      case "once":
      case "session":
        if (this.#isCut && !this.#wasSeen && !this.#isArmed) {
          this.#isArmed = true;
          return undefined;
        }
        return answered(id === "once" ? "approved" : "approved_for_session");
      case "refuse":
        this.#feedback = new TextEditor();
        return undefined;
      case "stop":
        return answered("abort");
      case undefined:
        return undefined;
    }
  }

  #feedbackKey(key: Key, editor: TextEditor): DialogResult | undefined {
    if (isControl(key, "c")) return answered("abort");
    if (key.kind === "key" && key.name === "escape") {
      this.#feedback = undefined;
      return undefined;
    }
    if (isPlain(key, "enter")) {
      const feedback = editor.text.trim();
      const answer: Answer = { decision: "denied", ...(feedback === "" ? {} : { feedback }) };
      return { kind: "answered", answer };
    }
    editKey(editor, key);
    return undefined;
  }

  #headRows(width: number, position: string): readonly Row[] {
    const { title, warnings } = this.question;
    const place = position === "" ? "" : `  (${position})`;
    return [
      ...wrapWords([span(title, { color: YELLOW, bold: true }), span(place, DIM)], { width }),
      ...warnings.flatMap((text) => wrapWords([span(`! ${text}`, { color: YELLOW })], { width })),
    ];
  }

  #subjectRows(width: number): readonly Row[] {
    const { question } = this;
    if (question.kind === "patch") {
      const { changes } = question;
      const entries = Object.entries(changes);
      const headers = entries.flatMap(([path, change]) =>
        fileHeader(path, change, this.#cwd, width),
      );
      return [
        ...(entries.length > 1 ? [...headers, []] : []),
        ...diffRows(changes, this.#cwd, width),
      ];
    }
    return question.command.split("\n").flatMap((line, index) =>
      wrapHard([span(line, BOLD)], {
        width,
        first: [span(index === 0 ? "$ " : "  ", DIM)],
        rest: [span("  ")],
      }),
    );
  }

  /** Where, why, what changes, what was denied: each one block of rows. */
  #reasonParagraphs(width: number): readonly (readonly Row[])[] {
    const { question } = this;
    const place =
      question.kind === "exec" ? [wrapHard([span(`in ${question.cwd}`, DIM)], { width })] : [];
    const reasons = question.reasons.map((reason) => wrapWords([span(reason)], { width }));
    const options = { width, headLines: EVIDENCE_LINES, tailLines: 0, omitted: () => "" };
    const evidence =
      question.evidence === undefined ? [] : [outputRows(question.evidence, options)];
    return [...place, ...reasons, ...evidence];
  }

  #tailRows(width: number, marks: Marks, isGuarded: boolean): DialogView {
    const rows: Row[] = [];
    if (this.#feedback !== undefined) return withFeedback(rows, this.#feedback, width, marks);
    for (const [index, { key, label }] of this.#choices().entries()) {
      const isSelected = index === this.#selected;
      const pointer = isSelected ? marks.current : " ".repeat(marks.current.length);
      const style = isSelected ? ({ color: CYAN, bold: true } as const) : {};
      const first: Row = [span(`${pointer} ${key.padEnd(4)}`, style)];
      rows.push(...wrapWords([span(label, style)], { width, first, rest: [span("       ")] }));
    }
    const hint = isGuarded ? GUARDED_HINT : "Press a key of the list, or arrows and Enter";
    rows.push(row(shorten(hint, width, marks.ellipsis), DIM));
    return { rows, cursor: undefined };
  }
}

function shortenSubject(
  rows: readonly Row[],
  room: number,
  width: number,
  marks: Marks,
): readonly Row[] {
  const most = Math.max(MIN_SUBJECT_ROWS, Math.min(MAX_SUBJECT_ROWS, room));
  if (rows.length <= most) return rows;
  const shown = rows.slice(0, Math.min(SHORTENED_ROWS, most - 1));
  const more = `${marks.ellipsis} ${rows.length - shown.length} more lines, Ctrl-O to see all`;
  return [...shown, ...wrapWords([span(more, DIM)], { width })];
}

/** The longest ones give way first; each keeps its first row. */
function shortenParagraphs(
  paragraphs: readonly (readonly Row[])[],
  room: number,
  width: number,
  marks: Marks,
): readonly Row[] {
  let most = Math.max(1, ...paragraphs.map(({ length }) => length));
  const total = (): number =>
    paragraphs.reduce((sum, { length }) => sum + Math.min(length, most), 0);
  while (most > 1 && total() > room) most -= 1;
  return paragraphs.flatMap((rows) => {
    if (rows.length <= most) return rows;
    const last = cutRow(rows[most - 1] ?? [], width - textWidth(marks.ellipsis));
    return [...rows.slice(0, most - 1), [...last, span(marks.ellipsis, DIM)]];
  });
}

function withFeedback(rows: Row[], editor: TextEditor, width: number, marks: Marks): DialogView {
  const text = "What should the model do instead? Enter sends it, Esc goes back.";
  rows.push(...wrapWords([span(text, DIM)], { width }));
  const { rows: written, cursor } = feedbackRows(editor, width, marks, Number.POSITIVE_INFINITY);
  return {
    rows: [...rows, ...written],
    cursor: { row: rows.length + cursor.row, column: cursor.column },
  };
}

/** So many rows at most, the cursor in one of them. */
function feedbackRows(editor: TextEditor, width: number, marks: Marks, most: number) {
  const layout = layoutDraft(editor.cells, editor.cursor, width - 2);
  const first = Math.max(0, layout.cursorRow - most + 1);
  const rows = layout.rows.map((cells, index): Row => {
    return [span(index === 0 ? `${marks.user} ` : "  ", { color: CYAN }), ...cells];
  });
  return {
    rows: rows.slice(first, first + most),
    cursor: { row: layout.cursorRow - first, column: 2 + layout.cursorColumn },
  };
}

function answered(decision: Answer["decision"]): DialogResult {
  return { kind: "answered", answer: { decision } };
}
