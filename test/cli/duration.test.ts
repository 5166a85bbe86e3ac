import assert from "node:assert/strict";
import { test } from "node:test";

import { parseDurationMs } from "../../src/cli/duration.ts";

const cases: readonly (readonly [string, number | undefined])[] = [
  ["90", 90_000],
  ["90s", 90_000],
  ["1.5m", 90_000],
  ["1h", 3_600_000],
  ["250ms", 250],
  ["0", undefined],
  ["-1", undefined],
  ["", undefined],
  ["1d", undefined],
  ["1 s", undefined],
  ["600h", undefined],
  ["1e3", undefined],
];

for (const [text, ms] of cases) {
  test(`${JSON.stringify(text)} is ${ms} ms`, () => {
    assert.equal(parseDurationMs(text), ms);
  });
}
