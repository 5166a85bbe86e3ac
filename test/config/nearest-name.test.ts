import assert from "node:assert/strict";
import { test } from "node:test";

import { nearestName } from "../../src/config/nearest-name.ts";

const KNOWN = ["model", "model_provider", "exec", "e", "sandbox_mode"];

const cases: readonly (readonly [string, string | undefined])[] = [
  ["modle", "model"],
  ["Model", "model"],
  ["sandbox-mode", "sandbox_mode"],
  ["exce", "exec"],
  ["modelprovider", "model_provider"],
  ["xyz", undefined],
  ["", "e"],
  ["m".repeat(200), undefined],
];

for (const [wrong, near] of cases) {
  test(`${JSON.stringify(wrong.slice(0, 20))} is near ${near}`, () => {
    assert.equal(nearestName(wrong, KNOWN), near);
  });
}
