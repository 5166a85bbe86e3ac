import assert from "node:assert/strict";
import { test } from "node:test";

import { groupChunks, type SplitModule } from "../../build/chunk-groups.ts";

function entry(source: string, ...imports: readonly string[]): SplitModule {
  const name = `${source.replaceAll(/\W/g, "-")}.js`;
  return { name, bytes: 500, entryPoint: source, imports };
}

function shared(name: string, bytes = 500, ...imports: readonly string[]): SplitModule {
  return { name, bytes, entryPoint: undefined, imports };
}

const helper = entry("src/linux-sandbox/run.ts", "libc.js");
const cli = entry("src/cli/program.ts", "table.js", "libc.js");
const debug = entry("src/cli/debug-command.ts", "policy.js");
const starts = [helper, cli, debug, shared("libc.js"), shared("table.js")];

test("a chunk goes with the first start that needs it, however deep", () => {
  const groups = groupChunks([...starts, shared("policy.js", 500, "deep.js"), shared("deep.js")]);
  assert.deepEqual(
    [...groups].toSorted(([a], [b]) => a.localeCompare(b)),
    [
      ["deep.js", "debug"],
      ["libc.js", "helper"],
      ["policy.js", "debug"],
      ["src-cli-debug-command-ts.js", "debug"],
      ["src-cli-program-ts.js", "cli"],
      ["src-linux-sandbox-run-ts.js", "helper"],
      ["table.js", "cli"],
    ],
  );
});

test("large chunks have an asset of their own", () => {
  const groups = groupChunks([
    ...starts,
    shared("policy.js", 90_000, "deep.js"),
    shared("deep.js"),
  ]);
  assert.equal(groups.get("policy.js"), undefined);
  assert.equal(groups.get("deep.js"), "debug");
});

test("what four other entries share is common; less is not", () => {
  const users = ["a", "b", "c", "d"].map((name) => entry(`src/${name}.ts`, "many.js"));
  const few = ["e", "f", "g"].map((name) => entry(`src/${name}.ts`, "few.js"));
  const modules = [...starts, ...users, ...few, shared("many.js"), shared("few.js")];
  const groups = groupChunks(modules);
  assert.equal(groups.get("many.js"), "common");
  assert.equal(groups.get("few.js"), undefined);
});

test("imports in a circle end", () => {
  const groups = groupChunks([
    ...starts,
    shared("policy.js", 500, "deep.js"),
    shared("deep.js", 500, "policy.js"),
  ]);
  assert.equal(groups.get("deep.js"), "debug");
});

test("a start that is not there fails the build", () => {
  assert.throws(() => groupChunks([helper, cli]), /src\/cli\/debug-command\.ts/);
});
