/** The time that a turn takes, as it is shown: in steps, and nothing wakes up in between. */

const TICK_MS = 1000;
/** Without animations. */
const SLOW_TICK_MS = 10_000;

export class TurnClock {
  readonly #step: number;
  readonly #onTick: () => void;
  #timer: NodeJS.Timeout | undefined;
  #startedAt: number | undefined;

  constructor(hasAnimations: boolean, onTick: () => void) {
    this.#step = hasAnimations ? TICK_MS : SLOW_TICK_MS;
    this.#onTick = onTick;
  }

  /** The turn that runs since then; undefined: none does. */
  follow(startedAt: number | undefined): void {
    if (startedAt === this.#startedAt) return;
    this.end();
    this.#startedAt = startedAt;
    if (startedAt !== undefined) this.#wait(startedAt);
  }

  elapsed(startedAt: number): number {
    const milliseconds = performance.now() - startedAt;
    return milliseconds - (milliseconds % this.#step);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #wait(startedAt: number): void {
    // Timers may be a little early, and would then find the time of before.
    const wait = this.#step - ((performance.now() - startedAt) % this.#step) + 1;
    this.#timer = setTimeout(() => {
      this.#onTick();
      this.#wait(startedAt);
    }, wait);
    this.#timer.unref();
  }
}
