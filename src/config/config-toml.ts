/**
 * Exactly what a `config.toml` may say. Everything is optional and nothing has a default here:
 * see `config.ts` for those. Names are those of the file, hence snake_case.
 *
 * Source: the keys of codex 0.23.0, found by probing it.
 */
import * as z from "zod/mini";
import { approvalPolicySchema } from "../protocol/approval.ts";
import { reasoningEffortSchema, reasoningSummarySchema } from "../protocol/reasoning.ts";
import { SANDBOX_MODES } from "../protocol/sandbox-policy.ts";

const text = z.optional(z.string());
const flag = z.optional(z.boolean());
const texts = z.optional(z.array(z.string()));
const textMap = z.optional(z.record(z.string(), z.string()));
/** Variables: what execve(2) cannot pass on would end up in other variables, or in none. */
const variables = z.optional(
  z.record(z.string().check(z.regex(/^[^=\0]+$/)), z.string().check(z.regex(/^[^\0]*$/))),
);
const count = z.optional(z.int().check(z.nonnegative()));
/** Fractions are allowed, no time at all is not. */
const seconds = z.optional(z.number().check(z.positive()));
const sandboxMode = z.optional(z.enum(SANDBOX_MODES));

export const sandboxTomlShape = { mode: sandboxMode, writable_roots: texts, network_access: flag };

export const workspaceWriteTomlShape = {
  writable_roots: texts,
  network_access: flag,
  exclude_tmpdir_env_var: flag,
  exclude_slash_tmp: flag,
};

export const shellEnvironmentPolicyTomlShape = {
  inherit: z.optional(z.enum(["core", "all", "none"])),
  ignore_default_excludes: flag,
  exclude: texts,
  set: variables,
  include_only: texts,
  experimental_use_profile: flag,
};

/** A program with `command`, or a server elsewhere with `url`: see `mcp-servers.ts`. */
export const mcpServerTomlShape = {
  command: text,
  args: texts,
  env: variables,
  cwd: text,
  url: text,
  bearer_token_env_var: text,
  http_headers: textMap,
  env_http_headers: textMap,
  startup_timeout_sec: seconds,
  tool_timeout_sec: seconds,
  enabled: flag,
  enabled_tools: texts,
  disabled_tools: texts,
};

export const modelProviderTomlShape = {
  name: z.string(),
  base_url: text,
  env_key: text,
  env_key_instructions: text,
  wire_api: z.optional(z.enum(["responses", "chat"])),
  query_params: textMap,
  http_headers: textMap,
  env_http_headers: textMap,
  request_max_retries: count,
  stream_max_retries: count,
  stream_idle_timeout_ms: count,
  requires_openai_auth: flag,
};

export const projectTomlShape = { trust_level: text };

export const historyTomlShape = {
  persistence: z.optional(z.enum(["save-all", "none"])),
  max_bytes: count,
};

/** 0.23.0 reads nothing of this table; these are ours, and two that later versions know. */
export const tuiTomlShape = {
  notifications: z.optional(z.union([z.boolean(), z.array(z.string())])),
  animations: flag,
  screen_reader: flag,
  theme: text,
};

/** What a profile may set; the rest of the keys belongs to the top level. */
export const profileTomlShape = {
  model: text,
  model_provider: text,
  approval_policy: z.optional(approvalPolicySchema),
  disable_response_storage: flag,
  model_reasoning_effort: z.optional(reasoningEffortSchema),
  model_reasoning_summary: z.optional(reasoningSummarySchema),
  chatgpt_base_url: text,
  experimental_instructions_file: text,
};

export const configTomlShape = {
  ...profileTomlShape,
  model_context_window: count,
  model_max_output_tokens: count,
  model_supports_reasoning_summaries: flag,
  sandbox_mode: sandboxMode,
  sandbox_workspace_write: z.optional(z.strictObject(workspaceWriteTomlShape)),
  sandbox: z.optional(z.strictObject(sandboxTomlShape)),
  shell_environment_policy: z.optional(z.strictObject(shellEnvironmentPolicyTomlShape)),
  notify: texts,
  instructions: text,
  mcp_servers: z.optional(z.record(z.string(), z.strictObject(mcpServerTomlShape))),
  model_providers: z.optional(z.record(z.string(), z.strictObject(modelProviderTomlShape))),
  project_doc_max_bytes: count,
  profile: text,
  profiles: z.optional(z.record(z.string(), z.strictObject(profileTomlShape))),
  history: z.optional(z.strictObject(historyTomlShape)),
  file_opener: z.optional(z.enum(["vscode", "vscode-insiders", "windsurf", "cursor", "none"])),
  tui: z.optional(z.strictObject(tuiTomlShape)),
  hide_agent_reasoning: flag,
  show_raw_agent_reasoning: flag,
  experimental_resume: text,
  responses_originator_header_internal_override: text,
  projects: z.optional(z.record(z.string(), z.strictObject(projectTomlShape))),
  preferred_auth_method: z.optional(z.enum(["chatgpt", "apikey"])),
};

export const configTomlSchema = z.strictObject(configTomlShape);

export type ConfigToml = z.infer<typeof configTomlSchema>;
export type SandboxToml = NonNullable<ConfigToml["sandbox"]>;
export type WorkspaceWriteToml = NonNullable<ConfigToml["sandbox_workspace_write"]>;
export type ShellEnvironmentPolicyToml = NonNullable<ConfigToml["shell_environment_policy"]>;
export type McpServerToml = NonNullable<ConfigToml["mcp_servers"]>[string];
export type ModelProviderToml = NonNullable<ConfigToml["model_providers"]>[string];
export type ProfileToml = NonNullable<ConfigToml["profiles"]>[string];
export type ProjectToml = NonNullable<ConfigToml["projects"]>[string];
