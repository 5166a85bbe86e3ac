/** `codex acp`: an editor's agent on stdio. */
import { configInput, loadConversationConfig } from "./conversation-settings.ts";
import type { Invocation } from "./invocation.ts";
import { readProcessContext } from "./process-context.ts";

/** Errors: ConfigError, so that a broken configuration is told before any session begins. */
export async function runAcpCommand(invocation: Invocation): Promise<number> {
  const context = readProcessContext();
  await loadConversationConfig(invocation, context);
  const { runAcp } = await import("../acp/run.ts");
  return runAcp(configInput(invocation, context));
}
