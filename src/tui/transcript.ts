/** Everything of a session in full, for the pager. */
import type { Marks } from "./marks.ts";
import { sanitizeText } from "./sanitize.ts";

export interface TranscriptEntry {
  readonly title: string;
  readonly text: string;
}

export class Transcript {
  readonly #entries: TranscriptEntry[] = [];

  add(title: string, text: string): void {
    this.#entries.push({ title, text });
  }

  get entries(): readonly TranscriptEntry[] {
    return this.#entries;
  }

  /** The last answer of the assistant. */
  get lastAnswer(): string | undefined {
    return this.#entries.findLast(({ title }) => title === "Codex")?.text;
  }

  /** Sanitised lines. */
  lines({ rule }: Pick<Marks, "rule">): readonly string[] {
    return this.#entries.flatMap(({ title, text }, index) => [
      ...(index > 0 ? [""] : []),
      `${rule} ${sanitizeText(title).replaceAll("\n", " ")}`,
      ...sanitizeText(text).replace(/\n+$/u, "").split("\n"),
    ]);
  }
}
