/** The methods of the Agent Client Protocol, version 1, that Codex serves. */
import { isAbsolute } from "node:path";
import {
  agent,
  type AgentApp,
  type AgentContext,
  type McpServer,
  methods,
  PROTOCOL_VERSION,
  RequestError,
} from "@agentclientprotocol/sdk";
import { ConfigError } from "../config/config-error.ts";
import { type Config, type ConfigInput, loadConfig } from "../config/config.ts";
import { type ConfigOverride, tomlFromJson } from "../config/overrides.ts";
import type { CreatedConversation, HostedConversations } from "../core/hosted-conversations.ts";
import { ResumeError } from "../core/resume-error.ts";
import { findRollout, readRollout } from "../core/rollout-reader.ts";
import { version } from "../runtime/version.ts";
import { historyUpdates } from "./history-updates.ts";
import { promptItems } from "./prompt-items.ts";
import { AcpSession } from "./session.ts";

const INVALID_PARAMS = -32_602;
const NOT_FOUND = -32_002;

/** Files and commands stay with Codex's own sandbox: nothing is asked of the editor for them. */
export function codexAgent(base: ConfigInput, conversations: HostedConversations): AgentApp {
  const sessions = new Map<string, AcpSession>();
  const find = (id: string): AcpSession => {
    const session = sessions.get(id);
    if (session !== undefined) return session;
    throw new RequestError(NOT_FOUND, `Session not found: ${id}`);
  };
  return agent({ name: "codex" })
    .onRequest(methods.agent.initialize, () => ({
      protocolVersion: PROTOCOL_VERSION,
      agentInfo: { name: "codex", title: "Codex", version },
      agentCapabilities: {
        loadSession: true,
        promptCapabilities: { image: true, audio: false, embeddedContext: true },
        mcpCapabilities: { http: true, sse: false },
        sessionCapabilities: { close: {} },
      },
      authMethods: [],
    }))
    .onRequest(methods.agent.session.new, async ({ params, client }) => {
      const config = await sessionConfig(base, params.cwd, params.mcpServers);
      const { created, host } = await conversations.create(config);
      const { conversationId: sessionId } = created;
      sessions.set(sessionId, new AcpSession(sessionId, host, client));
      return { sessionId };
    })
    .onRequest(methods.agent.session.load, async ({ params, client }) => {
      const { sessionId } = params;
      const config = await sessionConfig(base, params.cwd, params.mcpServers);
      const path = findSession(config, sessionId);
      sessions.delete(sessionId);
      await conversations.close(sessionId);
      const { host } = await resumeSession(conversations, config, path);
      const { history } = readRollout(path);
      await tell(client, sessionId, historyUpdates(history));
      sessions.set(sessionId, new AcpSession(sessionId, host, client));
      return {};
    })
    .onRequest(methods.agent.session.prompt, ({ params, signal }) =>
      find(params.sessionId).prompt(promptItems(params.prompt), signal),
    )
    .onRequest(methods.agent.session.close, async ({ params }) => {
      find(params.sessionId);
      sessions.delete(params.sessionId);
      await conversations.close(params.sessionId);
      return {};
    })
    .onNotification(methods.agent.session.cancel, ({ params }) => {
      sessions.get(params.sessionId)?.cancel();
    });
}

/** Errors: RequestError for what the client asked for and cannot have. */
async function sessionConfig(
  base: ConfigInput,
  cwd: string,
  servers: readonly McpServer[],
): Promise<Config> {
  if (!isAbsolute(cwd)) throw new RequestError(INVALID_PARAMS, `Not an absolute path: ${cwd}`);
  const overrides = [...(base.overrides ?? []), ...servers.map(serverOverride)];
  try {
    return await loadConfig({ ...base, overrides, flags: { ...base.flags, cd: cwd } });
  } catch (error) {
    if (error instanceof ConfigError) throw new RequestError(INVALID_PARAMS, error.message);
    throw error;
  }
}

/** A server of the editor's, as if config.toml named it. */
function serverOverride(server: McpServer): ConfigOverride {
  const { name } = server;
  const value = tomlFromJson(serverToml(server));
  // The name becomes part of the names that the model sees.
  const key = name.replaceAll(/[^a-zA-Z0-9_-]/gu, "_");
  if (value === undefined) throw new RequestError(INVALID_PARAMS, `MCP server "${name}"`);
  return { path: ["mcp_servers", key], value, argument: `MCP server "${name}"` };
}

function serverToml(server: McpServer): object {
  if (!("type" in server)) {
    const { command, args, env } = server;
    return { command, args, env: pairs(env) };
  }
  if (server.type === "http") return { url: server.url, http_headers: pairs(server.headers) };
  const message = `MCP server "${server.name}": only stdio and streamable HTTP are supported`;
  throw new RequestError(INVALID_PARAMS, message);
}

function pairs(
  list: readonly { readonly name: string; readonly value: string }[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(list.map(({ name, value }) => [name, value]));
}

function findSession({ codexHome }: Config, id: string): string {
  try {
    return findRollout(codexHome, id);
  } catch (error) {
    if (error instanceof ResumeError) throw new RequestError(NOT_FOUND, error.message);
    throw error;
  }
}

async function resumeSession(
  conversations: HostedConversations,
  config: Config,
  path: string,
): Promise<CreatedConversation> {
  try {
    return await conversations.resume(config, path);
  } catch (error) {
    if (error instanceof ResumeError) throw new RequestError(INVALID_PARAMS, error.message);
    throw error;
  }
}

async function tell(
  client: AgentContext,
  sessionId: string,
  updates: ReturnType<typeof historyUpdates>,
): Promise<void> {
  for (const update of updates) {
    await client.notify(methods.client.session.update, { sessionId, update });
  }
}
