/** `[mcp_servers]`: programs that offer tools to the agent. */
import type { ConfigProblem } from "./config-error.ts";
import type { McpServerToml } from "./config-toml.ts";

export interface McpServer {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Set on top of the few variables that every server gets. */
  readonly env: Readonly<Record<string, string>>;
}

export interface McpServers {
  readonly servers: readonly McpServer[];
  readonly warnings: readonly ConfigProblem[];
}

// The name becomes part of the names that the model sees.
const NAME = /^[a-zA-Z0-9_-]+$/;

/** Sorted by name. Servers with a name that cannot be used are left out: a warning tells of them. */
export function listMcpServers(entries: Readonly<Record<string, McpServerToml>>): McpServers {
  const servers: McpServer[] = [];
  const warnings: ConfigProblem[] = [];
  for (const [name, { command, args, env }] of Object.entries(entries)) {
    if (NAME.test(name)) {
      servers.push({ name, command, args: args ?? [], env: { ...env } });
      continue;
    }
    const complaint = "not started: a name may hold only letters, digits, _ and -";
    warnings.push({ key: ["mcp_servers", name], complaint });
  }
  return { servers: servers.toSorted((a, b) => (a.name < b.name ? -1 : 1)), warnings };
}
