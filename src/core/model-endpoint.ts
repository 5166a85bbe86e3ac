/** The configured provider with its secrets looked up, as the model client needs it. */
import { arch, release, type as osType } from "node:os";
import { CHATGPT_NOT_SUPPORTED, findCredential } from "../auth/auth.ts";
import type { Environment } from "../config/codex-home.ts";
import type { Config } from "../config/config.ts";
import type { ModelProvider } from "../config/model-providers.ts";
import { ModelError } from "../model/model-error.ts";
import type { ModelEndpoint } from "../model/prompt.ts";
import { version } from "../runtime/version.ts";

type EndpointConfig = Pick<Config, "codexHome" | "modelProvider" | "originator">;

/**
 * Errors: ModelError (bad-endpoint) when a key is missing that the provider must have; AuthError
 * when `auth.json` cannot be read.
 */
export function modelEndpoint(config: EndpointConfig, env: Environment): ModelEndpoint {
  const provider = config.modelProvider;
  const sseFixturePath = nonEmpty(env["CODEX_RS_SSE_FIXTURE"]) ?? null;
  const apiKey = findApiKey(provider, config.codexHome, env);
  if (apiKey === null && sseFixturePath === null && needsKey(provider)) throw endpointError(NO_KEY);
  return {
    name: provider.name,
    baseUrl: provider.baseUrl,
    wireApi: provider.wireApi,
    headers: { ...ownHeaders(provider), ...provider.httpHeaders, ...headersFrom(provider, env) },
    query: provider.queryParams,
    apiKey,
    requestMaxRetries: provider.requestMaxRetries,
    streamMaxRetries: provider.streamMaxRetries,
    streamIdleTimeoutMs: provider.streamIdleTimeoutMs,
    originator: config.originator,
    userAgent: `${config.originator}/${version} (${osType()} ${release()}; ${arch()})`,
    proxyEnv: proxyVariables(env),
    sseFixturePath,
  };
}

function ownHeaders(provider: ModelProvider): Record<string, string> {
  return provider.id === "openai" ? { version } : {};
}

function headersFrom(provider: ModelProvider, env: Environment): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [header, variable] of Object.entries(provider.envHttpHeaders)) {
    const value = env[variable]?.trim();
    if (value !== undefined && value !== "") headers[header] = value;
  }
  return headers;
}

function findApiKey(provider: ModelProvider, codexHome: string, env: Environment): string | null {
  if (provider.envKey !== undefined) {
    const key = env[provider.envKey]?.trim();
    if (key !== undefined && key !== "") return key;
    throw missingKey(provider.envKey, provider.envKeyInstructions);
  }
  if (!provider.requiresOpenaiAuth) return null;
  const credential = findCredential(codexHome, env);
  switch (credential.kind) {
    case "api-key":
      return credential.key.reveal();
    case "none":
      return null;
    case "unsupported-chatgpt":
      throw endpointError(CHATGPT_NOT_SUPPORTED);
  }
}

const NO_KEY =
  'There is no API key: store one with "codex login --api-key", set OPENAI_API_KEY, or use a local server with --oss';

/** Another address may be a proxy that adds the key by itself; this one never answers without. */
function needsKey(provider: ModelProvider): boolean {
  return provider.requiresOpenaiAuth && URL.parse(provider.baseUrl)?.hostname === "api.openai.com";
}

function missingKey(variable: string, instructions: string | undefined): ModelError {
  const hint = instructions === undefined ? "" : `: ${instructions}`;
  return endpointError(`Missing environment variable: "${variable}"${hint}`);
}

function endpointError(message: string): ModelError {
  return new ModelError({ kind: "bad-endpoint", message, retryable: false });
}

function proxyVariables(env: Environment): Record<string, string> | null {
  const found: Record<string, string> = {};
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]) {
    for (const spelling of [name, name.toLowerCase()]) {
      const value = nonEmpty(env[spelling]);
      if (value !== undefined) found[spelling] = value;
    }
  }
  return Object.keys(found).some((name) => !/^no_proxy$/i.test(name)) ? found : null;
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}
