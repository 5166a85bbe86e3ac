/** `update_plan`: the model shows its plan; there is nothing to do but to pass it on. */
import { decodePlanArguments } from "../../protocol/plan.ts";
import type { ToolInvocation } from "./tool.ts";

export function callPlanTool(args: string, { emit }: ToolInvocation): string {
  const plan = decodePlanArguments(args);
  if (!plan.ok) return `failed to parse function arguments: ${plan.message}`;
  emit({ type: "plan_update", ...plan.value });
  return "Plan updated";
}
