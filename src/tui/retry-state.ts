/** Attempts to reach the model again, from what the core says of them. */

export interface RetryAttempt {
  readonly cause: string;
  /** `1/10` */
  readonly count: string;
  readonly delayMs: number;
}

const RETRY =
  /^(?<cause>[\s\S]*); retrying (?<count>\d+\/\d+) in (?<delay>[\d.]+)(?<unit>ms|s|m)\b/u;
const UNIT_MS = { ms: 1, s: 1000, m: 60_000 } as const;

/** Undefined: the message is about something else. */
export function parseRetry(message: string): RetryAttempt | undefined {
  const groups = RETRY.exec(message)?.groups;
  if (groups === undefined) return undefined;
  const { cause = "", count = "", delay = "0", unit } = groups;
  const factor = unit === "ms" || unit === "s" || unit === "m" ? UNIT_MS[unit] : 1;
  return { cause, count, delayMs: Number(delay) * factor };
}

/** While it is waited for. */
export function describeWaiting(
  { cause, count, delayMs }: RetryAttempt,
  elapsedMs: number,
): string {
  const left = Math.max(0, delayMs - elapsedMs);
  const wait =
    left >= 1000 ? `${Math.ceil(left / 1000)}s` : left > 0 ? `${Math.round(left)}ms` : "a moment";
  return `${cause}; retrying ${count} in ${wait}`;
}

/**
 * Few attempts are worth one line, many one each. Where text came between, those before have their
 * lines already, and the number goes on.
 */
export function describeAttempts(attempts: readonly RetryAttempt[]): readonly string[] {
  const [first] = attempts;
  if (first === undefined) return [];
  if (attempts.length > 3) return attempts.map(({ cause, count }) => `${cause}; retried ${count}`);
  const last = attempts.at(-1) ?? first;
  const times = attempts.length === 1 ? "once" : `${attempts.length} times`;
  return [`${last.cause}; retried ${first.count.startsWith("1/") ? times : last.count}`];
}
