/** Tool calls as an editor follows them, made from the agent's events. */
import { StringDecoder } from "node:string_decoder";
import type {
  SessionUpdate,
  ToolCall,
  ToolCallContent,
  ToolCallUpdate,
  ToolKind,
} from "@agentclientprotocol/sdk";
import type { EventMsg, EventMsgOf } from "../protocol/event.ts";
import type { CallId } from "../protocol/ids.ts";
import type { ParsedCommand } from "../protocol/parsed-command.ts";
import { joinWords } from "../shell/quote-words.ts";
import { revealHidden } from "../shell/reveal-hidden.ts";
import { changedPaths, diffContent } from "./file-diffs.ts";
import { textContent, verbatimContent } from "./text-content.ts";

export type CallMsg = Extract<EventMsg, { readonly call_id: CallId }>;

/** Output is shown anew as a whole each time, so not more often and not more of it than this. */
const OUTPUT_INTERVAL_MS = 250;
const MAX_SHOWN_CHARACTERS = 32 * 1024;

interface RunningCall {
  /** Models repeat their call ids; this one is unique in the session. */
  readonly id: string;
  readonly decoders: Readonly<Record<"stdout" | "stderr", StringDecoder>>;
  output: string;
  shownAtMs: number;
}

export class RunningCalls {
  readonly #calls = new Map<CallId, RunningCall>();
  #count = 0;

  /** What the editor is told; nothing for events that change nothing it sees. */
  update(msg: CallMsg): SessionUpdate | undefined {
    switch (msg.type) {
      case "exec_approval_request":
        return this.#begin(msg.call_id, "pending", {
          ...commandParts(msg.command, msg.cwd),
          kind: "execute",
        });
      case "apply_patch_approval_request":
        return this.#begin(msg.call_id, "pending", patchParts(msg.changes));
      case "exec_command_begin":
        return this.#begin(msg.call_id, "in_progress", {
          ...commandParts(msg.command, msg.cwd),
          kind: kindOf(msg.parsed_cmd),
        });
      case "patch_apply_begin":
        return this.#begin(msg.call_id, "in_progress", patchParts(msg.changes));
      case "mcp_tool_call_begin": {
        const { server, tool, arguments: rawInput } = msg.invocation;
        const title = `${server}: ${tool}`;
        return this.#begin(msg.call_id, "in_progress", { title, kind: "other", rawInput });
      }
      case "exec_command_output_delta":
        return this.#output(msg);
      case "exec_command_end": {
        const { aggregated_output: output, exit_code } = msg;
        return this.#end(msg.call_id, exit_code === 0, {
          content: output === "" ? [] : [verbatimContent(output)],
          rawOutput: { exit_code, output },
        });
      }
      case "patch_apply_end":
        // The diffs stay; only a failure has something to add.
        return this.#end(
          msg.call_id,
          msg.success,
          msg.success ? {} : { content: [verbatimContent(msg.stderr || msg.stdout)] },
        );
      case "mcp_tool_call_end":
        return this.#endTool(msg);
    }
  }

  /** The call that a question is about. */
  idOf(callId: CallId): string {
    return this.#calls.get(callId)?.id ?? callId;
  }

  /** The task is over: calls without an end never ran, or were stopped. */
  endAll(): readonly SessionUpdate[] {
    return [...this.#calls.keys()].map((callId) => this.#end(callId, false, {}));
  }

  #begin(
    callId: CallId,
    status: "pending" | "in_progress",
    parts: Omit<ToolCall, "toolCallId" | "status">,
  ): SessionUpdate {
    const known = this.#calls.get(callId);
    if (known !== undefined) {
      return toolUpdate({ toolCallId: known.id, status, ...parts });
    }
    this.#count += 1;
    const id = `${this.#count}:${callId}`;
    const decoders = { stdout: new StringDecoder("utf8"), stderr: new StringDecoder("utf8") };
    this.#calls.set(callId, { id, decoders, output: "", shownAtMs: 0 });
    return { sessionUpdate: "tool_call", toolCallId: id, status, ...parts };
  }

  #output(msg: EventMsgOf<"exec_command_output_delta">): SessionUpdate | undefined {
    const call = this.#calls.get(msg.call_id);
    if (call === undefined) return undefined;
    const text = call.decoders[msg.stream].write(Buffer.from(msg.chunk, "base64"));
    call.output = (call.output + text).slice(-MAX_SHOWN_CHARACTERS);
    const now = performance.now();
    if (now - call.shownAtMs < OUTPUT_INTERVAL_MS) return undefined;
    call.shownAtMs = now;
    return toolUpdate({ toolCallId: call.id, content: [verbatimContent(call.output)] });
  }

  #endTool({ call_id, result }: EventMsgOf<"mcp_tool_call_end">): SessionUpdate {
    if ("Err" in result) return this.#end(call_id, false, { content: [textContent(result.Err)] });
    const { content, isError } = result.Ok;
    return this.#end(call_id, isError !== true, {
      content: content.flatMap(textsOf),
      rawOutput: result.Ok,
    });
  }

  #end(
    callId: CallId,
    isSuccess: boolean,
    parts: Omit<ToolCallUpdate, "toolCallId" | "status">,
  ): SessionUpdate {
    const toolCallId = this.idOf(callId);
    this.#calls.delete(callId);
    return toolUpdate({ toolCallId, status: isSuccess ? "completed" : "failed", ...parts });
  }
}

function toolUpdate(update: ToolCallUpdate): SessionUpdate {
  return { sessionUpdate: "tool_call_update", ...update };
}

function commandParts(
  command: readonly string[],
  cwd: string,
): Pick<ToolCall, "title" | "rawInput"> {
  const [shell, flag, script] = command;
  // A program of the workspace that calls itself a shell is none: it must be seen.
  const isShell = /^(?:\/(?:usr\/)?bin\/)?(?:ba|z)?sh$/u.test(shell ?? "");
  const isScript = isShell && /^-l?c$/u.test(flag ?? "") && command.length === 3;
  const title = isScript && script !== undefined ? script : joinWords(command);
  return { title: revealHidden(title), rawInput: { command: [...command], cwd } };
}

function patchParts(
  changes: EventMsgOf<"patch_apply_begin">["changes"],
): Omit<ToolCall, "toolCallId" | "status"> {
  const paths = changedPaths(changes);
  return {
    title: `Edit ${paths.join(", ")}`,
    kind: "edit",
    content: diffContent(changes),
    locations: paths.map((path) => ({ path })),
  };
}

function kindOf(parsed: readonly ParsedCommand[]): ToolKind {
  if (parsed.length === 0) return "execute";
  if (parsed.every((part) => "Read" in part)) return "read";
  const isSearch = parsed.every((part) => "Search" in part || "ListFiles" in part);
  return isSearch ? "search" : "execute";
}

function textsOf(block: unknown): ToolCallContent[] {
  if (typeof block !== "object" || block === null || !("text" in block)) return [];
  return typeof block.text === "string" ? [textContent(block.text)] : [];
}
