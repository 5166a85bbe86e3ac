/**
 * Applies the patches in the files named by its arguments in turn, from the current directory, until
 * it is killed (or for ten seconds). Says so on stdout when the first is about to start.
 */
import { readFileSync, writeSync } from "node:fs";
import { patchOutcome } from "../../src/apply-patch/run.ts";

const patches = process.argv.slice(2).map((path) => readFileSync(path, "utf8"));
const endsAt = performance.now() + 10_000;

writeSync(1, "started\n");
for (let turn = 0; performance.now() < endsAt; turn += 1) {
  const { exitCode, stderr } = patchOutcome([patches[turn % patches.length] ?? ""], process.cwd());
  if (exitCode !== 0) {
    writeSync(2, stderr);
    process.exit(exitCode);
  }
}
