/**
 * The configuration in force: defaults, then `config.toml`, the active profile, `-c`, flags. This
 * is the only merged form; whoever needs a setting takes it from here.
 */
import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import type { ShellEnvironmentPolicy } from "../process/exec-env.ts";
import type { ApprovalPolicy } from "../protocol/approval.ts";
import type { ReasoningEffort, ReasoningSummary } from "../protocol/reasoning.ts";
import type { SandboxMode, SandboxPolicy } from "../protocol/sandbox-policy.ts";
import { readBaseInstructions } from "./base-instructions.ts";
import type { Environment } from "./codex-home.ts";
import { ConfigError, type ConfigProblem, formatProblem, refusedKeys } from "./config-error.ts";
import { readConfigFile } from "./config-file.ts";
import type { ConfigToml } from "./config-toml.ts";
import { type FlagToml, type LoadedSettings, loadSettings } from "./load-settings.ts";
import { listMcpServers, type McpServer, type McpServers } from "./mcp-servers.ts";
import { findModelFamily, type ModelFamily } from "./model-families.ts";
import {
  DEFAULT_OSS_MODEL,
  DEFAULT_PROVIDER_ID,
  describeBadBaseUrl,
  listModelProviders,
  type ModelProvider,
  OSS_PROVIDER_ID,
} from "./model-providers.ts";
import type { ConfigOverride } from "./overrides.ts";
import { resolveSandbox, resolveShellEnvironment } from "./sandbox-settings.ts";
import { quote } from "./toml-value.ts";
import { findTrust, type TrustLevel, warnAboutTrustLevels } from "./trust.ts";
import { describeFileProblem } from "../runtime/file-problem.ts";

export interface Config {
  /** Absolute; need not exist. */
  readonly codexHome: string;
  /** Absolute; an existing directory. */
  readonly cwd: string;
  /** The name of the active profile. */
  readonly profile: string | undefined;

  readonly model: string;
  readonly modelFamily: ModelFamily;
  /** In tokens; `undefined` when nobody knows. */
  readonly modelContextWindow: number | undefined;
  /** In tokens. */
  readonly modelMaxOutputTokens: number | undefined;
  readonly modelReasoningEffort: ReasoningEffort;
  readonly modelReasoningSummary: ReasoningSummary;
  /** Whether requests ask for reasoning: by what is known of the model, or since the file says so. */
  readonly modelSupportsReasoning: boolean;
  readonly modelProvider: ModelProvider;
  readonly modelProviders: ReadonlyMap<string, ModelProvider>;
  readonly disableResponseStorage: boolean;
  readonly preferredAuthMethod: "chatgpt" | "apikey";
  /** Where a ChatGPT backend would be; nothing in this version speaks to one. */
  readonly chatgptBaseUrl: string | undefined;
  /** The `originator` header. */
  readonly originator: string;

  readonly approvalPolicy: ApprovalPolicy;
  readonly sandboxPolicy: SandboxPolicy;
  /** A flag or the file names a mode; else it is the default. */
  readonly isSandboxChosen: boolean;
  readonly shellEnvironmentPolicy: ShellEnvironmentPolicy;
  /** What the user has said about the repository of `cwd`. */
  readonly trust: TrustLevel | undefined;

  /** In place of our own instructions. */
  readonly baseInstructions: string | undefined;
  /** Bytes of all AGENTS.md of a project together; 0: none is read. */
  readonly projectDocMaxBytes: number;
  readonly mcpServers: readonly McpServer[];
  /** Program and arguments, run after each turn. */
  readonly notify: readonly string[] | undefined;
  readonly history: {
    readonly persistence: "save-all" | "none";
    readonly maxBytes: number | undefined;
  };
  /** Absolute path of a session to go on with. */
  readonly experimentalResume: string | undefined;

  readonly fileOpener: NonNullable<ConfigToml["file_opener"]>;
  readonly hideAgentReasoning: boolean;
  readonly showRawAgentReasoning: boolean;
  readonly tui: TuiConfig;

  /** One line each, for standard error. */
  readonly warnings: readonly string[];
}

export interface TuiConfig {
  /** A list names the kinds that are wanted. */
  readonly notifications: boolean | readonly string[];
  readonly animations: boolean;
  readonly screenReader: boolean;
  readonly theme: string | undefined;
}

/** What dedicated flags, or a client's parameters, ask for. */
export interface ConfigFlags {
  readonly model?: string | undefined;
  readonly profile?: string | undefined;
  /** The local provider, and its model unless one is given. */
  readonly oss?: boolean | undefined;
  readonly sandboxMode?: SandboxMode | undefined;
  readonly approvalPolicy?: ApprovalPolicy | undefined;
  /** Relative ones start at the working directory of the process. */
  readonly cd?: string | undefined;
  /** In place of our own instructions and of the file's. */
  readonly baseInstructions?: string | undefined;
}

export interface ConfigInput {
  /** From `findCodexHome`. */
  readonly codexHome: string;
  /** Working directory of the process, absolute. */
  readonly cwd: string;
  /** The user's home, for `~`. */
  readonly home: string;
  /** For the addresses of built-in providers; nothing else of it is a layer. */
  readonly env: Environment;
  /** Texts of `-c`, in order, or settings read with `overridesFromJson`. */
  readonly overrides?: readonly (string | ConfigOverride)[];
  readonly flags?: ConfigFlags;
  /** Whether a key that nobody knows is an error. */
  readonly isStrict?: boolean;
}

export const DEFAULT_MODEL = "gpt-5";
const DEFAULT_PROJECT_DOC_MAX_BYTES = 32_768;
const DEFAULT_ORIGINATOR = "codex_cli_rs";

/** Errors: ConfigError with file, line, column and key, or with the flag, of all that is wrong. */
export async function loadConfig(input: ConfigInput): Promise<Config> {
  const settings = await loadSettings(
    readConfigFile(input.codexHome),
    input.overrides ?? [],
    flagToml(input.flags ?? {}),
  );
  if (input.isStrict === true) refuseUnknownKeys(settings);
  const { config, warnings } = resolveConfig(settings, input);
  return { ...config, warnings: warnings.map((warning) => formatProblem(warning)) };
}

function refuseUnknownKeys({ warnings }: LoadedSettings): void {
  const [first, ...rest] = refusedKeys(warnings);
  if (first !== undefined) throw new ConfigError([first, ...rest]);
}

/** The keys that flags stand for. `--oss` stands for two. */
export function flagToml(flags: ConfigFlags): FlagToml {
  const model = flags.model ?? (flags.oss === true ? DEFAULT_OSS_MODEL : undefined);
  return {
    ...(model === undefined ? {} : { model }),
    ...(flags.oss === true ? { model_provider: OSS_PROVIDER_ID } : {}),
    ...(flags.profile === undefined ? {} : { profile: flags.profile }),
    ...(flags.sandboxMode === undefined ? {} : { sandbox_mode: flags.sandboxMode }),
    ...(flags.approvalPolicy === undefined ? {} : { approval_policy: flags.approvalPolicy }),
  };
}

function refuseServers({ errors }: McpServers, { placeOf }: LoadedSettings): void {
  const [first, ...rest] = errors.map((error) => ({ ...error, place: placeOf(error.key ?? []) }));
  if (first !== undefined) throw new ConfigError([first, ...rest]);
}

/** The configuration, and what to tell the user about it. */
export interface ResolvedConfig {
  readonly config: Omit<Config, "warnings">;
  readonly warnings: readonly ConfigProblem[];
}

/** Errors: ConfigError for what only shows when all settings are seen together. */
export function resolveConfig(settings: LoadedSettings, input: ConfigInput): ResolvedConfig {
  const { toml } = settings;
  const cwd = resolveWorkingDirectory(input.flags?.cd, input.cwd);
  const bases = { codexHome: input.codexHome, cwd, userHome: input.home };
  const model = resolveModel(settings, input.env);
  const sandbox = resolveSandbox(settings, bases);
  const mcp = listMcpServers(toml.mcp_servers ?? {}, cwd);
  refuseServers(mcp, settings);
  const projects = toml.projects ?? {};
  const derived = [...model.warnings, ...mcp.warnings, ...warnAboutTrustLevels(projects)];
  const config = {
    codexHome: input.codexHome,
    cwd,
    profile: toml.profile,
    ...model.config,
    ...outputSettings(toml),
    approvalPolicy: toml.approval_policy ?? "on-request",
    sandboxPolicy: sandbox.policy,
    isSandboxChosen: sandbox.isChosen,
    shellEnvironmentPolicy: resolveShellEnvironment(toml.shell_environment_policy),
    trust: findTrust(projects, cwd),
    baseInstructions: input.flags?.baseInstructions ?? readBaseInstructions(settings, cwd),
    projectDocMaxBytes: toml.project_doc_max_bytes ?? DEFAULT_PROJECT_DOC_MAX_BYTES,
    mcpServers: mcp.servers,
    notify: toml.notify,
    history: {
      persistence: toml.history?.persistence ?? "save-all",
      maxBytes: toml.history?.max_bytes,
    },
    experimentalResume: resolveOptional(cwd, toml.experimental_resume),
  };
  const placed = derived.map((warning) => ({
    ...warning,
    place: settings.placeOf(warning.key ?? []),
  }));
  return { config, warnings: [...settings.warnings, ...sandbox.warnings, ...placed] };
}

function resolveWorkingDirectory(cd: string | undefined, cwd: string): string {
  if (cd === undefined) return cwd;
  const path = resolve(cwd, cd);
  // The kernel has no such path, and Node throws for it.
  const isNone = cd === "" || cd.includes("\0");
  const problem = isNone ? "no such directory" : directoryProblem(path);
  if (problem === undefined) return path;
  const complaint = `${quote(cd)}: ${problem}`;
  throw new ConfigError([{ place: { kind: "argument", argument: "--cd" }, complaint }]);
}

/** Why nobody can work there. A directory that may not be entered hides what is in it. */
function directoryProblem(path: string): string | undefined {
  try {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status === undefined) return "no such directory";
    if (!status.isDirectory()) return "not a directory";
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    return describeFileProblem(error);
  }
}

type ModelConfig = Pick<
  Config,
  | "model"
  | "modelFamily"
  | "modelContextWindow"
  | "modelMaxOutputTokens"
  | "modelReasoningEffort"
  | "modelReasoningSummary"
  | "modelSupportsReasoning"
  | "modelProvider"
  | "modelProviders"
  | "disableResponseStorage"
  | "preferredAuthMethod"
  | "chatgptBaseUrl"
  | "originator"
>;

function resolveModel(settings: LoadedSettings, env: Environment) {
  const { toml } = settings;
  const { providers, warnings } = listModelProviders(toml.model_providers ?? {}, env);
  const modelFamily = findModelFamily(toml.model ?? DEFAULT_MODEL);
  const config: ModelConfig = {
    model: toml.model ?? DEFAULT_MODEL,
    modelFamily,
    modelContextWindow: toml.model_context_window ?? modelFamily.contextWindow,
    modelMaxOutputTokens: toml.model_max_output_tokens ?? modelFamily.maxOutputTokens,
    modelReasoningEffort: toml.model_reasoning_effort ?? "medium",
    modelReasoningSummary: toml.model_reasoning_summary ?? "auto",
    modelSupportsReasoning: supportsReasoning(modelFamily, toml),
    modelProvider: resolveProvider(settings, providers),
    modelProviders: providers,
    disableResponseStorage: toml.disable_response_storage ?? false,
    preferredAuthMethod: toml.preferred_auth_method ?? "chatgpt",
    chatgptBaseUrl: toml.chatgpt_base_url,
    originator: toml.responses_originator_header_internal_override ?? DEFAULT_ORIGINATOR,
  };
  return { config, warnings };
}

/** The file is asked only for models that the table does not know (as in 0.23.0). */
function supportsReasoning(family: ModelFamily, toml: ConfigToml): boolean {
  const isKnown = family.contextWindow !== undefined;
  return isKnown ? family.supportsReasoning : toml.model_supports_reasoning_summaries === true;
}

function resolveProvider(
  { toml, placeOf }: LoadedSettings,
  providers: ReadonlyMap<string, ModelProvider>,
): ModelProvider {
  const id = toml.model_provider ?? DEFAULT_PROVIDER_ID;
  const provider = providers.get(id);
  if (provider === undefined) {
    const known = [...providers.keys()].map((name) => quote(name)).join(", ");
    const complaint = `Model provider ${quote(id)} not found; there are ${known}`;
    const key = ["model_provider"];
    throw new ConfigError([{ place: placeOf(key), key, complaint }]);
  }
  const complaint = describeBadBaseUrl(provider);
  if (complaint === undefined) return provider;
  const key = ["model_providers", id, "base_url"];
  throw new ConfigError([{ place: placeOf(key), key, complaint }]);
}

function outputSettings(toml: ConfigToml) {
  return {
    fileOpener: toml.file_opener ?? "vscode",
    hideAgentReasoning: toml.hide_agent_reasoning ?? false,
    showRawAgentReasoning: toml.show_raw_agent_reasoning ?? false,
    tui: {
      notifications: toml.tui?.notifications ?? true,
      animations: toml.tui?.animations ?? true,
      screenReader: toml.tui?.screen_reader ?? false,
      theme: toml.tui?.theme,
    },
  };
}

function resolveOptional(base: string, path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(base, path);
}
