/** Approvals as an editor asks for them. */
import type {
  PermissionOption,
  RequestPermissionRequest,
  RequestPermissionResponse,
} from "@agentclientprotocol/sdk";
import type { ApprovalRequest } from "../core/hosted-conversation.ts";
import { type ReviewDecision, reviewDecisionSchema } from "../protocol/approval.ts";
import { diffContent } from "./file-diffs.ts";
import { textContent } from "./text-content.ts";

/** `rule` is what else an answer may allow for the session; undefined: nothing. */
function optionsFor(rule: string | undefined): PermissionOption[] {
  const always =
    rule === undefined ? [] : [option("approved_for_session", `Yes, and ${rule}`, "allow_always")];
  return [
    option("approved", "Yes", "allow_once"),
    ...always,
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
  // The content takes the place of what the call shows already: of a patch, its diffs.
  const diffs = request.type === "exec_approval_request" ? [] : diffContent(request.changes);
  const content = reason === undefined ? {} : { content: [textContent(reason), ...diffs] };
  return { sessionId, toolCall: { toolCallId, ...content }, options: optionsFor(ruleOf(request)) };
}

function ruleOf(request: ApprovalRequest): string | undefined {
  if (request.type === "exec_approval_request") {
    return "do not ask again for this command in this session";
  }
  const { grant_root: root } = request;
  return root === undefined
    ? undefined
    : `let patches write to ${JSON.stringify(root)} in this session`;
}

/** A cancelled question means that the whole turn is. */
export function decisionOf({ outcome }: RequestPermissionResponse): ReviewDecision {
  if (outcome.outcome === "cancelled") return "abort";
  const decision = reviewDecisionSchema.safeParse(outcome.optionId);
  return decision.success ? decision.data : "denied";
}
