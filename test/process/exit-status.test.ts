import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { describeEnd, shellExitCode, type ProcessEnd } from "../../src/process/exit-status.ts";
import { run } from "../support/run.ts";

suite("shellExitCode", () => {
  const table: readonly (readonly [ProcessEnd, number, string])[] = [
    [{ code: 0, signal: null }, 0, "exit code 0"],
    [{ code: 255, signal: null }, 255, "exit code 255"],
    [{ code: null, signal: "SIGHUP" }, 129, "signal SIGHUP"],
    [{ code: null, signal: "SIGKILL" }, 137, "signal SIGKILL"],
    [{ code: null, signal: "SIGTERM" }, 143, "signal SIGTERM"],
  ];
  for (const [end, code, words] of table) {
    test(`${words} is ${code}`, () => {
      assert.equal(shellExitCode(end), code);
      assert.equal(describeEnd(end), words);
    });
  }

  test("needs a code or a signal", () => {
    assert.throws(() => shellExitCode({ code: null, signal: null }), TypeError);
  });

  test("is the number that a shell gives", async () => {
    for (const signal of ["TERM", "KILL", "USR1", "SEGV"] as const) {
      const shell = await run(["sh", "-c", `sh -c 'kill -${signal} $$'; echo $?`]);
      assert.equal(`${shellExitCode({ code: null, signal: `SIG${signal}` })}\n`, shell.stdout);
    }
  });
});
