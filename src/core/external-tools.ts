/** Tools of the configured MCP servers. Without any, nothing of this is loaded. */
import type { Config } from "../config/config.ts";
import type { ServersInput } from "./tools/mcp-tools.ts";
import { NO_TOOLS, type ToolProvider } from "./tools/tool.ts";

export interface ExternalToolsInput extends ServersInput {
  readonly config: Pick<Config, "mcpServers">;
}

export function externalTools(input: ExternalToolsInput): ToolProvider {
  const { config, ...rest } = input;
  if (!config.mcpServers.some(({ isEnabled }) => isEnabled)) return NO_TOOLS;
  let tools: ToolProvider = NO_TOOLS;
  const load = async (): Promise<void> => {
    const { McpTools } = await import("./tools/mcp-tools.ts");
    tools = new McpTools(config.mcpServers, rest);
  };
  let loading: Promise<void> | undefined;
  const loaded = (): Promise<void> => (loading ??= load());
  return {
    start: async () => {
      await loaded();
      await tools.start();
    },
    specs: () => tools.specs(),
    list: () => tools.list(),
    has: (name) => tools.has(name),
    call: (name, args, invocation) => tools.call(name, args, invocation),
    close: async () => {
      await loading;
      await tools.close();
    },
  };
}
