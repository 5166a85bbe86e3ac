import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  delayInText,
  failedResponseError,
  httpError,
  type ModelError,
} from "../../src/model/model-error.ts";

const now = Date.parse("2025-01-01T00:00:00Z");

function failure(changes: Partial<Parameters<typeof httpError>[0]>): ModelError {
  const base = { status: 429, statusText: "Too Many Requests", body: "" };
  return httpError({ ...base, retryAfter: null, retryAfterMs: null, ...changes }, now);
}

test("a wait is read from every place where servers put it", () => {
  assert.equal(failure({}).retryAfterMs, null);
  assert.equal(failure({ retryAfter: "2" }).retryAfterMs, 2000);
  assert.equal(failure({ retryAfter: "Wed, 01 Jan 2025 00:00:30 GMT" }).retryAfterMs, 30_000);
  assert.equal(failure({ retryAfter: "Wed, 01 Jan 2020 00:00:30 GMT" }).retryAfterMs, 0);
  assert.equal(failure({ retryAfter: "2", retryAfterMs: "150" }).retryAfterMs, 150);
  assert.equal(failure({ retryAfter: "soon" }).retryAfterMs, null);
  assert.equal(failure({ retryAfter: "-5" }).retryAfterMs, null);
  assert.equal(failure({ body: "try again in 20ms" }).retryAfterMs, 20);
});

test("a wait in a sentence may have several units", () => {
  assert.equal(delayInText("Please try again in 1.5s. Visit x"), 1500);
  assert.equal(delayInText("Please try again in 28ms."), 28);
  assert.equal(delayInText("try again in 6m0.5s"), 360_500);
  assert.equal(delayInText("try again in 1h2m"), 3_720_000);
  assert.equal(delayInText("try again in a while"), null);
  assert.equal(delayInText("wait 3s"), null);
});

test("the server's words are found in every usual shape of a body", () => {
  const words = (body: string): string =>
    failure({ body }).message.replace("unexpected status 429 Too Many Requests", "");
  assert.equal(words(`{"error":{"message":"m"}}`), ": m");
  assert.equal(words(`{"error":"m"}`), ": m");
  assert.equal(words(`{"detail":"m"}`), ": m");
  assert.equal(words(`{"message":"m"}`), ": m");
  assert.equal(words(`{"error":{"code":"c"}}`), ": c");
  assert.equal(words(`{"other":1}`), `: {"other":1}`);
  assert.equal(words(" plain\n"), ": plain");
  assert.equal(words(""), "");
  assert.equal(words("x".repeat(5000)), `: ${"x".repeat(2000)}…`);
});

test("a status says whether to try again", () => {
  const rows = [400, 401, 402, 403, 404, 408, 409, 413, 422, 425, 429, 500, 503, 529].map(
    (status) => {
      const error = failure({ status, statusText: "" });
      return `${status} ${error.kind}${error.retryable ? " again" : ""}`;
    },
  );
  assert.deepEqual(rows, [
    "400 bad-request",
    "401 unauthorized",
    "402 bad-request",
    "403 unauthorized",
    "404 not-found",
    "408 server again",
    "409 bad-request",
    "413 bad-request",
    "422 bad-request",
    "425 server again",
    "429 rate-limit again",
    "500 server again",
    "503 server again",
    "529 server again",
  ]);
});

test("any body of any status gives an error and never throws", () => {
  fc.assert(
    fc.property(fc.integer({ min: 400, max: 599 }), fc.jsonValue(), (status, value) => {
      const error = { error: value };
      assert.ok(failure({ status, body: JSON.stringify(error) }).message.length > 0);
      assert.ok(failure({ status, body: JSON.stringify(value) }).message.length > 0);
    }),
  );
});

test("a failed response is sorted by its code", () => {
  const sort = (code: string): string => {
    const { kind, retryable } = failedResponseError({ code, message: "m" });
    return `${kind}${retryable ? " again" : ""}`;
  };
  assert.equal(sort("server_error"), "server again");
  assert.equal(sort("anything_new"), "server again");
  assert.equal(sort("rate_limit_exceeded"), "rate-limit again");
  assert.equal(sort("invalid_prompt"), "bad-request");
  assert.equal(sort("context_length_exceeded"), "context-overflow");
  assert.equal(sort("insufficient_quota"), "usage-limit");
});
