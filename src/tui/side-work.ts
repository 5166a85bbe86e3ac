/** Work that a slash command waits for beside the conversation: one at a time, and it can be stopped. */

/** What is over sooner is not worth a row that comes and goes. */
const SHOWN_AFTER_MS = 200;

export class SideWork {
  /** What goes on, as it is shown: "computing the diff". */
  readonly title: string;
  /** As `performance.now()`. */
  readonly startedAt = performance.now();
  readonly #stop = new AbortController();

  constructor(title: string) {
    this.title = title;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get shownFrom(): number {
    return this.startedAt + SHOWN_AFTER_MS;
  }

  /** The work itself says that it was cancelled, when all of it has ended. */
  cancel(): void {
    this.#stop.abort();
  }
}
