/** Everything of a session in full, for the pager. */
import type { Marks } from "./marks.ts";
import { sanitizeText } from "./sanitize.ts";

/** Prose may be broken at any blank; in code and output every blank counts. */
export type TextKind = "prose" | "verbatim";

export interface TranscriptEntry {
  readonly title: string;
  readonly text: string;
  readonly kind: TextKind;
}

export interface TranscriptLine {
  readonly text: string;
  readonly kind: TextKind;
}

export class Transcript {
  readonly #entries: TranscriptEntry[] = [];

  add(title: string, text: string, kind: TextKind): void {
    this.#entries.push({ title, text, kind });
  }

  get entries(): readonly TranscriptEntry[] {
    return this.#entries;
  }

  /** The last answer of the assistant. */
  get lastAnswer(): string | undefined {
    return this.#entries.findLast(({ title }) => title === "Codex")?.text;
  }

  /** Sanitised. `unfinished`: what comes after the entries that are there to stay. */
  lines(
    { rule }: Pick<Marks, "rule">,
    unfinished: readonly TranscriptEntry[] = [],
  ): readonly TranscriptLine[] {
    const entries = [...this.#entries, ...unfinished];
    return entries.flatMap(({ title, text, kind }, index): readonly TranscriptLine[] => {
      const lines = sanitizeText(text).replace(/\n+$/u, "").split("\n");
      return [
        ...(index > 0 ? [{ text: "", kind }] : []),
        { text: `${rule} ${sanitizeText(title).replaceAll("\n", " ")}`, kind },
        ...(kind === "prose" ? withCode(lines) : lines.map((line) => ({ text: line, kind }))),
      ];
    });
  }
}

/** How a block of code begins, in a list too. Source: CommonMark 0.31.2, 4.5. */
const FENCE = /^\s*(?<fence>`{3,}(?=[^`]*$)|~{3,})/u;

/** Prose, but for the code in it. */
function withCode(lines: readonly string[]): readonly TranscriptLine[] {
  let open: string | undefined;
  return lines.map((text) => {
    const fence = FENCE.exec(text)?.groups?.["fence"];
    const kind = open === undefined && fence === undefined ? "prose" : "verbatim";
    if (open === undefined) open = fence;
    else if (fence?.startsWith(open) === true && text.trim() === fence) open = undefined;
    return { text, kind };
  });
}
