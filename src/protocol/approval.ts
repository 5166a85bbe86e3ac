/** When the user is asked before something runs, and what the user may answer. */
import * as z from "zod/mini";

/**
 * untrusted: ask before everything but known read-only commands;
 * on-failure: run sandboxed, ask to run again without the sandbox when it got in the way;
 * on-request: the model asks; never: nobody is asked.
 */
export const approvalPolicySchema = z.enum(["untrusted", "on-failure", "on-request", "never"]);
export type ApprovalPolicy = z.infer<typeof approvalPolicySchema>;

/** `abort` also ends the running task. */
export const reviewDecisionSchema = z.enum(["approved", "approved_for_session", "denied", "abort"]);
export type ReviewDecision = z.infer<typeof reviewDecisionSchema>;
