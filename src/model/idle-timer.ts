/** The longest wait for the next sign of life. Cheap enough to be set for every small event. */
export class IdleTimer {
  readonly #limitMs: number;
  readonly #onIdle: () => void;
  #timer: NodeJS.Timeout;
  /** Undefined: nothing is waited for. */
  #since: number | undefined;

  /** Starts waiting at once. `onIdle` is called at most once per wait that is too long. */
  constructor(limitMs: number, onIdle: () => void) {
    this.#limitMs = limitMs;
    this.#onIdle = onIdle;
    this.#since = performance.now();
    this.#timer = setTimeout(this.#judge, limitMs);
  }

  wait(): void {
    this.#since = performance.now();
  }

  /** While somebody else is busy: a tool that runs for an hour is not the server's silence. */
  pause(): void {
    this.#since = undefined;
  }

  end(): void {
    this.#since = undefined;
    clearTimeout(this.#timer);
  }

  // A timer that each wait moves would cost more than the event that ends it.
  readonly #judge = (): void => {
    const waited = this.#since === undefined ? 0 : performance.now() - this.#since;
    const left = this.#limitMs - waited;
    if (left > 0) this.#timer = setTimeout(this.#judge, Math.ceil(left));
    else this.#onIdle();
  };
}
