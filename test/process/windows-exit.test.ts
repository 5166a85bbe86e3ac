import assert from "node:assert/strict";
import { test } from "node:test";

import { describeWindowsExit, windowsExitCode } from "../../src/process/windows-exit.ts";

test("codes have 32 bits and no sign", () => {
  assert.deepEqual(
    [0, 1, 255, 256, 3221225786, -1073741510, -1, 4294967295].map(windowsExitCode),
    [0, 1, 255, 256, 3221225786, 3221225786, 4294967295, 4294967295],
  );
});

test("the system's own codes have words, a program's do not", () => {
  assert.deepEqual([0, 1, 259, 0x80000003, 0xe0434352].map(describeWindowsExit), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  assert.equal(describeWindowsExit(-1073741510), "interrupted by Ctrl-C (0xC000013A)");
  assert.equal(describeWindowsExit(0xc0000005), "access violation (0xC0000005)");
  assert.equal(describeWindowsExit(0xc0000420), "ended by the system (0xC0000420)");
});
