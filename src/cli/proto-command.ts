/** `codex proto`: submissions in, events out. */
import { loadWorkConfig } from "./conversation-settings.ts";
import type { Invocation } from "./invocation.ts";
import { readProcessContext } from "./process-context.ts";

/** Errors: ConfigError. */
export async function runProtoCommand(invocation: Invocation): Promise<number> {
  const context = readProcessContext();
  const config = await loadWorkConfig(invocation, context);
  const { runProto } = await import("../proto/run.ts");
  return runProto({ config, env: context.env });
}
