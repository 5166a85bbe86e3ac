import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { needsBinary } from "../support/codex-binary.ts";
import { assistantMessage, respond } from "../support/model-server.ts";
import { firstReason, needsLinux, needsNetwork } from "../support/skip-reasons.ts";
import { until } from "../support/until.ts";
import {
  calls,
  livingServers,
  logLines,
  makePlace,
  offeredTools,
  ofType,
  runExec,
  scriptedServer,
  startExec,
} from "./exec-with-servers.ts";
import type { McpServerScript } from "../fixtures/mcp-server.ts";

const options = { skip: firstReason(needsLinux, needsBinary, needsNetwork) };

/** A run whose only server has this script; the model calls nothing. */
async function runWithServer(t: TestContext, script: McpServerScript, settings = "") {
  const place = makePlace(t);
  const servers = { bad: scriptedServer({ log: place.log, ...script }, settings) };
  const run = await runExec(t, { place, servers, script: calls() });
  assert.equal(run.code, 0, run.stderr);
  assert.equal(ofType(run.messages, "agent_message")[0]?.message, "done");
  assert.deepEqual(livingServers(place), []);
  return { ...run, errors: ofType(run.messages, "error").map(({ message }) => message) };
}

suite("servers that do not start", options, () => {
  test("one that ends at once is noticed at once, with the end of its stderr", async (t) => {
    const noise = `${"n".repeat(100_000)}\nno licence found\n`;
    const { errors, durationMs } = await runWithServer(t, { exitCode: 7, stderr: noise });
    assert.equal(errors.length, 1);
    const [error = ""] = errors;
    assert.match(
      error,
      /^MCP client for `bad` failed to start: it ended with exit code 7: \.\.\.n+/,
    );
    assert.match(error, /n \| no licence found$/);
    assert.ok(error.length < 1_200, `${error.length}`);
    assert.ok(durationMs < 5_000, `${durationMs} ms`);
  });

  test("one that never answers costs its time limit and no more", async (t) => {
    const { errors, durationMs } = await runWithServer(
      t,
      { startDelayMs: -1, stderr: "waiting for a licence\n" },
      "startup_timeout_sec = 2.5",
    );
    assert.deepEqual(errors, [
      "MCP client for `bad` failed to start: it was not ready within 2.5 s: waiting for a licence",
    ]);
    assert.ok(durationMs < 9_000, `${durationMs} ms`);
  });

  test("one that refuses tells why", async (t) => {
    const { errors } = await runWithServer(t, { initializeError: "not today" });
    assert.deepEqual(errors, ["MCP client for `bad` failed to start: MCP error -32000: not today"]);
  });

  test("a list of tools without an end is given up", async (t) => {
    const { errors } = await runWithServer(t, { isEndless: true });
    assert.deepEqual(errors, [
      "MCP client for `bad` failed to start: its list of tools has no end",
    ]);
  });

  test("one that prints broken messages without an end is given up", async (t) => {
    const { errors } = await runWithServer(t, { flood: ['{"jsonrpc":"2.0"\n', 2_000] });
    assert.deepEqual(errors, [
      "MCP client for `bad` failed to start: it prints lines that are no messages",
    ]);
  });

  test("one that sends a message of 100 MB is given up", async (t) => {
    const { errors } = await runWithServer(t, { flood: ["x".repeat(1_000), 100] });
    assert.match(errors[0] ?? "", /failed to start: it sent a message of 100\d{6} bytes$/);
  });

  test("programs and directories that are not there are named; the others still work", async (t) => {
    const place = makePlace(t);
    const run = await runExec(t, {
      place,
      servers: {
        gone: 'command = "no-such-program"',
        nowhere: scriptedServer({}, 'cwd = "/no/such/directory"'),
        good: scriptedServer({}),
      },
      script: calls(["good__echo", { text: "x" }]),
    });
    assert.deepEqual(
      ofType(run.messages, "error")
        .map(({ message }) => message)
        .toSorted(),
      [
        'MCP client for `gone` failed to start: Cannot run "no-such-program": not found',
        'MCP client for `nowhere` failed to start: Cannot enter directory "/no/such/directory": no such file or directory (ENOENT)',
      ],
    );
    assert.deepEqual(run.outputs, ['[{"type":"text","text":"ECHO:x"}]']);
    const types = run.messages.map(({ type }) => type);
    assert.ok(types.lastIndexOf("error") < types.indexOf("task_started"));
  });

  test("slow servers start side by side, and the first request waits for the slowest", async (t) => {
    const place = makePlace(t);
    const slow = scriptedServer({ log: place.log, startDelayMs: 20, waitsForOthers: 3 });
    const servers = { a: slow, b: slow, c: slow };
    const run = await runExec(t, { place, servers, script: calls(["b__echo", { text: "x" }]) });
    assert.equal(
      [...offeredTools(run.model).keys()].filter((name) => name.endsWith("echo")).length,
      3,
    );
    assert.deepEqual(run.outputs, ['[{"type":"text","text":"ECHO:x"}]']);
    assert.deepEqual(ofType(run.messages, "error"), []);
  });
});

suite("servers that fail later", options, () => {
  test("one that crashes in a call is told with its stderr and started once more", async (t) => {
    const place = makePlace(t);
    const run = await runExec(t, {
      place,
      servers: { tiny: scriptedServer({ log: place.log }) },
      script: calls(
        ["tiny__crash", {}],
        ["tiny__echo", { text: "again" }],
        ["tiny__crash", {}],
        ["tiny__echo", { text: "never" }],
      ),
    });
    const reason = "it ended with exit code 3: about to fall | falling";
    const failure = "tool call error: tool call failed for";
    assert.deepEqual(run.outputs, [
      `${failure} \`tiny/crash\`: the server is gone: ${reason}`,
      '[{"type":"text","text":"ECHO:again"}]',
      `${failure} \`tiny/crash\`: the server is gone: ${reason}`,
      `${failure} \`tiny/echo\`: the server is not running: ${reason}`,
    ]);
    assert.deepEqual(
      ofType(run.messages, "background_event").map(({ message }) => message),
      [`MCP server \`tiny\` is gone and is started again: ${reason}`],
    );
    assert.deepEqual(
      ofType(run.messages, "error").map(({ message }) => message),
      [`MCP server \`tiny\` is gone again and is not started any more: ${reason}`],
    );
    assert.equal(logLines(place).filter((line) => line.startsWith("pid ")).length, 2);
    // What is on offer stays the same, for the prompt cache and for the model.
    const names = (request: number) => [...offeredTools(run.model, request).keys()];
    assert.deepEqual(names(4), names(0));
  });

  test("a call has a time limit, and the server is told that nobody waits", async (t) => {
    const place = makePlace(t);
    const run = await runExec(t, {
      place,
      servers: { tiny: scriptedServer({ log: place.log }, "tool_timeout_sec = 0.4") },
      script: calls(["tiny__hang", {}], ["tiny__echo", { text: "still here" }]),
    });
    assert.deepEqual(run.outputs, [
      "tool call error: tool call failed for `tiny/hang`: no answer within 0.4 s",
      '[{"type":"text","text":"ECHO:still here"}]',
    ]);
    assert.ok(logLines(place).some((line) => line.includes("notifications/cancelled")));
  });

  test("an interrupt ends a call that hangs, and codex with it", async (t) => {
    const place = makePlace(t);
    const { child, messages, run } = await startExec(t, {
      place,
      servers: { tiny: scriptedServer({ log: place.log }) },
      script: calls(["tiny__hang", {}]),
    });
    assert.ok(await until(() => ofType(messages, "mcp_tool_call_begin").length > 0, 10_000));
    const interruptedAt = performance.now();
    child.kill("SIGINT");
    const { code } = await run;
    assert.ok(performance.now() - interruptedAt < 3_000);
    assert.equal(code, 130);
    assert.deepEqual(
      ofType(messages, "mcp_tool_call_end").map(({ result }) => result),
      [{ Err: "tool call error: tool call failed for `tiny/hang`: interrupted by the user" }],
    );
    assert.equal(ofType(messages, "turn_aborted").length, 1);
    assert.ok(logLines(place).some((line) => line.includes("notifications/cancelled")));
    assert.deepEqual(livingServers(place), []);
  });

  test("an interrupt does not wait for servers that start", async (t) => {
    const place = makePlace(t);
    const { child, run } = await startExec(t, {
      place,
      servers: { slow: scriptedServer({ log: place.log, startDelayMs: -1 }) },
      script: calls(),
    });
    assert.ok(
      await until(() => logLines(place).some((line) => line.includes("initialize")), 10_000),
    );
    const interruptedAt = performance.now();
    child.kill("SIGINT");
    assert.equal((await run).code, 130);
    assert.ok(performance.now() - interruptedAt < 3_000);
    assert.deepEqual(livingServers(place), []);
  });
});

suite("the end of codex", options, () => {
  test("a server that ignores the end of its input and SIGTERM goes with its children", async (t) => {
    const place = makePlace(t);
    const servers = { tiny: scriptedServer({ log: place.log, isStubborn: true }) };
    const run = await runExec(t, { place, servers, script: calls() });
    assert.equal(run.code, 0, run.stderr);
    assert.equal(logLines(place).filter((line) => line.startsWith("pid ")).length, 2);
    assert.deepEqual(livingServers(place), []);
  });

  test("half a second after SIGKILL no server is left, nor what it started", async (t) => {
    const place = makePlace(t);
    const { child, messages } = await startExec(t, {
      place,
      servers: {
        a: scriptedServer({ log: place.log, isStubborn: true }),
        b: scriptedServer({ log: place.log, isStubborn: true }),
      },
      script: calls(["a__hang", {}]),
    });
    t.after(() => {
      for (const pid of livingServers(place)) process.kill(pid, "SIGKILL");
    });
    assert.ok(await until(() => ofType(messages, "mcp_tool_call_begin").length > 0, 10_000));
    assert.ok(await until(() => livingServers(place).length === 4, 5_000));
    child.kill("SIGKILL");
    assert.ok(
      await until(() => livingServers(place).length === 0, 500),
      `${livingServers(place).join()} are left`,
    );
  });

  test("without servers there are no tools of servers", async (t) => {
    const place = makePlace(t);
    const script = [respond(assistantMessage("done"))] as const;
    const run = await runExec(t, { place, servers: {}, script });
    assert.equal(run.code, 0);
    const names = [...offeredTools(run.model).keys()];
    assert.deepEqual(
      names.filter((name) => name.includes("__")),
      [],
    );
  });
});
