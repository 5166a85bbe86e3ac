/**
 * Recognizes configurations in which nothing is wrong, without loading zod: that takes 3 ms, a tenth
 * of a start. Whatever it does not recognize is left to the schemas of `config-toml.ts`, which can
 * also tell what is wrong. `test/config/every-key.test.ts` holds the two against each other.
 */
import type { ApprovalPolicy } from "../protocol/approval.ts";
import type { ReasoningEffort, ReasoningSummary } from "../protocol/reasoning.ts";
import { SANDBOX_MODES } from "../protocol/sandbox-policy.ts";
import type { ConfigToml, ProfileToml } from "./config-toml.ts";
import { isArray, isTable, type TomlTable, type TomlValue } from "./toml-value.ts";

/** Whether a value is one that its key may have. */
type Check = (value: TomlValue) => boolean;

type Checks<T> = { readonly [Key in keyof T]-?: Check };

/** Whether the schemas would take the document as it is, without an error or an unknown key. */
export function isPlainConfig(document: TomlTable): document is TomlTable & ConfigToml {
  return hasOnly(document, CONFIG);
}

const isText: Check = (value) => typeof value === "string";
const isFlag: Check = (value) => typeof value === "boolean";
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isSeconds: Check = (value) => Number.isFinite(value) && Number(value) > 0;
const isTexts: Check = (value) => isArray(value) && value.every(isText);
const isTextMap: Check = (value) => isTable(value) && Object.values(value).every(isText);
const isVariables: Check = (value) =>
  isTable(value) && Object.entries(value).every(([name, text]) => isVariable(name, text));

function isVariable(name: string, value: TomlValue): boolean {
  return name !== "" && !/[=\0]/.test(name) && typeof value === "string" && !value.includes("\0");
}

function oneOf(choices: readonly string[]): Check {
  return (value) => typeof value === "string" && choices.includes(value);
}

function table(checks: Readonly<Record<string, Check>>): Check {
  return (value) => isTable(value) && hasOnly(value, checks);
}

function tablesByName(checks: Readonly<Record<string, Check>>, required?: string): Check {
  return (value) =>
    isTable(value) &&
    Object.values(value).every(
      (entry) =>
        isTable(entry) &&
        hasOnly(entry, checks) &&
        (required === undefined || entry[required] !== undefined),
    );
}

function hasOnly(value: TomlTable, checks: Readonly<Record<string, Check>>): boolean {
  return Object.entries(value).every(
    ([key, inner]) => Object.hasOwn(checks, key) && checks[key]?.(inner) === true,
  );
}

type Inner<Key extends keyof ConfigToml> = NonNullable<ConfigToml[Key]>;
type Entry<Key extends "mcp_servers" | "model_providers" | "projects"> = Inner<Key>[string];

const isSandboxMode = oneOf(SANDBOX_MODES);

const PROFILE = {
  model: isText,
  model_provider: isText,
  approval_policy: oneOf([
    "untrusted",
    "on-failure",
    "on-request",
    "never",
  ] satisfies readonly ApprovalPolicy[]),
  disable_response_storage: isFlag,
  model_reasoning_effort: oneOf([
    "minimal",
    "low",
    "medium",
    "high",
  ] satisfies readonly ReasoningEffort[]),
  model_reasoning_summary: oneOf([
    "auto",
    "concise",
    "detailed",
    "none",
  ] satisfies readonly ReasoningSummary[]),
  chatgpt_base_url: isText,
  experimental_instructions_file: isText,
} as const satisfies Checks<ProfileToml>;

/** The keys that a profile may set. */
export const PROFILE_KEYS: readonly string[] = Object.keys(PROFILE);

const WORKSPACE_WRITE = {
  writable_roots: isTexts,
  network_access: isFlag,
  exclude_tmpdir_env_var: isFlag,
  exclude_slash_tmp: isFlag,
} as const satisfies Checks<Inner<"sandbox_workspace_write">>;

const SANDBOX = {
  mode: isSandboxMode,
  writable_roots: isTexts,
  network_access: isFlag,
} as const satisfies Checks<Inner<"sandbox">>;

const SHELL_ENVIRONMENT = {
  inherit: oneOf(["core", "all", "none"] satisfies readonly NonNullable<
    Inner<"shell_environment_policy">["inherit"]
  >[]),
  ignore_default_excludes: isFlag,
  exclude: isTexts,
  set: isVariables,
  include_only: isTexts,
  experimental_use_profile: isFlag,
} as const satisfies Checks<Inner<"shell_environment_policy">>;

const MCP_SERVER = {
  command: isText,
  args: isTexts,
  env: isVariables,
  cwd: isText,
  url: isText,
  bearer_token_env_var: isText,
  http_headers: isTextMap,
  env_http_headers: isTextMap,
  startup_timeout_sec: isSeconds,
  tool_timeout_sec: isSeconds,
  enabled: isFlag,
  enabled_tools: isTexts,
  disabled_tools: isTexts,
} as const satisfies Checks<Entry<"mcp_servers">>;

const MODEL_PROVIDER = {
  name: isText,
  base_url: isText,
  env_key: isText,
  env_key_instructions: isText,
  wire_api: oneOf(["responses", "chat"] satisfies readonly NonNullable<
    Entry<"model_providers">["wire_api"]
  >[]),
  query_params: isTextMap,
  http_headers: isTextMap,
  env_http_headers: isTextMap,
  request_max_retries: isCount,
  stream_max_retries: isCount,
  stream_idle_timeout_ms: isCount,
  requires_openai_auth: isFlag,
} as const satisfies Checks<Entry<"model_providers">>;

const PROJECT = { trust_level: isText } as const satisfies Checks<Entry<"projects">>;

const HISTORY = {
  persistence: oneOf(["save-all", "none"] satisfies readonly NonNullable<
    Inner<"history">["persistence"]
  >[]),
  max_bytes: isCount,
} as const satisfies Checks<Inner<"history">>;

const TUI = {
  notifications: (value) => isFlag(value) || isTexts(value),
  animations: isFlag,
  screen_reader: isFlag,
  theme: isText,
} as const satisfies Checks<Inner<"tui">>;

const CONFIG = {
  ...PROFILE,
  model_context_window: isCount,
  model_max_output_tokens: isCount,
  model_supports_reasoning_summaries: isFlag,
  sandbox_mode: isSandboxMode,
  sandbox_workspace_write: table(WORKSPACE_WRITE),
  sandbox: table(SANDBOX),
  shell_environment_policy: table(SHELL_ENVIRONMENT),
  notify: isTexts,
  instructions: isText,
  mcp_servers: tablesByName(MCP_SERVER),
  model_providers: tablesByName(MODEL_PROVIDER, "name"),
  project_doc_max_bytes: isCount,
  profile: isText,
  profiles: tablesByName(PROFILE),
  history: table(HISTORY),
  file_opener: oneOf([
    "vscode",
    "vscode-insiders",
    "windsurf",
    "cursor",
    "none",
  ] satisfies readonly Inner<"file_opener">[]),
  tui: table(TUI),
  hide_agent_reasoning: isFlag,
  show_raw_agent_reasoning: isFlag,
  experimental_resume: isText,
  responses_originator_header_internal_override: isText,
  projects: tablesByName(PROJECT),
  preferred_auth_method: oneOf([
    "chatgpt",
    "apikey",
  ] satisfies readonly Inner<"preferred_auth_method">[]),
} as const satisfies Checks<ConfigToml>;
