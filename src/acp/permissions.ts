/** Approvals as an editor asks for them. */
import type {
  PermissionOption,
  RequestPermissionRequest,
  RequestPermissionResponse,
} from "@agentclientprotocol/sdk";
import type { ApprovalRequest } from "../core/hosted-conversation.ts";
import { type ReviewDecision, reviewDecisionSchema } from "../protocol/approval.ts";
import { textContent } from "./text-content.ts";

function optionsFor(what: string): PermissionOption[] {
  const always = `Yes, and do not ask again for ${what} in this session`;
  return [
    option("approved", "Yes", "allow_once"),
    option("approved_for_session", always, "allow_always"),
    option("denied", "No, go on without it", "reject_once"),
    option("abort", "No, and stop", "reject_once"),
  ];
}

function option(
  optionId: ReviewDecision,
  name: string,
  kind: PermissionOption["kind"],
): PermissionOption {
  return { optionId, name, kind };
}

export function permissionRequest(
  sessionId: string,
  toolCallId: string,
  request: ApprovalRequest,
): RequestPermissionRequest {
  const { reason } = request;
  const what = request.type === "exec_approval_request" ? "this command" : "these files";
  // A patch keeps the diffs that its call shows already.
  const isCommand = request.type === "exec_approval_request";
  const content = isCommand && reason !== undefined ? { content: [textContent(reason)] } : {};
  return { sessionId, toolCall: { toolCallId, ...content }, options: optionsFor(what) };
}

/** A cancelled question means that the whole turn is. */
export function decisionOf({ outcome }: RequestPermissionResponse): ReviewDecision {
  if (outcome.outcome === "cancelled") return "abort";
  const decision = reviewDecisionSchema.safeParse(outcome.optionId);
  return decision.success ? decision.data : "denied";
}
