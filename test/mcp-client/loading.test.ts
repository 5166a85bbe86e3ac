/** A start without servers must not pay for them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { projectRoot } from "../support/codex-binary.ts";

/** Everything that loading this file of src loads at once, without what waits for an import(). */
function loadedWith(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(join(projectRoot, "src", file), "utf8");
  const pattern = /^(?:import|export) (?!type )[^;]*?from "([^"]+)";/gm;
  for (const [, target = ""] of text.matchAll(pattern)) {
    if (target.startsWith(".")) loadedWith(join(dirname(file), target), seen);
    else seen.add(target);
  }
  return seen;
}

const ofServers = /^mcp-client\/|^@modelcontextprotocol\/|mcp-tools\.ts$|server-process\.ts$/;

for (const entry of ["main.ts", "cli/program.ts", "cli/exec-command.ts", "exec-mode/run.ts"]) {
  test(`${entry} loads nothing of MCP servers`, () => {
    const loaded = [...loadedWith(entry)];
    assert.ok(loaded.length > 1);
    assert.deepEqual(
      loaded.filter((file) => ofServers.test(file)),
      [],
    );
  });
}

test("the SDK is loaded while a server's program starts, not before", () => {
  const loaded = [...loadedWith("core/tools/mcp-tools.ts")];
  assert.ok(loaded.includes("mcp-client/link.ts"));
  assert.deepEqual(
    loaded.filter((file) => file.startsWith("@modelcontextprotocol/")),
    [],
  );
});
