/**
 * Marks around a frame, between which a terminal shows nothing half drawn. Those that do not know
 * them ignore them, so there they are left out: 16 bytes a frame, one in thirty of a slow answer.
 *
 * Which ones do is asked when the first frame is there, and nothing waits for the answer. Some
 * terminals print the end of a question that they do not know (seen as "p" of `CSI ? 2026 $ p`), so
 * it is asked only where the rows around the cursor are erased by what follows.
 *
 * Source: the synchronized output extension; DECRQM and DECRPM in DEC's manual of the VT510.
 */
import { setTimeout as sleep } from "node:timers/promises";

const MODE = 2026;
const QUERY = `\u001b[?${MODE}$p`;
const BEGIN_UPDATE = `\u001b[?${MODE}h`;
const END_UPDATE = `\u001b[?${MODE}l`;
/** A terminal takes a write this small in one piece; once a second the marks would be a fifth. */
const SMALL_WRITE = 128;
/** Of a report: the mode is on or off now, and can be changed. */
const CHANGEABLE = [1, 2];
/** An answer that takes longer is for nobody. */
const ANSWER_MS = 100;

export class SynchronizedOutput {
  #isKnown: boolean;
  #askedAt: number | undefined;
  readonly #answered = Promise.withResolvers<void>();
  #isAnswered = false;

  /** `isKnown`: the terminal has it, whatever it answers. */
  constructor(isKnown: boolean) {
    this.#isKnown = isKnown;
  }

  /** What asks the terminal, once; to be written straight before the rows are erased. */
  query(): string {
    if (this.#isKnown || this.#askedAt !== undefined) return "";
    this.#askedAt = performance.now();
    return QUERY;
  }

  /** The terminal has answered of some mode. */
  reported(mode: number, state: number): void {
    if (mode !== MODE) return;
    this.#isKnown ||= CHANGEABLE.includes(state);
    this.#isAnswered = true;
    this.#answered.resolve();
  }

  frame(text: string): string {
    const isMarked = this.#isKnown && text.length >= SMALL_WRITE;
    return isMarked ? `${BEGIN_UPDATE}${text}${END_UPDATE}` : text;
  }

  /** An answer that is on its way is awaited, so that the shell does not get it. */
  async settled(): Promise<void> {
    if (this.#askedAt === undefined || this.#isAnswered) return;
    const rest = this.#askedAt + ANSWER_MS - performance.now();
    if (rest > 0)
      await Promise.race([this.#answered.promise, sleep(rest, undefined, { ref: false })]);
  }
}
