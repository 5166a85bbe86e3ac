import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { suite, test } from "node:test";
import { firstReason, needsLinux, needsNetwork } from "../support/skip-reasons.ts";
import { needsBinary } from "../support/codex-binary.ts";
import {
  calls,
  field,
  livingServers,
  logLines,
  makePlace,
  offeredTools,
  ofType,
  runExec,
  scriptedServer,
} from "./exec-with-servers.ts";

const options = { skip: firstReason(needsLinux, needsBinary, needsNetwork) };

suite("tools of a server", options, () => {
  test("results, failures and errors of calls reach the model and the events", async (t) => {
    const place = makePlace(t);
    const run = await runExec(t, {
      place,
      servers: { tiny: scriptedServer({ log: place.log, noise: ["Server ready", "{}"] }) },
      script: calls(
        ["tiny__echo", { text: "hey" }],
        ["tiny__fail", {}],
        ["tiny__err", {}],
        ["tiny__echo", ""],
        ["tiny__echo", "{bad"],
        ["tiny__echo", "[1]"],
        ["tiny__structured", {}],
        ["tiny__repeated", {}],
        ["tiny__image", {}],
        ["tiny__nothing", {}],
        ["tiny__ask", {}],
      ),
    });
    assert.equal(run.code, 0, run.stderr);
    const badJson = run.outputs[4] ?? "";
    assert.match(badJson, /^err: .*JSON/);
    assert.deepEqual(run.outputs, [
      '[{"type":"text","text":"ECHO:hey"}]',
      '{"content":[{"type":"text","text":"bad"}],"isError":true}',
      "tool call error: tool call failed for `tiny/err`: MCP error -32602: no such thing",
      '[{"type":"text","text":"ECHO:nothing"}]',
      badJson,
      "err: the arguments are not a JSON object",
      '{"content":[{"type":"text","text":"see below"}],"structuredContent":{"k":[1,2]}}',
      '{"structuredContent":{"k":1}}',
      '[{"type":"image","mimeType":"image/png","data":"[... omitted 1000 characters of base64 ...]"}]',
      "unsupported call: tiny__nothing",
      String.raw`[{"type":"text","text":"{\"action\":\"decline\"}"}]`,
    ]);
    const begun = ofType(run.messages, "mcp_tool_call_begin");
    const ended = ofType(run.messages, "mcp_tool_call_end");
    assert.equal(begun.length, 8);
    assert.deepEqual(
      ended.map(({ call_id: id }) => id),
      begun.map(({ call_id: id }) => id),
    );
    assert.deepEqual(begun[0]?.invocation, {
      server: "tiny",
      tool: "echo",
      arguments: { text: "hey" },
    });
    assert.equal(begun[3]?.invocation.arguments, null);
    assert.deepEqual(
      ended.slice(0, 3).map(({ result }) => result),
      [
        { Ok: { content: [{ type: "text", text: "ECHO:hey" }] } },
        { Ok: { content: [{ type: "text", text: "bad" }], isError: true } },
        { Err: run.outputs[2] },
      ],
    );
    const call = logLines(place).find((line) => line.includes('"tools/call"')) ?? "";
    assert.deepEqual(field(JSON.parse(call), "params"), {
      name: "echo",
      arguments: { text: "hey" },
    });
    assert.ok(
      !logLines(place).some((line) => line.includes('"arguments":{}}') && line.includes("echo")),
    );
    assert.deepEqual(livingServers(place), []);
  });

  test("names are plain and unique, schemas plain, the order is that of the names", async (t) => {
    const place = makePlace(t);
    const long = "a_very_long_tool_name_that_goes_past_the_sixty_four_character_limit_x";
    const names = [long, "dot.and blank", "dot_and_blank", "twice", "twice", "é", ""];
    const servers = {
      tiny: scriptedServer({ names, pageSize: 3 }),
      "a-b": scriptedServer({}, 'enabled_tools = ["echo", "fail"]\ndisabled_tools = ["fail"]'),
      off: scriptedServer({ exitCode: 1 }, "enabled = false"),
    };
    const run = await runExec(t, { place, servers, script: calls(["tiny__dot_and_blank", {}]) });
    const tools = offeredTools(run.model);
    const offered = [...tools.keys()].filter((name) => name.includes("__"));
    assert.deepEqual(offered, offered.toSorted());
    assert.equal(offered.filter((name) => name.startsWith("a-b__")).join(), "a-b__echo");
    assert.deepEqual(
      offered.filter(
        (name) =>
          !/__(echo|fail|err|crash|hang|huge|env|image|structured|repeated|ask|grow)$/.test(name),
      ),
      [
        "tiny__",
        "tiny___",
        "tiny__a_very_long_tool_ne1e3dcd7aa9c4ad233d5c6bfdbce03543b69c390",
        "tiny__dot_and_blank",
        // "dot.and blank", which gave way to the one before.
        "tiny__dot_and_blankef8d8f75e6e4e3c3c90999605eef15352c204842",
        "tiny__twice",
      ],
    );
    assert.ok(offered.every((name) => /^[a-zA-Z0-9_-]{1,64}$/.test(name)));
    assert.deepEqual(run.outputs, ['[{"type":"text","text":"dot_and_blank"}]']);
    assert.deepEqual(
      ofType(run.messages, "background_event").map(({ message }) => message),
      ["MCP tool `tiny/twice` is left out: another one has the same name"],
    );
    assert.deepEqual(tools.get("tiny__echo"), {
      type: "function",
      name: "tiny__echo",
      description: "Does echo",
      strict: false,
      parameters: {
        type: "object",
        properties: {
          text: { type: "string" },
          n: { type: "number" },
          u: { type: "string" },
          e: { type: "string" },
          arr: { type: "array", items: { type: "string" } },
          nodesc: { type: "string" },
        },
        required: ["text"],
      },
    });
    const request = (index: number): unknown => field(run.model.requests[index]?.body, "tools");
    assert.deepEqual(request(1), request(0));
  });

  test("a result of 2 MB is cut for the model, and the cut is named", async (t) => {
    const place = makePlace(t);
    const servers = { tiny: scriptedServer({}) };
    const run = await runExec(t, { place, servers, script: calls(["tiny__huge", {}]) });
    const [output = ""] = run.outputs;
    assert.ok(output.length <= 40_000, `${output.length}`);
    assert.match(output, /x\[\.\.\. omitted 1980000 of 2000000 characters \.\.\.\]x/);
    assert.doesNotThrow(() => JSON.parse(output));
  });

  test("what nests without end is refused, from a server and for one", async (t) => {
    const place = makePlace(t);
    const deep = `{"text":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const run = await runExec(t, {
      place,
      servers: { tiny: scriptedServer({ names: ["deep"] }) },
      script: calls(["tiny__deep", {}], ["tiny__echo", deep], ["tiny__echo", { text: "on" }]),
    });
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(run.outputs, [
      "tool call error: tool call failed for `tiny/deep`: its result nests too deep to be read",
      "err: the arguments nest too deep",
      '[{"type":"text","text":"ECHO:on"}]',
    ]);
  });

  test("a server gets little of our environment, its own variables, and its directory", async (t) => {
    const place = makePlace(t);
    const settings = `env = { MINE = "1", LANG = "xx" }\ncwd = ".."`;
    const run = await runExec(t, {
      place,
      servers: { tiny: scriptedServer({}, settings) },
      script: calls(["tiny__env", {}]),
      env: { OPENAI_API_KEY: "k", LC_TIME: "C", CODEX_SANDBOX_NETWORK_DISABLED: undefined },
    });
    const content: unknown = JSON.parse(run.outputs[0] ?? "");
    const text = field(Array.isArray(content) ? content[0] : undefined, "text");
    const seen: unknown = JSON.parse(String(text));
    assert.equal(field(seen, "cwd"), realpathSync(place.home));
    const environment = field(seen, "env");
    assert.deepEqual(environment, {
      HOME: place.home,
      LANG: "xx",
      LC_TIME: "C",
      MINE: "1",
      PATH: process.env["PATH"],
    });
  });
});
