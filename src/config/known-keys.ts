/** Which keys each table of the configuration knows, and what to say about the others. */
import {
  configTomlShape,
  historyTomlShape,
  mcpServerTomlShape,
  modelProviderTomlShape,
  profileTomlShape,
  projectTomlShape,
  sandboxTomlShape,
  shellEnvironmentPolicyTomlShape,
  tuiTomlShape,
  workspaceWriteTomlShape,
} from "./config-toml.ts";
import { nearestName } from "./nearest-name.ts";
import { formatPath, quote, type TomlPath } from "./toml-value.ts";

const SUBTABLES: Readonly<Record<string, object>> = {
  history: historyTomlShape,
  sandbox: sandboxTomlShape,
  sandbox_workspace_write: workspaceWriteTomlShape,
  shell_environment_policy: shellEnvironmentPolicyTomlShape,
  tui: tuiTomlShape,
};

/** Tables whose own keys are names that the user chooses. */
const NAMED_SUBTABLES: Readonly<Record<string, object>> = {
  mcp_servers: mcpServerTomlShape,
  model_providers: modelProviderTomlShape,
  profiles: profileTomlShape,
  projects: projectTomlShape,
};

/** Written by users of later versions: not a mistake of theirs, but without effect here. */
const LATER_KEYS: ReadonlySet<string> = new Set([
  "approvals_reviewer",
  "check_for_update_on_startup",
  "cli_auth_credentials_store",
  "disable_paste_burst",
  "experimental_use_exec_command_tool",
  "features",
  "forced_chatgpt_workspace_id",
  "forced_login_method",
  "include_apply_patch_tool",
  "include_plan_tool",
  "model_auto_compact_token_limit",
  "model_verbosity",
  "project_doc_fallback_filenames",
  "review_model",
  "tool_output_token_limit",
  "tools",
  "web_search",
]);

/** The keys of the table at `path`, empty for tables that are not ours. */
export function knownKeys(path: TomlPath): readonly string[] {
  const [first, , ...deeper] = path;
  if (first === undefined) return Object.keys(configTomlShape);
  if (typeof first !== "string" || deeper.length > 0) return [];
  const shape = path.length === 1 ? SUBTABLES[first] : NAMED_SUBTABLES[first];
  return Object.keys(shape ?? {});
}

/** Whether a later version of codex reads this key. */
export function isLaterKey(path: TomlPath, key: string): boolean {
  return path.length === 0 && LATER_KEYS.has(key);
}

/** A phrase for a warning about `key` in the table at `path`. */
export function describeUnknownKey(path: TomlPath, key: string): string {
  if (isLaterKey(path, key)) return "has no effect in this version";
  if (path[0] === "profiles" && Object.hasOwn(configTomlShape, key)) {
    return `profiles cannot set it, ignored; set ${quote(key)} at the top level`;
  }
  const near = nearestName(key, knownKeys(path));
  if (near !== undefined) return `unknown key, ignored; did you mean ${quote(near)}?`;
  const elsewhere = tablesWithKey(key);
  if (elsewhere !== undefined) return `unknown key, ignored; did you mean ${quote(elsewhere)}?`;
  return "unknown key, ignored";
}

/** A key that stands in the wrong table, usually since it was written below a table's header. */
function tablesWithKey(key: string): string | undefined {
  if (Object.hasOwn(configTomlShape, key)) return key;
  const table = Object.keys(SUBTABLES).find((name) => knownKeys([name]).includes(key));
  return table === undefined ? undefined : formatPath([table, key]);
}
