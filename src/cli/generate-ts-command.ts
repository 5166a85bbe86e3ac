/** `codex generate-ts --out DIR`: the protocol's types for other programs. */
import { flagText, type Invocation, UsageError } from "./invocation.ts";
import { notInThisBuild } from "./not-in-this-build.ts";

export function runGenerateTsCommand(invocation: Invocation): number {
  if (flagText(invocation, "--out") === undefined) {
    throw new UsageError(invocation.path, 'Missing option "--out <DIR>"');
  }
  return notInThisBuild("generate-ts");
}
