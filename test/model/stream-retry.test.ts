import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ModelError, streamError } from "../../src/model/model-error.ts";
import { backOffMs, formatDelay, RetryBudget } from "../../src/model/stream-retry.ts";

const limits = { requestMaxRetries: 1, streamMaxRetries: 3 };
const middle = (): number => 0.5;

const broken = streamError("gone");
const busy = new ModelError({ kind: "server", message: "busy", status: 503, retryable: true });

test("a notice says what happened, which try comes next and when", () => {
  const budget = new RetryBudget(limits, middle);
  assert.deepEqual(budget.next(broken), {
    kind: "retrying",
    attempt: 1,
    maxAttempts: 3,
    delayMs: 200,
    error: broken,
    message: "stream error: stream disconnected before completion: gone; retrying 1/3 in 200ms…",
  });
  assert.equal(budget.next(broken)?.delayMs, 400);
  assert.equal(budget.next(broken)?.delayMs, 800);
  assert.equal(budget.next(broken), null);
});

test("both kinds of failure draw on one counter", () => {
  const budget = new RetryBudget(limits, middle);
  assert.equal(budget.next(broken)?.attempt, 1);
  assert.equal(budget.next(busy), null);
});

test("no mix of failures is retried more often than the larger limit", () => {
  fc.assert(
    fc.property(fc.nat(6), fc.nat(6), fc.array(fc.boolean()), (request, stream, failures) => {
      const budget = new RetryBudget({ requestMaxRetries: request, streamMaxRetries: stream });
      let retries = 0;
      for (const isStream of failures) {
        if (budget.next(isStream ? broken : busy) === null) break;
        retries += 1;
      }
      assert.ok(retries <= Math.max(request, stream));
    }),
  );
});

test("a configured limit counts up to 100", () => {
  const budget = new RetryBudget({ requestMaxRetries: 5000, streamMaxRetries: 5000 }, middle);
  let retries = 0;
  while (retries < 200 && budget.next(broken) !== null) retries += 1;
  assert.equal(retries, 100);
});

test("the server's wish beats the back-off, up to an hour", () => {
  const wish = (retryAfterMs: number): ModelError =>
    new ModelError({ kind: "rate-limit", message: "slow", retryable: true, retryAfterMs });
  assert.equal(new RetryBudget(limits).next(wish(0))?.delayMs, 0);
  assert.equal(new RetryBudget(limits).next(wish(90_000))?.delayMs, 90_000);
  assert.equal(new RetryBudget(limits).next(wish(3_600_001)), null);
});

test("the back-off doubles, with a tenth of jitter and an upper bound", () => {
  assert.equal(
    backOffMs(1, () => 0),
    180,
  );
  assert.equal(
    backOffMs(1, () => 0.999999),
    220,
  );
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((attempt) => backOffMs(attempt, middle)),
    [200, 400, 800, 1600, 3200],
  );
  assert.equal(backOffMs(100, middle), 60_000);
});

test("a delay is shown in milliseconds or seconds", () => {
  assert.deepEqual([0, 199.6, 999, 1000, 1472, 60_000].map(formatDelay), [
    "0ms",
    "200ms",
    "999ms",
    "1s",
    "1.472s",
    "60s",
  ]);
});
