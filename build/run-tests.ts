/**
 * Runs the test suite in this Node: `node build/run-tests.ts [test files…]`.
 *
 * Two files at a time, since most tests start processes of their own.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { dirname } from "node:path";

const root = dirname(import.meta.dirname);
const named = process.argv.slice(2);
const files = named.length > 0 ? named : globSync("test/**/*.test.ts", { cwd: root }).toSorted();

const result = spawnSync(
  process.execPath,
  ["--test", "--test-concurrency=2", "--test-timeout=120000", "--test-reporter=spec", ...files],
  { cwd: root, stdio: "inherit" },
);
process.exit(result.status ?? 1);
