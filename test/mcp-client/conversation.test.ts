/** Servers within one conversation: what front ends and later requests see of them. */
import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import type { CodexConversation } from "../../src/core/codex-conversation.ts";
import type { Event, EventMsg } from "../../src/protocol/event.ts";
import { runTurn } from "../core/conversation-harness.ts";
import { needsCommands, outputsOf, startWithCommands } from "../core/shell-harness.ts";
import { fixture, pinnedNode } from "../support/codex-binary.ts";
import { startModelServer } from "../support/model-server.ts";
import { firstReason, needsLinux } from "../support/skip-reasons.ts";
import { tempDir } from "../support/temp-dir.ts";
import type { McpServerScript } from "../fixtures/mcp-server.ts";
import { calls, livingServers, offeredTools, type Place } from "./exec-with-servers.ts";

const options = { skip: firstReason(needsLinux, needsCommands) };

async function start(
  t: TestContext,
  script: McpServerScript,
  called: readonly (readonly [name: string, args: unknown])[] = [],
) {
  const model = await startModelServer(t, calls(...called));
  const home = tempDir(t);
  const place: Place = { home, codexHome: home, cwd: home, log: `${home}/server.log` };
  const args = [fixture("mcp-server.ts"), JSON.stringify({ log: place.log, ...script })];
  const server = `mcp_servers.tiny={command=${JSON.stringify(pinnedNode)},args=${JSON.stringify(args)}}`;
  const harness = await startWithCommands(t, { url: model.url, overrides: [server] });
  t.after(() => {
    for (const pid of livingServers(place)) process.kill(pid, "SIGKILL");
  });
  return { ...harness, model, place };
}

async function nextOf(conversation: CodexConversation, type: EventMsg["type"]): Promise<Event> {
  for (;;) {
    const event = await conversation.nextEvent();
    if (event.msg.type === type) return event;
  }
}

suite("servers in a conversation", options, () => {
  test("list_mcp_tools is answered with the tools as their server describes them", async (t) => {
    const { conversation, place } = await start(t, { pageSize: 2 });
    const id = conversation.submit({ type: "list_mcp_tools" });
    const event = await nextOf(conversation, "mcp_list_tools_response");
    assert.equal(event.id, id);
    assert.ok(event.msg.type === "mcp_list_tools_response");
    const { tools } = event.msg;
    assert.equal(Object.keys(tools).length, 12);
    assert.deepEqual(tools["tiny__echo"], {
      name: "echo",
      title: "The echo tool",
      description: "Does echo",
      inputSchema: {
        type: "object",
        properties: {
          text: { type: "string" },
          n: { type: "integer" },
          u: { type: ["string", "null"] },
          e: { enum: ["a", "b"] },
          arr: { type: "array" },
          nodesc: {},
        },
        required: ["text"],
      },
    });
    conversation.submit({ type: "shutdown" });
    await nextOf(conversation, "shutdown_complete");
    assert.deepEqual(livingServers(place), []);
  });

  test("a server that is killed while nobody calls it is started again", async (t) => {
    const { conversation, place, model } = await start(t, {}, [["tiny__echo", { text: "x" }]]);
    conversation.submit({ type: "list_mcp_tools" });
    await nextOf(conversation, "mcp_list_tools_response");
    const [pid] = livingServers(place);
    assert.ok(pid !== undefined);
    process.kill(pid, "SIGKILL");
    const event = await nextOf(conversation, "background_event");
    assert.deepEqual(event, {
      id: "",
      msg: {
        type: "background_event",
        message: "MCP server `tiny` is gone and is started again: it ended with signal SIGKILL",
      },
    });
    await runTurn(conversation, "go");
    assert.deepEqual(outputsOf(model.requests[1]), [[{ type: "text", text: "ECHO:x" }]]);
  });

  test("tools that a server adds later are in a later request", async (t) => {
    const { conversation, model } = await start(t, {}, [
      ["tiny__grow", {}],
      ["tiny__echo", {}],
    ]);
    await runTurn(conversation, "go");
    assert.equal(offeredTools(model, 0).has("tiny__grown"), false);
    assert.equal(offeredTools(model, 2).has("tiny__grown"), true);
  });
});
