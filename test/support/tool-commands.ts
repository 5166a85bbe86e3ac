/** Tool commands for tests: a pool over the built executable, and results in a comparable form. */
import type { TestContext } from "node:test";

import { execCommand, type ExecRequest, type ExecResult } from "../../src/process/exec.ts";
import type { ExecOutcome } from "../../src/process/exec-outcome.ts";
import { HelperPool, type HelperPoolOptions } from "../../src/process/helper-pool.ts";
import type { CapturedOutput } from "../../src/process/output-capture.ts";
import { READ_ONLY_POLICY } from "../../src/protocol/sandbox-policy.ts";
import { byteStringFromText, type ByteString } from "../../src/runtime/byte-string.ts";
import { codexBinary } from "./codex-binary.ts";

/** Closed with the test. Nothing watches for orphans unless asked for. */
export function helperPool(
  t: Pick<TestContext, "after">,
  options: Partial<HelperPoolOptions> = {},
): HelperPool {
  const program = { path: codexBinary, environment: {} };
  const pool = new HelperPool({ program, watchesOrphans: false, ...options });
  t.after(() => pool.close());
  return pool;
}

export const plainEnvironment: readonly ByteString[] = ["PATH=/usr/bin:/bin", "HOME=/root"].map(
  byteStringFromText,
);

export type RequestChanges = Partial<ExecRequest> & Pick<ExecRequest, "argv" | "helpers">;

/** Read-only in the root directory, with ten seconds, unless `changes` say otherwise. */
export async function execute(changes: RequestChanges): Promise<ExecResult> {
  return execCommand({
    cwd: "/",
    policyCwd: changes.cwd ?? "/",
    codexHome: undefined,
    policy: READ_ONLY_POLICY,
    environment: plainEnvironment,
    timeoutMs: 10_000,
    ...changes,
  });
}

export interface ComparableResult {
  readonly outcome: ExecOutcome;
  readonly stdout: string;
  readonly stderr: string;
  readonly isOutputLeftOpen: boolean;
}

export function comparable(result: ExecResult): ComparableResult {
  const { outcome, stdout, stderr, isOutputLeftOpen } = result;
  return { outcome, stdout: textOf(stdout), stderr: textOf(stderr), isOutputLeftOpen };
}

/** What is kept, as text. */
export function textOf({ head, tail }: CapturedOutput): string {
  return Buffer.concat([head, tail]).toString("utf8");
}
