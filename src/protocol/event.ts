/**
 * What the agent tells its front ends. Every event carries the id of the submission that started
 * its task; "" belongs to none (`session_configured`, failures of MCP servers to start).
 * Import the types with `import type`; `event-encoding.ts` writes events without loading zod.
 */
import * as z from "zod/mini";
import { type Decoded, type DeepReadonly, decodeJsonWith } from "./decode.ts";
import { fileChangesSchema } from "./file-change.ts";
import { parsedCommandSchema } from "./parsed-command.ts";
import { planStepSchema } from "./plan.ts";

const callId = { call_id: z.string() };

/** Never negative; `nanos` is below 1,000,000,000. */
export const durationSchema = z.object({ secs: z.int(), nanos: z.int() });
export type Duration = DeepReadonly<z.infer<typeof durationSchema>>;

/** Of one response, not a running total. Null where the server gave no detail. */
export const tokenUsageFields = {
  input_tokens: z.number(),
  cached_input_tokens: z.nullable(z.number()),
  output_tokens: z.number(),
  reasoning_output_tokens: z.nullable(z.number()),
  total_tokens: z.number(),
};
const tokenUsageSchema = z.object(tokenUsageFields);
export type TokenUsage = DeepReadonly<z.infer<typeof tokenUsageSchema>>;

/** `arguments` is what the model sent, null when it sent nothing. */
export const mcpInvocationSchema = z.object({
  server: z.string(),
  tool: z.string(),
  arguments: z.unknown(),
});
export type McpInvocation = DeepReadonly<z.infer<typeof mcpInvocationSchema>>;

/** CallToolResult of the Model Context Protocol; its content blocks are passed on as they are. */
export const mcpToolResultSchema = z.looseObject({
  content: z.array(z.unknown()),
  structuredContent: z.optional(z.unknown()),
  isError: z.optional(z.boolean()),
});
export type McpToolResult = DeepReadonly<z.infer<typeof mcpToolResultSchema>>;

/** Tool of the Model Context Protocol, with the schema as the server wrote it. */
export const mcpToolSchema = z.looseObject({ name: z.string(), inputSchema: z.unknown() });
export type McpTool = DeepReadonly<z.infer<typeof mcpToolSchema>>;

/** `ts` is seconds since 1970. */
export const historyEntrySchema = z.object({
  session_id: z.string(),
  ts: z.number(),
  text: z.string(),
});
export type HistoryEntry = DeepReadonly<z.infer<typeof historyEntrySchema>>;

export const eventMsgSchema = z.discriminatedUnion("type", [
  /** Fatal for the current task. */
  z.object({ type: z.literal("error"), message: z.string() }),
  z.object({
    type: z.literal("task_started"),
    model_context_window: z.optional(z.nullable(z.number())),
  }),
  z.object({
    type: z.literal("task_complete"),
    last_agent_message: z.nullable(z.string()),
  }),
  z.object({ type: z.literal("turn_aborted"), reason: z.enum(["interrupted", "replaced"]) }),
  z.object({ type: z.literal("token_count"), ...tokenUsageFields }),
  z.object({ type: z.literal("agent_message"), message: z.string() }),
  z.object({ type: z.literal("agent_message_delta"), delta: z.string() }),
  /** One per part of the summary. */
  z.object({ type: z.literal("agent_reasoning"), text: z.string() }),
  z.object({ type: z.literal("agent_reasoning_delta"), delta: z.string() }),
  z.object({ type: z.literal("agent_reasoning_raw_content"), text: z.string() }),
  z.object({ type: z.literal("agent_reasoning_raw_content_delta"), delta: z.string() }),
  z.object({ type: z.literal("agent_reasoning_section_break") }),
  /** Always the first event of a conversation. */
  z.object({
    type: z.literal("session_configured"),
    session_id: z.string(),
    model: z.string(),
    history_log_id: z.number(),
    history_entry_count: z.number(),
  }),
  z.object({
    type: z.literal("mcp_tool_call_begin"),
    ...callId,
    invocation: mcpInvocationSchema,
  }),
  z.object({
    type: z.literal("mcp_tool_call_end"),
    ...callId,
    invocation: mcpInvocationSchema,
    duration: durationSchema,
    result: z.union([z.object({ Ok: mcpToolResultSchema }), z.object({ Err: z.string() })]),
  }),
  z.object({
    type: z.literal("exec_command_begin"),
    ...callId,
    command: z.array(z.string()),
    cwd: z.string(),
    parsed_cmd: z.array(parsedCommandSchema),
  }),
  /** `chunk` is base64 of raw bytes, which may end within a character. */
  z.object({
    type: z.literal("exec_command_output_delta"),
    ...callId,
    stream: z.enum(["stdout", "stderr"]),
    chunk: z.string(),
  }),
  /**
   * `aggregated_output` is both streams in the order of arrival, `formatted_output` what the model
   * was told.
   */
  z.object({
    type: z.literal("exec_command_end"),
    ...callId,
    stdout: z.string(),
    stderr: z.string(),
    aggregated_output: z.string(),
    exit_code: z.int(),
    duration: durationSchema,
    formatted_output: z.optional(z.string()),
  }),
  z.object({
    type: z.literal("exec_approval_request"),
    ...callId,
    command: z.array(z.string()),
    cwd: z.string(),
    reason: z.optional(z.string()),
  }),
  z.object({
    type: z.literal("apply_patch_approval_request"),
    ...callId,
    changes: fileChangesSchema,
    reason: z.optional(z.string()),
    grant_root: z.optional(z.string()),
  }),
  z.object({ type: z.literal("background_event"), message: z.string() }),
  z.object({
    type: z.literal("patch_apply_begin"),
    ...callId,
    auto_approved: z.boolean(),
    changes: fileChangesSchema,
  }),
  z.object({
    type: z.literal("patch_apply_end"),
    ...callId,
    stdout: z.string(),
    stderr: z.string(),
    success: z.boolean(),
  }),
  /** git style, three lines of context, everything this turn changed so far. */
  z.object({ type: z.literal("turn_diff"), unified_diff: z.string() }),
  z.object({
    type: z.literal("get_history_entry_response"),
    offset: z.number(),
    log_id: z.number(),
    entry: z.optional(historyEntrySchema),
  }),
  /** Keys are the names the model uses. */
  z.object({
    type: z.literal("mcp_list_tools_response"),
    tools: z.record(z.string(), mcpToolSchema),
  }),
  z.object({
    type: z.literal("plan_update"),
    explanation: z.nullable(z.string()),
    plan: z.array(planStepSchema),
  }),
  z.object({ type: z.literal("shutdown_complete") }),
]);
export type EventMsg = DeepReadonly<z.infer<typeof eventMsgSchema>>;
export type EventMsgOf<Type extends EventMsg["type"]> = Extract<EventMsg, { readonly type: Type }>;

export const eventSchema = z.object({ id: z.string(), msg: eventMsgSchema });
export type Event = DeepReadonly<z.infer<typeof eventSchema>>;

/** One line of `codex proto` or of the event part of `codex exec --json`. */
export function decodeEvent(line: string): Decoded<Event> {
  return decodeJsonWith(eventSchema, line, "event");
}
