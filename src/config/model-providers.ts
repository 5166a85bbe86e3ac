/** Where models are asked: two built-in providers, and those of `[model_providers]`. */
import type { Environment } from "./codex-home.ts";
import type { ConfigProblem } from "./config-error.ts";
import type { ModelProviderToml } from "./config-toml.ts";
import { quote } from "./toml-value.ts";

export type WireApi = "responses" | "chat";

export interface ModelProvider {
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly wireApi: WireApi;
  /** The variable that holds the bearer token. */
  readonly envKey: string | undefined;
  /** How to get that token, for people. */
  readonly envKeyInstructions: string | undefined;
  /** Added to every URL. */
  readonly queryParams: Readonly<Record<string, string>>;
  readonly httpHeaders: Readonly<Record<string, string>>;
  /** Header name to variable; sent only when the variable is set and not empty. */
  readonly envHttpHeaders: Readonly<Record<string, string>>;
  /** 0-100: attempts to get a stream after the first one. */
  readonly requestMaxRetries: number;
  /** 0-100: attempts to get a whole stream after the first one. */
  readonly streamMaxRetries: number;
  readonly streamIdleTimeoutMs: number;
  /** Whether the stored login, or `OPENAI_API_KEY`, is sent. */
  readonly requiresOpenaiAuth: boolean;
}

export interface ModelProviders {
  readonly providers: ReadonlyMap<string, ModelProvider>;
  readonly warnings: readonly ConfigProblem[];
}

export const DEFAULT_PROVIDER_ID = "openai";
export const OSS_PROVIDER_ID = "oss";
export const DEFAULT_OSS_MODEL = "gpt-oss:20b";

const OPENAI_BASE_URL = "https://api.openai.com/v1";
const OSS_DEFAULT_PORT = 11_434; // Ollama's
export const DEFAULT_OSS_BASE_URL = ossBaseUrl(String(OSS_DEFAULT_PORT));
const MAX_RETRIES = 100;

const DEFAULTS = {
  envKey: undefined,
  envKeyInstructions: undefined,
  queryParams: {},
  httpHeaders: {},
  envHttpHeaders: {},
  requestMaxRetries: 4,
  streamMaxRetries: 5,
  streamIdleTimeoutMs: 300_000,
  requiresOpenaiAuth: false,
} as const satisfies Partial<ModelProvider>;

/**
 * The built-in providers and the user's. Of an entry under a built-in id only `base_url` counts:
 * it is a way to point at a proxy, not to change what the provider is.
 */
export function listModelProviders(
  entries: Readonly<Record<string, ModelProviderToml>>,
  env: Environment,
): ModelProviders {
  const providers = new Map<string, ModelProvider>();
  const warnings: ConfigProblem[] = [];
  for (const builtIn of [openaiProvider(env), ossProvider(env)]) providers.set(builtIn.id, builtIn);
  for (const [id, entry] of Object.entries(entries)) {
    const builtIn = providers.get(id);
    if (builtIn === undefined) {
      providers.set(id, providerFromToml(id, entry));
      continue;
    }
    warnings.push({ key: ["model_providers", id], complaint: describeBuiltIn(id) });
    if (entry.base_url === undefined || hasBaseUrlInEnvironment(id, env)) continue;
    providers.set(id, { ...builtIn, baseUrl: trimSlashes(entry.base_url) });
  }
  return { providers, warnings };
}

/** A complaint about an address that no request could be sent to, or `undefined`. */
export function describeBadBaseUrl(provider: ModelProvider): string | undefined {
  const url = URL.parse(provider.baseUrl);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return undefined;
  return `expected a URL that begins with http:// or https://, found ${quote(provider.baseUrl)}`;
}

function describeBuiltIn(id: string): string {
  return `${quote(id)} is built in: only base_url has an effect; choose another name for the rest`;
}

function hasBaseUrlInEnvironment(id: string, env: Environment): boolean {
  const names =
    id === DEFAULT_PROVIDER_ID ? ["OPENAI_BASE_URL"] : ["CODEX_OSS_BASE_URL", "CODEX_OSS_PORT"];
  return names.some((name) => nonEmpty(env[name]) !== undefined);
}

function openaiProvider(env: Environment): ModelProvider {
  return {
    ...DEFAULTS,
    id: DEFAULT_PROVIDER_ID,
    name: "OpenAI",
    baseUrl: trimSlashes(nonEmpty(env["OPENAI_BASE_URL"]) ?? OPENAI_BASE_URL),
    wireApi: "responses",
    envHttpHeaders: {
      "openai-organization": "OPENAI_ORGANIZATION",
      "openai-project": "OPENAI_PROJECT",
    },
    requiresOpenaiAuth: true,
  };
}

function ossBaseUrl(port: string): string {
  return `http://localhost:${port}/v1`;
}

function ossProvider(env: Environment): ModelProvider {
  const port = nonEmpty(env["CODEX_OSS_PORT"]) ?? String(OSS_DEFAULT_PORT);
  const baseUrl = nonEmpty(env["CODEX_OSS_BASE_URL"]) ?? ossBaseUrl(port);
  return {
    ...DEFAULTS,
    id: OSS_PROVIDER_ID,
    name: "gpt-oss",
    baseUrl: trimSlashes(baseUrl),
    wireApi: "chat",
  };
}

function providerFromToml(id: string, toml: ModelProviderToml): ModelProvider {
  return {
    id,
    name: toml.name,
    baseUrl: trimSlashes(toml.base_url ?? OPENAI_BASE_URL),
    wireApi: toml.wire_api ?? "chat",
    envKey: toml.env_key,
    envKeyInstructions: toml.env_key_instructions,
    queryParams: { ...toml.query_params },
    httpHeaders: { ...toml.http_headers },
    envHttpHeaders: { ...toml.env_http_headers },
    requestMaxRetries: retries(toml.request_max_retries ?? DEFAULTS.requestMaxRetries),
    streamMaxRetries: retries(toml.stream_max_retries ?? DEFAULTS.streamMaxRetries),
    streamIdleTimeoutMs: toml.stream_idle_timeout_ms ?? DEFAULTS.streamIdleTimeoutMs,
    requiresOpenaiAuth: toml.requires_openai_auth ?? DEFAULTS.requiresOpenaiAuth,
  };
}

function retries(count: number): number {
  return Math.min(count, MAX_RETRIES);
}

function trimSlashes(url: string): string {
  return url.replace(/\/+$/, "");
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}
