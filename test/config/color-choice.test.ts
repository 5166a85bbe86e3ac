import assert from "node:assert/strict";
import { test } from "node:test";
import { wantsColors } from "../../src/config/color-choice.ts";

test("what is said on the command line wins over NO_COLOR, and that over the terminal", () => {
  for (const isTerminal of [true, false]) {
    for (const NO_COLOR of [undefined, "", "1"]) {
      const env = { NO_COLOR };
      assert.equal(wantsColors("always", isTerminal, env), true);
      assert.equal(wantsColors("never", isTerminal, env), false);
      assert.equal(wantsColors("auto", isTerminal, env), isTerminal && NO_COLOR !== "1");
    }
  }
});
