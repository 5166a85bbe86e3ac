/**
 * What front ends ask for: a submission carries one operation and the id that the events answering
 * it will bear. One JSON value per line in `codex proto`.
 */
import * as z from "zod/mini";
import { approvalPolicySchema, reviewDecisionSchema } from "./approval.ts";
import { type Decoded, type DeepReadonly, decodeJsonWith, decodeWith } from "./decode.ts";
import { reasoningEffortSchema, reasoningSummarySchema } from "./reasoning.ts";
import { sandboxPolicySchema } from "./sandbox-policy-schema.ts";

/** `image_url` may be a data URL. A `local_image` is read when it is submitted. */
export const inputItemSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({ type: z.literal("image"), image_url: z.string() }),
  z.object({ type: z.literal("local_image"), path: z.string() }),
]);
export type InputItem = DeepReadonly<z.infer<typeof inputItemSchema>>;

const items = z.array(inputItemSchema);

export const opSchema = z.discriminatedUnion("type", [
  /** Aborts the running task; nothing happens when there is none. */
  z.object({ type: z.literal("interrupt") }),
  /** Starts a task in the standing context, or joins the running one with its next request. */
  z.object({ type: z.literal("user_input"), items }),
  /** Starts a task in a context for this turn only. Joins a running task, without its context. */
  z.object({
    type: z.literal("user_turn"),
    items,
    cwd: z.string(),
    approval_policy: approvalPolicySchema,
    sandbox_policy: sandboxPolicySchema,
    model: z.string(),
    effort: reasoningEffortSchema,
    summary: reasoningSummarySchema,
  }),
  /** Changes the standing context from now on. Null or absent: unchanged. No event answers. */
  z.object({
    type: z.literal("override_turn_context"),
    cwd: z.nullish(z.string()),
    approval_policy: z.nullish(approvalPolicySchema),
    sandbox_policy: z.nullish(sandboxPolicySchema),
    model: z.nullish(z.string()),
    effort: z.nullish(reasoningEffortSchema),
    summary: z.nullish(reasoningSummarySchema),
  }),
  /** Answers `exec_approval_request`. `id` is the event id of the task, not the call id. */
  z.object({ type: z.literal("exec_approval"), id: z.string(), decision: reviewDecisionSchema }),
  /** Answers `apply_patch_approval_request`. `id` as in `exec_approval`. */
  z.object({ type: z.literal("patch_approval"), id: z.string(), decision: reviewDecisionSchema }),
  /** Appends to the history file that all conversations share. No event answers. */
  z.object({ type: z.literal("add_to_history"), text: z.string() }),
  /** Answered by `get_history_entry_response`. `log_id` as in `session_configured`. */
  z.object({
    type: z.literal("get_history_entry_request"),
    offset: z.number(),
    log_id: z.number(),
  }),
  /** Answered by `mcp_list_tools_response`. */
  z.object({ type: z.literal("list_mcp_tools") }),
  /** Replaces the history by a summary of it. */
  z.object({ type: z.literal("compact") }),
  /** Ends the conversation; answered by `shutdown_complete`. */
  z.object({ type: z.literal("shutdown") }),
]);
export type Op = DeepReadonly<z.infer<typeof opSchema>>;
export type OpOf<Type extends Op["type"]> = Extract<Op, { readonly type: Type }>;

export const submissionSchema = z.object({ id: z.string(), op: opSchema });
export type Submission = DeepReadonly<z.infer<typeof submissionSchema>>;

/** One line of `codex proto`. Unknown fields are ignored, an unknown operation is not. */
export function decodeSubmission(line: string): Decoded<Submission> {
  return decodeJsonWith(submissionSchema, line, "submission");
}

export function decodeOp(value: unknown): Decoded<Op> {
  return decodeWith(opSchema, value, "operation");
}
