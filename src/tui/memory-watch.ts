/**
 * Gives memory back when nobody waits for anything: after the start, whose garbage would else be
 * collected in the middle of the first answer, and once an answer is over. A long one leaves four
 * times its size behind: the pieces it came in, the event with all of it, what was written to the
 * session file.
 */
import { giveMemoryBack } from "../runtime/v8-memory.ts";

const GROWTH_BYTES = 40e6;
/** It stops the program for a moment, so it waits for one without keys. */
const QUIET_MS = 500;

export class MemoryWatch {
  readonly #lastKeyAt: () => number;
  #base = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** `lastKeyAt` is a time as performance.now() has it. */
  constructor(lastKeyAt: () => number) {
    this.#lastKeyAt = lastKeyAt;
  }

  /** A session has begun: what it needs is in memory. */
  begin(): void {
    this.#base = process.memoryUsage.rss();
    this.#schedule();
  }

  turnBegan(): void {
    clearTimeout(this.#timer);
  }

  turnEnded(): void {
    clearTimeout(this.#timer);
    if (process.memoryUsage.rss() - this.#base >= GROWTH_BYTES) this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#collect(), QUIET_MS);
    this.#timer.unref();
  }

  #collect(): void {
    if (performance.now() - this.#lastKeyAt() < QUIET_MS) {
      this.#schedule();
      return;
    }
    giveMemoryBack();
    this.#base = process.memoryUsage.rss();
  }
}
