/** The life of one connection's use: its signal, its idle limit, its end. */
import type { Readable } from "node:stream";
import { reasonOf } from "./http-post.ts";
import { IdleTimer } from "./idle-timer.ts";
import { idleTimeoutError, ModelError, streamError } from "./model-error.ts";
import { ResponseBytes } from "./response-bytes.ts";

/** A response that is over in meaning may take this long to be over in bytes. */
const DRAIN_MS = 1000;

export class Exchange {
  readonly signal: AbortSignal;
  idle: IdleTimer;
  readonly #controller = new AbortController();
  readonly #callerSignal: AbortSignal;
  readonly #abort = (): void => {
    this.#controller.abort();
    this.#source?.destroy();
  };
  #idleAfterMs: number | null = null;
  #source: Readable | null = null;

  constructor(callerSignal: AbortSignal, idleLimitMs: number) {
    this.signal = this.#controller.signal;
    this.#callerSignal = callerSignal;
    callerSignal.addEventListener("abort", this.#abort, { once: true });
    this.idle = this.#startIdle(idleLimitMs);
  }

  limitTo(idleLimitMs: number): void {
    this.idle.end();
    this.idle = this.#startIdle(idleLimitMs);
  }

  /** The source stays open when the iteration ends: `end` decides. */
  read(source: Readable): AsyncIterable<Uint8Array> {
    this.#source = source;
    return new ResponseBytes(source);
  }

  explain(error: unknown): ModelError {
    if (this.#idleAfterMs !== null) return idleTimeoutError(this.#idleAfterMs);
    return error instanceof ModelError ? error : streamError(reasonOf(error), error);
  }

  end(complete: boolean): void {
    this.idle.end();
    this.#callerSignal.removeEventListener("abort", this.#abort);
    if (complete && this.#source !== null) drain(this.#source, this.#abort);
    else this.#abort();
  }

  #startIdle(limitMs: number): IdleTimer {
    return new IdleTimer(limitMs, () => {
      this.#idleAfterMs = limitMs;
      this.#abort();
    });
  }
}

// Read to its end, a connection can serve the next request; that saves a TLS handshake per turn.
function drain(source: Readable, abort: () => void): void {
  const timer = setTimeout(abort, DRAIN_MS).unref();
  source.once("close", () => clearTimeout(timer));
  source.resume();
}
