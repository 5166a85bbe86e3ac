/** How a Mac replaces the process, run here: `process.execve` is the same on Linux. */
import assert from "node:assert/strict";
import { openSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { replaceThroughNode } from "../../src/debug-sandbox/replace-process.ts";
import { byteStringFromText } from "../../src/runtime/byte-string.ts";
import { pinnedNode, projectRoot } from "../support/codex-binary.ts";
import { run, type RunOptions, type RunResult } from "../support/run.ts";

const needsExecve = process.platform === "win32" ? "Windows cannot replace a process" : false;

/** Prints the errno when the process was not replaced. */
function replace(
  argv: readonly string[],
  environment: readonly string[],
  options?: RunOptions,
): Promise<RunResult> {
  const source = join(projectRoot, "src/debug-sandbox/replace-process.ts");
  const request = JSON.stringify({
    program: argv[0],
    argv: argv.map(byteStringFromText),
    environment: environment.map(byteStringFromText),
  });
  const script = `import { replaceThroughNode } from ${JSON.stringify(source)};
    process.stdout.write(replaceThroughNode(${request}) + "\\n");`;
  return run([pinnedNode, "--input-type=module", "-e", script], options);
}

test(
  "the program gets its words, its environment and nothing else",
  { skip: needsExecve },
  async () => {
    const result = await replace(
      ["/usr/bin/env"],
      ["A=1", "B=x=y", "EMPTY=", "A=2", "=odd", "none"],
    );
    assert.deepEqual(result, { code: 0, signal: null, stdout: "A=1\nB=x=y\nEMPTY=\n", stderr: "" });
    const words = await replace(["/bin/sh", "-c", 'printf "%s|" "$0" "$@"', "é", "", "a b"], []);
    assert.equal(words.stdout, "é||a b|");
  },
);

test(
  "signals that Node ignores have their default action again",
  { skip: needsExecve },
  async () => {
    const broken = await replace(["/bin/sh", "-c", "kill -PIPE $$; echo survived"], []);
    assert.deepEqual([broken.signal, broken.stdout], ["SIGPIPE", ""]);
    const large = await replace(["/bin/sh", "-c", "kill -XFSZ $$; echo survived"], []);
    assert.deepEqual([large.signal, large.stdout], ["SIGXFSZ", ""]);
  },
);

test("no descriptor but the standard three goes on", { skip: needsExecve }, async () => {
  const extra = openSync("/dev/null", "r");
  const script = "for fd in 3 4 5 6 7 8 9; do { true <&$fd; } 2>/dev/null && echo $fd; done; cat";
  const result = await replace(["/bin/sh", "-c", script], ["PATH=/bin:/usr/bin"], {
    inherited: [extra, extra],
    stdin: "through\n",
  });
  assert.equal(result.stdout, "through\n");
});

test("what execve would refuse for its length is told, not aborted", { skip: needsExecve }, () => {
  const argv = ["/bin/sh", "x".repeat(2 ** 20)].map(byteStringFromText);
  assert.equal(replaceThroughNode({ program: "/bin/sh", argv, environment: [] }), "E2BIG");
});
