/**
 * Which failures are tried again, how often, and after which wait.
 *
 * There is one counter per prompt. A failure before a response began (no connection, 429, 5xx) may
 * be the `requestMaxRetries`-th, one of the stream or of the idle limit the `streamMaxRetries`-th;
 * both count on the same counter. So a server that always fails is asked at most
 * 1 + max(requestMaxRetries, streamMaxRetries) times, never the product of the two.
 */
import type { RetryingEvent } from "./model-event.ts";
import type { ModelError } from "./model-error.ts";

/** What the configuration says is taken, up to here. */
const MAX_RETRIES = 100;
const FIRST_BACK_OFF_MS = 200;
const BACK_OFF_FACTOR = 2;
const JITTER = 0.1;
const MAX_BACK_OFF_MS = 60_000;
/** A server that wants a longer pause has in fact refused. */
const MAX_SERVER_DELAY_MS = 3_600_000;

export interface RetryLimits {
  readonly requestMaxRetries: number;
  readonly streamMaxRetries: number;
}

export class RetryBudget {
  readonly #limits: RetryLimits;
  readonly #random: () => number;
  #failures = 0;

  /** `random` gives numbers from 0 up to 1, as Math.random. */
  constructor(limits: RetryLimits, random: () => number = Math.random) {
    this.#limits = limits;
    this.#random = random;
  }

  /** What to do after a failure. Null: it is final. */
  next(error: ModelError): RetryingEvent | null {
    if (!error.retryable) return null;
    const maxAttempts = Math.min(this.#limitFor(error), MAX_RETRIES);
    if (this.#failures >= maxAttempts) return null;
    if ((error.retryAfterMs ?? 0) > MAX_SERVER_DELAY_MS) return null;
    this.#failures += 1;
    const attempt = this.#failures;
    const delayMs = error.retryAfterMs ?? backOffMs(attempt, this.#random);
    const message = `stream error: ${error.message}; retrying ${attempt}/${maxAttempts} in ${formatDelay(delayMs)}…`;
    return { kind: "retrying", attempt, maxAttempts, delayMs, error, message };
  }

  #limitFor(error: ModelError): number {
    const beforeResponse = error.kind === "connection" || error.status !== null;
    return beforeResponse ? this.#limits.requestMaxRetries : this.#limits.streamMaxRetries;
  }
}

/** 200 ms, 400 ms, 800 ms, …, each up to 10 % shorter or longer, so that clients spread out. */
export function backOffMs(attempt: number, random: () => number): number {
  const base = Math.min(FIRST_BACK_OFF_MS * BACK_OFF_FACTOR ** (attempt - 1), MAX_BACK_OFF_MS);
  return Math.round(base * (1 - JITTER + 2 * JITTER * random()));
}

/** `200ms`, `1.472s`. */
export function formatDelay(delayMs: number): string {
  const whole = Math.round(delayMs);
  return whole < 1000 ? `${whole}ms` : `${whole / 1000}s`;
}
