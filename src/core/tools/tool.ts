/** What a tool is to the turn that calls it. */
import type { FunctionToolSpec } from "../../model/tool-specs.ts";
import type { EventMsg, McpTool } from "../../protocol/event.ts";
import type { CallId, SubmissionId } from "../../protocol/ids.ts";
import type { TurnContext } from "../turn-context.ts";

/** One call in one task. */
export interface ToolInvocation {
  readonly taskId: SubmissionId;
  readonly callId: CallId;
  readonly context: TurnContext;
  /** Aborts when the task does. A tool then ends soon, and what it returns is still recorded. */
  readonly signal: AbortSignal;
  readonly emit: (msg: EventMsg) => void;
}

/**
 * Tools from elsewhere, for example those of MCP servers. Everything is answered: a failure is text
 * for the model, never an exception.
 */
export interface ToolProvider {
  /**
   * Resolves when the tools are known. The first request to the model waits for it. A source that
   * has none to offer is told by an event before. Never rejects.
   */
  readonly start: () => Promise<void>;
  /** As the model sees them; empty before `start` has resolved. */
  readonly specs: () => readonly FunctionToolSpec[];
  /** The same tools as their servers describe them, by the names that the model uses. */
  readonly list: () => Readonly<Record<string, McpTool>>;
  readonly has: (name: string) => boolean;
  /** Emits its own begin and end events; resolves with the output for the model. */
  readonly call: (name: string, args: string, invocation: ToolInvocation) => Promise<string>;
  readonly close: () => Promise<void>;
}

export const NO_TOOLS: ToolProvider = {
  start: () => Promise.resolve(),
  specs: () => [],
  list: () => ({}),
  has: () => false,
  call: (name) => Promise.resolve(`unsupported call: ${name}`),
  close: () => Promise.resolve(),
};
