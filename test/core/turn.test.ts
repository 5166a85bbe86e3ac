import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assistantMessage,
  needsLoopback,
  respond,
  startModelServer,
  textDelta,
} from "../support/model-server.ts";
import { runTurn, startConversation } from "./conversation-harness.ts";

test("a plain answer", { skip: needsLoopback }, async (t) => {
  const server = await startModelServer(t, [
    respond(textDelta("Hel"), textDelta("lo"), assistantMessage("Hello")),
  ]);
  const { conversation } = await startConversation(t, { url: server.url });
  assert.deepEqual(await runTurn(conversation, "hi"), [
    { type: "task_started", model_context_window: 272_000 },
    { type: "agent_message_delta", delta: "Hel" },
    { type: "agent_message_delta", delta: "lo" },
    { type: "agent_message", message: "Hello" },
    {
      type: "token_count",
      input_tokens: 100,
      cached_input_tokens: 20,
      output_tokens: 30,
      reasoning_output_tokens: 5,
      total_tokens: 130,
    },
    { type: "task_complete", last_agent_message: "Hello" },
  ]);
  assert.equal(server.requests.length, 1);
});
