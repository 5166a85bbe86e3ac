/** Questions to the client, and what its answers mean. */
import * as z from "zod/mini";
import { type ReviewDecision, reviewDecisionSchema } from "../protocol/approval.ts";
import type { ConversationId, SubmissionId } from "../protocol/ids.ts";
import { joinWords } from "../shell/quote-words.ts";
import { revealHidden } from "../shell/reveal-hidden.ts";
import type { ApprovalRequest } from "../core/hosted-conversation.ts";
import type { JsonRpcPeer } from "./json-rpc-peer.ts";

/** Our own form, or that of every MCP client. */
const answerSchema = z.union([
  z.object({ decision: reviewDecisionSchema }),
  z.object({ action: z.enum(["accept", "decline", "cancel"]) }),
]);

const DECISION_OF_ACTION = { accept: "approved", decline: "denied", cancel: "abort" } as const;

/** Whatever is no clear yes is a no: errors, and answers that nobody understands. */
export async function askClient(
  peer: JsonRpcPeer,
  method: string,
  params: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<ReviewDecision> {
  try {
    const answer = answerSchema.safeParse(await peer.ask(method, params, signal));
    if (!answer.success) return "denied";
    if ("decision" in answer.data) return answer.data.decision;
    return DECISION_OF_ACTION[answer.data.action];
  } catch {
    return "denied";
  }
}

/** For `elicitation/create`. Source of the names: `codex mcp` 0.23.0. */
export function elicitation(
  request: ApprovalRequest,
  eventId: SubmissionId,
  toolCallId: string,
): Readonly<Record<string, unknown>> {
  const ids = {
    codex_mcp_tool_call_id: toolCallId,
    codex_event_id: eventId,
    codex_call_id: request.call_id,
  };
  const requestedSchema = { type: "object", properties: {} };
  if (request.type === "exec_approval_request") {
    const command = revealHidden(joinWords(request.command));
    return {
      message: `Allow Codex to run \`${command}\` in \`${revealHidden(request.cwd)}\`?`,
      requestedSchema,
      codex_elicitation: "exec-approval",
      ...ids,
      codex_command: request.command,
      codex_cwd: request.cwd,
      ...(request.reason === undefined ? {} : { codex_reason: request.reason }),
    };
  }
  return {
    message: patchQuestion(request),
    requestedSchema,
    codex_elicitation: "patch-approval",
    ...ids,
    codex_changes: request.changes,
    ...(request.reason === undefined ? {} : { codex_reason: request.reason }),
    ...(request.grant_root === undefined ? {} : { codex_grant_root: request.grant_root }),
  };
}

function patchQuestion({ reason }: ApprovalRequest): string {
  const why = reason === undefined ? "" : `${revealHidden(reason)} `;
  return `${why}Allow Codex to apply proposed code changes?`;
}

/** For the conversation methods. */
export function approvalMethod(request: ApprovalRequest): string {
  return request.type === "exec_approval_request" ? "execCommandApproval" : "applyPatchApproval";
}

export function approvalParams(
  request: ApprovalRequest,
  conversationId: ConversationId,
): Readonly<Record<string, unknown>> {
  const { call_id, reason } = request;
  const shared = { conversation_id: conversationId, call_id };
  const why = reason === undefined ? {} : { reason };
  if (request.type === "exec_approval_request") {
    return { ...shared, command: request.command, cwd: request.cwd, ...why };
  }
  const { grant_root } = request;
  const root = grant_root === undefined ? {} : { grant_root };
  return { ...shared, file_changes: request.changes, ...why, ...root };
}
