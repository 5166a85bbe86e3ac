/** A line that is typed without being shown. */
import { isPlain, type Key } from "./key-decoder.ts";
import type { Frame } from "./live-region.ts";
import type { Marks } from "./marks.ts";
import { BOLD, CYAN, DIM, row, span } from "./styled.ts";
import { wrapWords } from "./wrap.ts";

export class SecretInput {
  readonly #title: string;
  #text = "";

  constructor(title: string) {
    this.#title = title;
  }

  key(key: Key): "done" | "cancelled" | undefined {
    // What is copied often has a line end, which is no part of it and no Enter.
    if (key.kind === "text" || key.kind === "paste") {
      this.#text += key.text.replaceAll(/[\r\n]/gu, "");
    }
    if (key.kind === "key") {
      if (key.name === "escape") return this.#cancel();
      if (key.name === "backspace") this.#text = this.#text.slice(0, -1);
      if (isPlain(key, "enter")) return "done";
    }
    if (key.kind === "chord" && key.ctrl) {
      if (key.letter === "c" || key.letter === "d") return this.#cancel();
      if (key.letter === "u") this.#text = "";
    }
    return undefined;
  }

  /** The text, which is forgotten here. */
  take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  view(width: number, marks: Marks): Frame {
    const rows = [
      ...wrapWords([span(this.#title, BOLD)], { width }),
      [
        span(`${marks.user} `, { color: CYAN }),
        span(
          this.#text === "" ? "(not shown while typing)" : `(${this.#text.length} characters)`,
          DIM,
        ),
      ],
      row("Enter stores it, Esc goes back", DIM),
    ];
    return { rows, cursor: { row: rows.length - 2, column: 2 } };
  }

  #cancel(): "cancelled" {
    this.#text = "";
    return "cancelled";
  }
}
