/** A list to choose one of: state, rows, keys. */
import { isPlain, type Key } from "./key-decoder.ts";
import type { Marks } from "./marks.ts";
import { sanitizeLine } from "./sanitize.ts";
import { BOLD, CYAN, cutRow, DIM, type Row, row, type Span, span } from "./styled.ts";
import { shorten, textWidth } from "./width.ts";
import { wrapWords } from "./wrap.ts";

export interface Choice {
  readonly id: string;
  readonly label: string;
  readonly detail?: string;
  /** Chooses it where answers are typed, as its number does. */
  readonly word?: string;
}

export interface MenuRequest {
  readonly title: string;
  /** Paragraphs above the choices. */
  readonly text?: readonly string[];
  readonly choices: readonly Choice[];
  /** Index; the first when it is not given. */
  readonly preselected?: number;
  /** What Esc does. Default: cancels. */
  readonly onEscape?: "quits";
}

export type MenuResult =
  | { readonly kind: "chosen"; readonly id: string }
  | { readonly kind: "cancelled" };

const MAX_VISIBLE = 8;

export class Menu {
  readonly request: MenuRequest;
  #selected: number;

  constructor(request: MenuRequest) {
    this.request = request;
    this.#selected = request.preselected ?? 0;
  }

  /** Undefined while nothing is decided. A digit chooses at once. */
  key(key: Key): MenuResult | undefined {
    const { choices } = this.request;
    const { length } = choices;
    if (key.kind === "key") {
      if (key.name === "up") this.#selected = (this.#selected + length - 1) % length;
      if (key.name === "down" || key.name === "tab") this.#selected = (this.#selected + 1) % length;
      if (key.name === "escape") return { kind: "cancelled" };
      if (isPlain(key, "enter")) return this.#choose(this.#selected);
    }
    if (key.kind === "chord" && key.ctrl) {
      if (key.letter === "c") return { kind: "cancelled" };
      if (key.letter === "p") this.#selected = (this.#selected + length - 1) % length;
      if (key.letter === "n") this.#selected = (this.#selected + 1) % length;
    }
    if (key.kind === "text" && /^[1-9]$/u.test(key.text)) return this.#choose(Number(key.text) - 1);
    return undefined;
  }

  #choose(index: number): MenuResult | undefined {
    const choice = this.request.choices[index];
    return choice === undefined ? undefined : { kind: "chosen", id: choice.id };
  }

  /** In little room the choices stay, and of the text what is left: the title last. */
  rows(width: number, maxRows: number, marks: Marks): readonly Row[] {
    const { title, text = [], choices, onEscape = "cancels" } = this.request;
    const head = [
      ...wrapWords([span(sanitizeLine(title), BOLD)], { width }),
      ...text.flatMap((paragraph) => wrapWords([span(sanitizeLine(paragraph))], { width })),
    ];
    const hint = row(shorten(`Enter chooses, Esc ${onEscape}`, width, marks.ellipsis), DIM);
    const options = { selected: this.#selected, width, marks, isNumbered: true };
    const all = choiceRows(choices, { ...options, maxRows: Number.POSITIVE_INFINITY });
    if (head.length + all.length + 1 <= maxRows) return [...head, ...all, hint];
    const short = choices.map(({ id, label, detail = "" }, index) =>
      index === this.#selected ? { id, label, detail } : { id, label },
    );
    const shown = choiceRows(short, { ...options, maxRows: Math.max(1, maxRows - 1) });
    return [...head.slice(0, Math.max(0, maxRows - shown.length)), ...shown];
  }
}

export interface ChoiceOptions {
  readonly selected: number;
  readonly width: number;
  /** At least one choice is shown, whatever this is. */
  readonly maxRows: number;
  readonly marks: Marks;
  readonly isNumbered: boolean;
}

/** A window of at most eight choices around the selected one; fewer where there are fewer rows. */
export function choiceRows(choices: readonly Choice[], options: ChoiceOptions): readonly Row[] {
  for (let count = MAX_VISIBLE; count > 1; count -= 1) {
    const rows = windowRows(choices, count, options);
    if (rows.length <= options.maxRows) return rows;
  }
  return windowRows(choices, 1, options).slice(0, Math.max(1, options.maxRows));
}

function windowRows(
  choices: readonly Choice[],
  count: number,
  { selected, width, marks, isNumbered }: ChoiceOptions,
): readonly Row[] {
  const before = Math.ceil(count / 2) - 1;
  const start = Math.max(0, Math.min(selected - before, choices.length - count));
  const visible = choices.slice(start, start + count);
  const labelWidth = Math.max(...visible.map(({ label }) => textWidth(sanitizeLine(label))), 0);
  const rows = visible.flatMap(({ label, detail = "" }, offset) => {
    const index = start + offset;
    const isSelected = index === selected;
    const number = isNumbered ? `${index + 1}. ` : "";
    const pointer = isSelected ? marks.current : " ".repeat(marks.current.length);
    const text = sanitizeLine(label);
    const padding = detail === "" ? "" : " ".repeat(labelWidth - textWidth(text) + 2);
    const first: readonly Span[] = [
      span(`${pointer} ${number}`, isSelected ? { color: CYAN, bold: true } : {}),
    ];
    const indent = " ".repeat(textWidth(`${pointer} ${number}`) + 2);
    const spans = [
      span(text, isSelected ? { color: CYAN, bold: true } : {}),
      span(`${padding}${sanitizeLine(detail)}`, DIM),
    ];
    const wrapped = wrapWords(spans, { width, first, rest: [span(indent)] });
    return isSelected || wrapped.length <= 2 ? wrapped : firstTwo(wrapped, width, marks);
  });
  const more = choices.length - visible.length;
  return more > 0 ? [...rows, row(`  ${marks.ellipsis} ${more} more`, DIM)] : rows;
}

function firstTwo(rows: readonly Row[], width: number, { ellipsis }: Marks): readonly Row[] {
  const second = cutRow(rows[1] ?? [], width - textWidth(ellipsis));
  return [...rows.slice(0, 1), [...second, span(ellipsis, DIM)]];
}
