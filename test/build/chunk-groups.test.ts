import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { completeStart, groupChunks, type SplitModule } from "../../build/chunk-groups.ts";

function entry(source: string, ...imports: readonly string[]): SplitModule {
  const name = `${source.replaceAll(/\W/g, "-")}.js`;
  return { name, bytes: 500, entryPoint: source, imports };
}

function shared(name: string, bytes = 500, ...imports: readonly string[]): SplitModule {
  return { name, bytes, entryPoint: undefined, imports };
}

const helper = entry("src/linux-sandbox/run.ts", "libc.js");
const cli = entry("src/cli/program.ts", "table.js", "libc.js");
const debug = entry("src/cli/debug-start.ts", "policy.js");
const starts = [helper, cli, debug, shared("libc.js"), shared("table.js")];

test("a chunk goes with the first start that needs it, however deep", () => {
  const groups = groupChunks([...starts, shared("policy.js", 500, "deep.js"), shared("deep.js")]);
  assert.deepEqual(
    [...groups].toSorted(([a], [b]) => a.localeCompare(b)),
    [
      ["deep.js", "debug"],
      ["libc.js", "helper"],
      ["policy.js", "debug"],
      ["src-cli-debug-start-ts.js", "debug"],
      ["src-cli-program-ts.js", "cli"],
      ["src-linux-sandbox-run-ts.js", "helper"],
      ["table.js", "cli"],
    ],
  );
});

test("the built main file asks for a chunk only when it needs one", () => {
  const path = new URL("../../dist/intermediate/main.cjs", import.meta.url);
  const text = readFileSync(path, "utf8");
  assert.doesNotMatch(text, /(?<!then\(\(\(\)=>\w+\()require\("\.\//);
  assert.match(text, /then\(\(\(\)=>\w+\(require\("\.\/helper\//);
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
  assert.throws(() => groupChunks([helper, cli]), /src\/cli\/debug-start\.ts/);
});

test("the complete start has its own and what others have, but nothing large", () => {
  const complete = entry("src/cli/debug-start.ts", "policy.js", "table.js", "libc.js", "large.js");
  const small = ["libc.js", "table.js"].map((name) => shared(name));
  const others = [shared("policy.js"), shared("large.js", 90_000)];
  const modules = [helper, cli, complete, ...small, ...others];
  const names = completeStart(modules).map(({ name }) => name);
  assert.deepEqual(names.toSorted(), ["libc.js", "policy.js", complete.name, "table.js"]);
  const groups = groupChunks(modules);
  assert.equal(groups.get("table.js"), "cli");
  assert.equal(groups.get("policy.js"), "debug");
  assert.equal(groups.get("libc.js"), "helper");
});

test("what only a few others need is theirs, though the complete start has a copy", () => {
  const user = entry("src/cli/other.ts", "policy.js");
  const groups = groupChunks([...starts, user, shared("policy.js")]);
  assert.equal(groups.get("policy.js"), undefined);
  assert.equal(groups.get(debug.name), "debug");
});
