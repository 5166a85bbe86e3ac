/** What has to be settled before a session: a way to reach a model, and trust in the directory. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

import { ApiKey } from "../auth/api-key.ts";
import { AuthError, findCredential, storeApiKey } from "../auth/auth.ts";
import { authFile, type Environment } from "../config/codex-home.ts";
import type { Config, ConfigFlags } from "../config/config.ts";
import { ConfigError } from "../config/config-error.ts";
import { OSS_PROVIDER_ID } from "../config/model-providers.ts";
import { storeTrust } from "../config/trust-store.ts";
import { trustRoot } from "../config/trust.ts";
import { ownerOnlyNote } from "../sandbox/windows-notice.ts";
import { doneCell, failedCell, noticeCell } from "./cells.ts";
import type { MenuRequest } from "./menu.ts";
import { sanitizeLine } from "./sanitize.ts";
import type { Ui } from "./ui.ts";

export type FirstRunResult =
  | { readonly kind: "ready"; readonly config: Config }
  | { readonly kind: "quit" }
  | { readonly kind: "demo" };

export interface FirstRunInput {
  readonly config: Config;
  readonly env: Environment;
  readonly reload: (flags: ConfigFlags) => Promise<Config>;
}

export async function settleFirstRun(input: FirstRunInput, ui: Ui): Promise<FirstRunResult> {
  const access = await settleAccess(input, ui);
  return access.kind === "ready" ? settleTrust({ ...input, config: access.config }, ui) : access;
}

/** A configuration with which a model can be asked. */
async function settleAccess(input: FirstRunInput, ui: Ui): Promise<FirstRunResult> {
  let { config } = input;
  for (;;) {
    const access = await checkAccess(config, input.env, ui);
    if (access.kind === "ready") return access;
    const choice = await ui.choose(accessMenu(input.config, access.problem));
    if (choice === "key") {
      ({ config } = input);
      await enterKey(config, input.env, ui);
    } else if (choice === "oss") {
      config = await input.reload({ oss: true });
    } else {
      return { kind: choice === "demo" ? "demo" : "quit" };
    }
  }
}

function accessMenu({ modelProvider }: Config, problem: string): MenuRequest {
  const key = {
    id: "key",
    word: "key",
    label: "Enter an API key",
    detail: "stored in auth.json, for you alone",
  };
  return {
    title: "How should a model be reached?",
    text: [problem],
    choices: [
      ...(modelProvider.requiresOpenaiAuth ? [key] : []),
      {
        id: "oss",
        word: "local",
        label: "Use a local server",
        detail: "Ollama or LM Studio; the same as --oss",
      },
      {
        id: "demo",
        word: "demo",
        label: "Watch the demo",
        detail: "no key, no network; a recorded model, a real sandbox",
      },
      { id: "quit", word: "quit", label: "Quit" },
    ],
    onEscape: "quits",
  };
}

type Access =
  | { readonly kind: "ready"; readonly config: Config }
  | { readonly kind: "missing"; readonly problem: string };

async function checkAccess(config: Config, env: Environment, ui: Ui): Promise<Access> {
  const problem = missingCredential(config, env, ui);
  if (problem !== undefined) return { kind: "missing", problem };
  if (config.modelProvider.id !== OSS_PROVIDER_ID) return { kind: "ready", config };
  const { findLocalProvider, LocalProviderError } = await import("../core/local-provider.ts");
  try {
    return { kind: "ready", config: await findLocalProvider(config) };
  } catch (error) {
    if (!(error instanceof LocalProviderError)) throw error;
    return { kind: "missing", problem: error.message };
  }
}

/** Undefined when a request can be made. */
function missingCredential(
  { modelProvider, codexHome }: Config,
  env: Environment,
  ui: Ui,
): string | undefined {
  const { envKey, name, requiresOpenaiAuth } = modelProvider;
  if (envKey !== undefined) {
    const isSet = (env[envKey]?.trim() ?? "") !== "";
    return isSet
      ? undefined
      : `${name} needs a key in the environment variable ${envKey}, which is not set.`;
  }
  if (!requiresOpenaiAuth) return undefined;
  try {
    const { kind } = findCredential(codexHome, env);
    if (kind === "api-key") return undefined;
    return kind === "none"
      ? "There is no API key yet: neither stored nor in OPENAI_API_KEY. Signing in with ChatGPT is not supported in this build."
      : "The stored login is one with ChatGPT, which is not supported in this build.";
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    ui.print(failedCell(error.message, ui.cellContext));
    return "The stored login cannot be read; a new key replaces it.";
  }
}

async function enterKey({ codexHome }: Config, env: Environment, ui: Ui): Promise<void> {
  const typed = await ui.readSecret("API key");
  if (typed === undefined) return;
  const key = ApiKey.parse(typed);
  if (key === undefined) {
    ui.print(
      failedCell("That is no API key: expected one word of printable characters", ui.cellContext),
    );
    return;
  }
  try {
    storeApiKey(codexHome, key);
    ui.print(doneCell("API key stored", ui.cellContext));
    const note = ownerOnlyNote(process.platform, authFile(codexHome), env["USERPROFILE"]);
    if (note !== undefined) ui.print(noticeCell(sanitizeLine(note), ui.cellContext));
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    ui.print(failedCell(error.message, ui.cellContext));
  }
}

/** An empty directory of that name, for one, keeps nothing. */
function isWorkTree(root: string): boolean {
  const pointerOrDirectory = join(root, ".git");
  try {
    return existsSync(join(pointerOrDirectory, "HEAD")) || statSync(pointerOrDirectory).isFile();
  } catch {
    return false;
  }
}

async function settleTrust({ config, reload }: FirstRunInput, ui: Ui): Promise<FirstRunResult> {
  if (config.trust === "trusted")
    return { kind: "ready", config: await trustedConfig(config, reload) };
  if (config.trust === "untrusted") return { kind: "ready", config };
  const root = trustRoot(config.cwd);
  const isRepository = isWorkTree(root);
  const trusted = await trustedConfig(config, reload);
  const choice = await ui.choose({
    title: "Do you trust this directory?",
    text: [
      sanitizeLine(root),
      isRepository
        ? "It is a git work tree: changes can be compared and undone."
        : "It is NOT a git work tree: nothing keeps what is overwritten.",
    ],
    choices: [
      { id: "trust", word: "trust", label: "Trust it", detail: describePolicy(trusted) },
      {
        id: "ask",
        word: "no",
        label: "Do not",
        detail: "read-only; you are asked before anything is changed (on-request)",
      },
      { id: "quit", word: "quit", label: "Quit", detail: "nothing is stored" },
    ],
    preselected: isRepository ? 0 : 1,
    onEscape: "quits",
  });
  if (choice !== "trust" && choice !== "ask") return { kind: "quit" };
  try {
    storeTrust(config.codexHome, config.cwd, choice === "trust" ? "trusted" : "untrusted");
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    ui.print(
      failedCell(`The answer holds for this session only. ${error.message}`, ui.cellContext),
    );
  }
  if (choice === "trust") return { kind: "ready", config: trusted };
  return {
    kind: "ready",
    config: { ...config, sandboxPolicy: { mode: "read-only" }, approvalPolicy: "on-request" },
  };
}

/** Trust means workspace-write, unless the user has chosen a sandbox elsewhere. */
async function trustedConfig(config: Config, reload: FirstRunInput["reload"]): Promise<Config> {
  if (config.isSandboxChosen) return config;
  const { sandboxPolicy } = await reload({ sandboxMode: "workspace-write" });
  return { ...config, sandboxPolicy };
}

function describePolicy({ sandboxPolicy, approvalPolicy }: Config): string {
  const what =
    sandboxPolicy.mode === "workspace-write"
      ? "commands may write here and in the temporary directories"
      : sandboxPolicy.mode;
  return `${what}; you are asked ${approvalPolicy === "never" ? "nothing" : "before they leave the sandbox"} (${approvalPolicy})`;
}
