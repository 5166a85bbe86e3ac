/** `codex mcp-servers list|check`: starts the configured servers and tells what came of it. */
import type { McpServer } from "../config/mcp-servers.ts";
import { localMachine } from "../core/local-machine.ts";
import { wholeEnvironment } from "../linux-sandbox/inherited-environment.ts";
import { ConnectionManager, type ServerReport } from "../mcp-client/connection-manager.ts";
import { loadConversationConfig } from "./conversation-settings.ts";
import { hasFlag, type Invocation } from "./invocation.ts";
import { print } from "./output.ts";
import { readProcessContext } from "./process-context.ts";

/** `list` is 0 whatever the servers do; `check` is 1 when one fails. Errors: ConfigError. */
export async function runMcpServersCommand(invocation: Invocation): Promise<number> {
  const context = readProcessContext();
  const config = await loadConversationConfig(invocation, context);
  const machine = localMachine({
    env: context.env,
    inheritedEnvironment: wholeEnvironment(),
    executable: process.execPath,
    helperPath: "/proc/self/exe",
  });
  const notices: string[] = [];
  const manager = new ConnectionManager(config.mcpServers, machine.servers, ({ kind, message }) => {
    if (kind === "news") notices.push(message);
  });
  try {
    await manager.start();
    const reports = manager.report();
    print(hasFlag(invocation, "--json") ? asJson(reports, notices) : asText(reports, notices));
    const isCheck = invocation.path[1] === "check";
    return isCheck && reports.some(({ state }) => state.kind === "failed") ? 1 : 0;
  } finally {
    await manager.close();
    machine.close();
  }
}

function asText(reports: readonly ServerReport[], notices: readonly string[]): string {
  if (reports.length === 0) return "No MCP servers are configured ([mcp_servers] in config.toml)\n";
  const lines = reports.flatMap(({ server, state, tools }) => {
    const count = `${tools.length} tool${tools.length === 1 ? "" : "s"}`;
    const words = state.kind === "failed" ? `failed: ${state.reason}` : state.kind;
    return [
      `${server.name}: ${state.kind === "ready" ? `ready, ${count}` : printable(words)}`,
      `  ${printable(describeTransport(server))}`,
      ...tools.map(({ name }) => `  - ${name}`),
    ];
  });
  return `${[...lines, ...notices.map((notice) => `warning: ${printable(notice)}`)].join("\n")}\n`;
}

/** Arguments are not shown: people put keys there. */
function describeTransport({ transport }: McpServer): string {
  return transport.kind === "stdio" ? `command ${transport.command}` : `url ${transport.url}`;
}

/** Servers' own words must not steer a terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "\u{FFFD}");
}

function asJson(reports: readonly ServerReport[], notices: readonly string[]): string {
  const json = {
    ok: reports.every(({ state }) => state.kind !== "failed"),
    servers: reports.map(({ server, state, tools }) => ({
      name: server.name,
      transport: server.transport.kind,
      ...(server.transport.kind === "stdio"
        ? { command: server.transport.command, cwd: server.transport.cwd }
        : { url: server.transport.url }),
      state: state.kind,
      error: state.kind === "failed" ? state.reason : null,
      tools: tools.map(({ name, tool }) => ({
        name,
        tool: tool.toolName,
        description: tool.description["description"] ?? null,
      })),
    })),
    warnings: notices,
  };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}
