/** Every named type of the conversation methods, for `codex generate-ts`. */
import * as z from "zod/mini";
import { approvalPolicySchema, reviewDecisionSchema } from "../protocol/approval.ts";
import { eventMsgSchema, eventSchema } from "../protocol/event.ts";
import { fileChangeSchema, fileChangesSchema } from "../protocol/file-change.ts";
import { reasoningEffortSchema, reasoningSummarySchema } from "../protocol/reasoning.ts";
import { SANDBOX_MODES } from "../protocol/sandbox-policy.ts";
import { sandboxPolicySchema } from "../protocol/sandbox-policy-schema.ts";
import { PARAMS, wireItemSchema } from "./conversation-methods.ts";

const requestId = z.union([z.string(), z.int()]);
const conversationId = z.string();
const empty = z.object({});
const sandboxMode = z.enum(SANDBOX_MODES);
const cwdParams = z.object({ cwd: z.string() });
const loginParams = z.object({ loginId: z.string() });

const execApproval = z.object({
  conversation_id: conversationId,
  call_id: z.string(),
  command: z.array(z.string()),
  cwd: z.string(),
  reason: z.optional(z.string()),
});
const patchApproval = z.object({
  conversation_id: conversationId,
  call_id: z.string(),
  file_changes: fileChangesSchema,
  reason: z.optional(z.string()),
  grant_root: z.optional(z.string()),
});
const approvalAnswer = z.object({ decision: reviewDecisionSchema });

function request<Method extends string, Params extends z.ZodMiniType>(
  method: Method,
  params: Params,
) {
  return z.object({ method: z.literal(method), id: requestId, params });
}

const clientRequest = z.union([
  request("newConversation", PARAMS.newConversation),
  request("addConversationListener", PARAMS.addConversationListener),
  request("removeConversationListener", PARAMS.removeConversationListener),
  request("sendUserMessage", PARAMS.sendUserMessage),
  request("sendUserTurn", PARAMS.sendUserTurn),
  request("interruptConversation", PARAMS.interruptConversation),
  request("closeConversation", PARAMS.closeConversation),
  request("gitDiffToRemote", cwdParams),
  request("cancelLoginChatGpt", loginParams),
]);

const serverRequest = z.union([
  request("execCommandApproval", execApproval),
  request("applyPatchApproval", patchApproval),
]);

/** Name to schema. Names as in 0.23.0, where it has the type. */
export const INTERFACE_SCHEMAS: Readonly<Record<string, z.ZodMiniType>> = {
  AddConversationListenerParams: PARAMS.addConversationListener,
  AddConversationSubscriptionResponse: z.object({ subscriptionId: z.string() }),
  ApplyPatchApprovalParams: patchApproval,
  ApplyPatchApprovalResponse: approvalAnswer,
  AskForApproval: approvalPolicySchema,
  CancelLoginChatGptParams: loginParams,
  ClientRequest: clientRequest,
  CloseConversationParams: PARAMS.closeConversation,
  CloseConversationResponse: empty,
  ConversationEvent: z.object({ id: z.string(), msg: eventMsgSchema, conversationId }),
  Event: eventSchema,
  EventMsg: eventMsgSchema,
  ExecCommandApprovalParams: execApproval,
  ExecCommandApprovalResponse: z.object({ decision: reviewDecisionSchema }),
  FileChange: fileChangeSchema,
  GitDiffToRemoteParams: cwdParams,
  GitDiffToRemoteResponse: z.object({ sha: z.string(), diff: z.string() }),
  InputItem: wireItemSchema,
  InterruptConversationParams: PARAMS.interruptConversation,
  InterruptConversationResponse: z.object({ abortReason: z.enum(["interrupted", "replaced"]) }),
  NewConversationParams: PARAMS.newConversation,
  NewConversationResponse: z.object({ conversationId, model: z.string() }),
  ReasoningEffort: reasoningEffortSchema,
  ReasoningSummary: reasoningSummarySchema,
  RemoveConversationListenerParams: PARAMS.removeConversationListener,
  RemoveConversationSubscriptionResponse: z.object({}),
  RequestId: requestId,
  ReviewDecision: reviewDecisionSchema,
  SandboxMode: sandboxMode,
  SandboxPolicy: sandboxPolicySchema,
  SendUserMessageParams: PARAMS.sendUserMessage,
  SendUserMessageResponse: z.object({}),
  SendUserTurnParams: PARAMS.sendUserTurn,
  SendUserTurnResponse: z.object({}),
  ServerRequest: serverRequest,
};
