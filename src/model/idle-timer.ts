/** The longest wait for the next sign of life. Cheap enough to be set for every small event. */
export class IdleTimer {
  readonly #timer: NodeJS.Timeout;
  #waiting = true;

  /** Starts waiting at once. `onIdle` is called at most once per wait that is too long. */
  constructor(limitMs: number, onIdle: () => void) {
    this.#timer = setTimeout(() => {
      if (this.#waiting) onIdle();
    }, limitMs);
  }

  wait(): void {
    this.#waiting = true;
    this.#timer.refresh();
  }

  /** While somebody else is busy: a tool that runs for an hour is not the server's silence. */
  pause(): void {
    this.#waiting = false;
  }

  end(): void {
    this.#waiting = false;
    clearTimeout(this.#timer);
  }
}
