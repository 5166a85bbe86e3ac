import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { codexBinary, needsBinary } from "../support/codex-binary.ts";
import { run } from "../support/run.ts";
import { firstReason, needsLinux } from "../support/skip-reasons.ts";
import {
  environment,
  field,
  livingServers,
  makePlace,
  type Place,
  scriptedServer,
  writeConfig,
} from "./exec-with-servers.ts";

const options = { skip: firstReason(needsLinux, needsBinary) };

async function mcpServers(place: Place, ...words: readonly string[]) {
  return run([codexBinary, "mcp-servers", ...words], {
    cwd: place.cwd,
    env: environment(place),
  });
}

suite("codex mcp-servers", options, () => {
  test("list shows state, tools and errors, check fails when a server does", async (t) => {
    const place = makePlace(t);
    writeConfig(place, "http://127.0.0.1:1/v1", {
      good: scriptedServer({ log: place.log }, 'enabled_tools = ["echo", "fail"]'),
      bad: scriptedServer({ exitCode: 4, stderr: "\u001b[31mno way\n" }),
      off: scriptedServer({}, "enabled = false"),
    });
    const list = await mcpServers(place, "list");
    assert.equal(list.code, 0, list.stderr);
    assert.equal(list.stderr, "");
    assert.match(list.stdout, /^bad: failed: it ended with exit code 4: \uFFFD\[31mno way$/m);
    assert.match(
      list.stdout,
      /^good: ready, 2 tools\n {2}command .*\n {2}- good__echo\n {2}- good__fail$/m,
    );
    assert.match(list.stdout, /^off: disabled$/m);
    const check = await mcpServers(place, "check", "--json");
    assert.equal(check.code, 1);
    const report: unknown = JSON.parse(check.stdout);
    assert.equal(field(report, "ok"), false);
    const servers = field(report, "servers");
    assert.ok(Array.isArray(servers));
    assert.deepEqual(
      servers.map((server: unknown) => [field(server, "name"), field(server, "state")]),
      [
        ["bad", "failed"],
        ["good", "ready"],
        ["off", "disabled"],
      ],
    );
    assert.deepEqual(livingServers(place), []);
  });

  test("check is content with servers that work, and with none", async (t) => {
    const place = makePlace(t);
    writeConfig(place, "http://127.0.0.1:1/v1", { good: scriptedServer({}) });
    const good = await mcpServers(place, "check");
    assert.deepEqual([good.code, good.stderr], [0, ""]);
    writeConfig(place, "http://127.0.0.1:1/v1", {});
    const none = await mcpServers(place, "check");
    assert.equal(none.code, 0);
    assert.match(none.stdout, /^No MCP servers are configured/);
  });
});
