import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeEvent } from "../../src/protocol/event-encoding.ts";
import { decodeEvent, type EventMsg, eventMsgSchema } from "../../src/protocol/event.ts";

// Lines as `codex proto` writes them; the shapes are those of 0.23.0 unless event.ts says otherwise.
const everyLine: readonly string[] = [
  `{"type":"error","message":"no"}`,
  `{"type":"task_started"}`,
  `{"type":"task_started","model_context_window":null}`,
  `{"type":"task_complete","last_agent_message":null}`,
  `{"type":"turn_aborted","reason":"interrupted"}`,
  `{"type":"token_count","input_tokens":9,"cached_input_tokens":null,"output_tokens":3,"reasoning_output_tokens":1,"total_tokens":12}`,
  `{"type":"agent_message","message":"hi"}`,
  `{"type":"agent_message_delta","delta":"h"}`,
  `{"type":"agent_reasoning","text":"why"}`,
  `{"type":"agent_reasoning_delta","delta":"w"}`,
  `{"type":"agent_reasoning_raw_content","text":"why"}`,
  `{"type":"agent_reasoning_raw_content_delta","delta":"w"}`,
  `{"type":"agent_reasoning_section_break"}`,
  `{"type":"session_configured","session_id":"0f8fad5b-d9cb-469f-a165-70867728950e","model":"gpt-5","history_log_id":3,"history_entry_count":0}`,
  `{"type":"mcp_tool_call_begin","call_id":"c","invocation":{"server":"s","tool":"t","arguments":null}}`,
  `{"type":"mcp_tool_call_end","call_id":"c","invocation":{"server":"s","tool":"t","arguments":{"a":[1]}},"duration":{"secs":0,"nanos":5},"result":{"Ok":{"content":[{"type":"text","text":"x"}],"structuredContent":{"k":1}}}}`,
  `{"type":"mcp_tool_call_end","call_id":"c","invocation":{"server":"s","tool":"t","arguments":{}},"duration":{"secs":1,"nanos":0},"result":{"Err":"tool call error: gone"}}`,
  `{"type":"exec_command_begin","call_id":"c","command":["ls"],"cwd":"/","parsed_cmd":[{"Read":{"cmd":"cat a","name":"a"}},{"ListFiles":{"cmd":"ls","path":null}},{"Search":{"cmd":"rg x","query":"x","path":null}},{"Format":{"cmd":"prettier .","tool":"prettier","targets":["."]}},{"Test":{"cmd":"npm test"}},{"Lint":{"cmd":"eslint","tool":"eslint","targets":null}},{"Noop":{"cmd":"true"}},{"Unknown":{"cmd":"sleep 1"}}]}`,
  `{"type":"exec_command_output_delta","call_id":"c","stream":"stderr","chunk":"aGkK"}`,
  `{"type":"exec_command_end","call_id":"c","stdout":"hi\\n","stderr":"","aggregated_output":"hi\\n","exit_code":0,"duration":{"secs":0,"nanos":0}}`,
  `{"type":"exec_command_end","call_id":"c","stdout":"","stderr":"","aggregated_output":"","exit_code":-1,"duration":{"secs":0,"nanos":0},"formatted_output":""}`,
  `{"type":"exec_approval_request","call_id":"c","command":["touch","x"],"cwd":"/"}`,
  `{"type":"exec_approval_request","call_id":"c","command":["touch","x"],"cwd":"/","reason":"because"}`,
  `{"type":"apply_patch_approval_request","call_id":"c","changes":{"/a":{"add":{"content":"x\\n"}},"/b":"delete","/c":{"update":{"unified_diff":"@@ -1 +1 @@\\n-x\\n+y\\n","move_path":"/d"}}},"reason":"r","grant_root":"/"}`,
  `{"type":"background_event","message":"m"}`,
  `{"type":"patch_apply_begin","call_id":"c","auto_approved":true,"changes":{}}`,
  `{"type":"patch_apply_end","call_id":"c","stdout":"","stderr":"","success":false}`,
  `{"type":"turn_diff","unified_diff":"diff --git a/x b/x\\n"}`,
  `{"type":"get_history_entry_response","offset":1,"log_id":2}`,
  `{"type":"get_history_entry_response","offset":1,"log_id":2,"entry":{"session_id":"s","ts":1700000000,"text":"t"}}`,
  `{"type":"mcp_list_tools_response","tools":{"s__t":{"name":"t","inputSchema":{"type":"object"},"title":"T"}}}`,
  `{"type":"plan_update","explanation":null,"plan":[{"step":"a","status":"in_progress"}]}`,
  `{"type":"shutdown_complete"}`,
];

function decodeMsg(text: string): EventMsg {
  const result = decodeEvent(`{"id":"0","msg":${text}}`);
  assert.equal(result.ok ? "" : result.message, "");
  assert.ok(result.ok);
  return result.value.msg;
}

test("every event decodes to the value it was written from, and is written the same again", () => {
  for (const line of everyLine) {
    const msg = decodeMsg(line);
    const written: unknown = JSON.parse(line);
    assert.deepEqual(msg, written);
    assert.deepEqual(JSON.parse(encodeEvent({ id: "0", msg })), { id: "0", msg: written });
  }
});

test("the list above has every kind of event", () => {
  const kinds = eventMsgSchema.def.options.map((option) => option.def.shape.type.def.values[0]);
  const covered = new Set(everyLine.map((line) => decodeMsg(line).type));
  assert.deepEqual([...covered].toSorted(), kinds.map(String).toSorted());
  assert.equal(kinds.length, 28);
});

test("an absent optional field is not written", () => {
  const line = encodeEvent({
    id: "",
    msg: {
      type: "exec_approval_request",
      call_id: "c",
      command: ["a"],
      cwd: "/",
      reason: undefined,
    },
  });
  assert.equal(
    line,
    `{"id":"","msg":{"type":"exec_approval_request","call_id":"c","command":["a"],"cwd":"/"}}`,
  );
});

test("a foreign field is dropped, a foreign kind is refused", () => {
  assert.deepEqual(decodeMsg(`{"type":"agent_message","message":"m","later":1}`), {
    type: "agent_message",
    message: "m",
  });
  const refused = decodeEvent(`{"id":"0","msg":{"type":"stream_error"}}`);
  assert.match(
    refused.ok ? "" : refused.message,
    /^Cannot read event: unknown value "stream_error"/,
  );
});

test("a broken part of a union is named by its place", () => {
  const line = `{"id":"0","msg":{"type":"patch_apply_begin","call_id":"c","auto_approved":true,"changes":{"/a":{"add":{"content":1}}}}}`;
  assert.deepEqual(decodeEvent(line), {
    ok: false,
    message: "Cannot read event: expected string at msg.changes./a.add.content",
  });
});
