/** JSON Schema of the event stream, for `codex exec --print-schema`. Load it lazily: zod's writer
 * of schemas is large. */
import * as z from "zod/mini";
import { eventMsgSchema, eventSchema, durationSchema, mcpInvocationSchema } from "./event.ts";
import { fileChangeSchema } from "./file-change.ts";
import { parsedCommandSchema } from "./parsed-command.ts";
import { planStepSchema } from "./plan.ts";

/**
 * Draft 2020-12, one event per line of the stream. Objects stay open: a client must ignore fields
 * it does not know, since later versions add some.
 */
export function eventJsonSchema(): Readonly<Record<string, unknown>> {
  const names = z.registry<{ id: string }>();
  names.add(eventMsgSchema, { id: "EventMsg" });
  names.add(durationSchema, { id: "Duration" });
  names.add(mcpInvocationSchema, { id: "McpInvocation" });
  names.add(fileChangeSchema, { id: "FileChange" });
  names.add(parsedCommandSchema, { id: "ParsedCommand" });
  names.add(planStepSchema, { id: "PlanStep" });
  return z.toJSONSchema(eventSchema, { io: "input", metadata: names });
}
