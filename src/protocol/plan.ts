/** The arguments of the `update_plan` tool, which are the `plan_update` event as well. */
import * as z from "zod/mini";
import { type Decoded, type DeepReadonly, decodeJsonWith } from "./decode.ts";

export const planStepSchema = z.object({
  step: z.string(),
  status: z.enum(["pending", "in_progress", "completed"]),
});
export type PlanStep = DeepReadonly<z.infer<typeof planStepSchema>>;

/** The event writes an explanation always, the model may leave it out. */
export const planSchema = z.object({
  explanation: z._default(z.nullable(z.string()), null),
  plan: z.array(planStepSchema),
});
export type Plan = DeepReadonly<z.infer<typeof planSchema>>;

/** From the argument text of the model's call. The number of steps in progress is not limited. */
export function decodePlanArguments(json: string): Decoded<Plan> {
  return decodeJsonWith(planSchema, json, "plan");
}
