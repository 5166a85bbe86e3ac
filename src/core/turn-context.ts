/** Under which settings a task runs. The standing ones belong to the session, a turn may differ. */
import { resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { findModelFamily, type ModelFamily } from "../config/model-families.ts";
import type { ApprovalPolicy } from "../protocol/approval.ts";
import type { ReasoningEffort, ReasoningSummary } from "../protocol/reasoning.ts";
import type { SandboxPolicy } from "../protocol/sandbox-policy.ts";
import type { OpOf } from "../protocol/submission.ts";

export interface TurnContext {
  /** Absolute. */
  readonly cwd: string;
  readonly approvalPolicy: ApprovalPolicy;
  readonly sandboxPolicy: SandboxPolicy;
  readonly model: string;
  readonly modelFamily: ModelFamily;
  readonly supportsReasoning: boolean;
  readonly effort: ReasoningEffort;
  readonly summary: ReasoningSummary;
}

export function contextFromConfig(config: Config): TurnContext {
  return {
    cwd: config.cwd,
    approvalPolicy: config.approvalPolicy,
    sandboxPolicy: config.sandboxPolicy,
    model: config.model,
    modelFamily: config.modelFamily,
    supportsReasoning: config.modelSupportsReasoning,
    effort: config.modelReasoningEffort,
    summary: config.modelReasoningSummary,
  };
}

/** Null and absent fields leave things as they are; a relative `cwd` starts at the present one. */
export function overrideContext(
  context: TurnContext,
  changes: Omit<OpOf<"override_turn_context">, "type">,
): TurnContext {
  const { cwd, model } = changes;
  return {
    ...context,
    ...(model === null || model === undefined || model === context.model
      ? {}
      : contextOfModel(model)),
    cwd: cwd === null || cwd === undefined ? context.cwd : resolve(context.cwd, cwd),
    approvalPolicy: changes.approval_policy ?? context.approvalPolicy,
    sandboxPolicy: changes.sandbox_policy ?? context.sandboxPolicy,
    effort: changes.effort ?? context.effort,
    summary: changes.summary ?? context.summary,
  };
}

function contextOfModel(
  model: string,
): Pick<TurnContext, "model" | "modelFamily" | "supportsReasoning"> {
  const modelFamily = findModelFamily(model);
  return { model, modelFamily, supportsReasoning: modelFamily.supportsReasoning };
}
