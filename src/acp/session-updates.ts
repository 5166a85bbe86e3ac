/** The agent's events as `session/update` notifications. */
import type { SessionUpdate } from "@agentclientprotocol/sdk";
import type { Event, EventMsg } from "../protocol/event.ts";
import { type CallMsg, RunningCalls } from "./running-calls.ts";

export class SessionUpdates {
  readonly calls = new RunningCalls();
  /** Whether the text that comes as a whole has been streamed already. */
  #isMessageStreamed = false;
  #isThoughtStreamed = false;

  /** In order; often none. */
  of({ id, msg }: Event): readonly SessionUpdate[] {
    switch (msg.type) {
      case "agent_message_delta":
        this.#isMessageStreamed = true;
        return [messageChunk(msg.delta)];
      case "agent_message": {
        const isKnown = this.#isMessageStreamed;
        this.#isMessageStreamed = false;
        return isKnown ? [] : [messageChunk(msg.message)];
      }
      case "agent_reasoning_delta":
      case "agent_reasoning_raw_content_delta":
        this.#isThoughtStreamed = true;
        return [thoughtChunk(msg.delta)];
      case "agent_reasoning":
      case "agent_reasoning_raw_content": {
        const isKnown = this.#isThoughtStreamed;
        this.#isThoughtStreamed = false;
        return isKnown ? [] : [thoughtChunk(msg.text)];
      }
      case "agent_reasoning_section_break":
        return [thoughtChunk("\n\n")];
      case "background_event":
        return [thoughtChunk(`${msg.message}\n\n`)];
      case "error":
        // That of a task is the answer to its prompt.
        return id === "" ? [thoughtChunk(`${msg.message}\n\n`)] : [];
      case "plan_update":
        return [{ sessionUpdate: "plan", entries: planEntries(msg.plan) }];
      case "task_complete":
      case "turn_aborted":
        this.#isMessageStreamed = false;
        this.#isThoughtStreamed = false;
        return this.calls.endAll();
      case "exec_approval_request":
      case "apply_patch_approval_request":
      case "exec_command_begin":
      case "exec_command_output_delta":
      case "exec_command_end":
      case "patch_apply_begin":
      case "patch_apply_end":
      case "mcp_tool_call_begin":
      case "mcp_tool_call_end":
        return this.#callUpdate(msg);
      case "get_history_entry_response":
      case "mcp_list_tools_response":
      case "session_configured":
      case "shutdown_complete":
      case "task_started":
      case "token_count":
      case "turn_diff":
        return [];
    }
  }

  #callUpdate(msg: CallMsg): readonly SessionUpdate[] {
    const update = this.calls.update(msg);
    return update === undefined ? [] : [update];
  }
}

export function messageChunk(text: string): SessionUpdate {
  return { sessionUpdate: "agent_message_chunk", content: { type: "text", text } };
}

export function thoughtChunk(text: string): SessionUpdate {
  return { sessionUpdate: "agent_thought_chunk", content: { type: "text", text } };
}

/** Codex knows no priorities. */
function planEntries(plan: Extract<EventMsg, { type: "plan_update" }>["plan"]) {
  return plan.map(({ step, status }) => ({ content: step, status, priority: "medium" as const }));
}
