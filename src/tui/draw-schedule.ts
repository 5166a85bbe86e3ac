/** When to draw: at once for keys, else not more often than the eye needs. */

/** Text that grows reads as well as at three times the rate, for a third of processor and line. */
const FRAME_MS = 1000 / 10;
const NEXT_PIECE_MS = 30;
const KEY_FRAME_MS = 1000 / 60;

export class DrawSchedule {
  readonly #draw: () => void;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #isEnded = false;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  /**
   * In the next frame. An answer comes in many small pieces: the frame goes with the first of them
   * after its time, and waits for it a little rather than to wake the program once more.
   */
  soon(): void {
    const isTime = performance.now() >= this.#drawnAt + FRAME_MS;
    this.at(isTime ? 0 : this.#drawnAt + FRAME_MS + NEXT_PIECE_MS);
  }

  /** A key wants its echo. */
  forKey(): void {
    this.at(this.#drawnAt + KEY_FRAME_MS);
  }

  now(): void {
    this.at(0);
  }

  /** At this time, or earlier. */
  at(time: number): void {
    if (this.#isEnded || this.#dueAt <= time) return;
    clearTimeout(this.#timer);
    this.#dueAt = time;
    const wait = time - performance.now();
    if (wait > 0) {
      this.#timer = setTimeout(() => this.#fire(), Math.ceil(wait));
      return;
    }
    this.#timer = undefined;
    // After everything that is there to be read: one frame for all of it.
    setImmediate(() => {
      if (this.#dueAt === time) this.#fire();
    });
  }

  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#timer);
  }

  #fire(): void {
    if (this.#isEnded) return;
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#drawnAt = performance.now();
    this.#draw();
  }
}
