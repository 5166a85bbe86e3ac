/** `codex mcp`: an MCP server on stdio. */
import { configInput, loadWorkConfig } from "./conversation-settings.ts";
import type { Invocation } from "./invocation.ts";
import { readProcessContext } from "./process-context.ts";

/** Errors: ConfigError, so that a broken configuration is told before any client connects. */
export async function runMcpCommand(invocation: Invocation): Promise<number> {
  const context = readProcessContext();
  const config = await loadWorkConfig(invocation, context);
  const { runMcpServer } = await import("../mcp-server/run.ts");
  return runMcpServer({ base: configInput(invocation, context), config });
}
