/** What has to be settled before a session: a way to reach a model, and trust in the directory. */
import { ApiKey } from "../auth/api-key.ts";
import { AuthError, findCredential, storeApiKey } from "../auth/auth.ts";
import type { Environment } from "../config/codex-home.ts";
import type { Config, ConfigFlags } from "../config/config.ts";
import { ConfigError } from "../config/config-error.ts";
import { storeTrust } from "../config/trust-store.ts";
import { findRepositoryRoot, trustRoot } from "../config/trust.ts";
import { doneCell, failedCell } from "./cells.ts";
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
  const login = await settleLogin(input, ui);
  if (login.kind !== "ready") return login;
  return settleTrust({ ...input, ...login }, ui);
}

type LoginResult = Exclude<FirstRunResult, { kind: "ready" }> | ReadyLogin;

interface ReadyLogin {
  readonly kind: "ready";
  readonly config: Config;
  readonly reload: FirstRunInput["reload"];
}

async function settleLogin(input: FirstRunInput, ui: Ui): Promise<LoginResult> {
  const { config, env, reload } = input;
  for (;;) {
    const problem = missingCredential(config, env, ui);
    if (problem === undefined) return { kind: "ready", config, reload };
    const mayStore = config.modelProvider.envKey === undefined;
    const choice = await ui.choose({
      title: "How should a model be reached?",
      text: [problem],
      choices: [
        ...(mayStore
          ? [{ id: "key", label: "Enter an API key", detail: "stored in auth.json, for you alone" }]
          : []),
        { id: "oss", label: "Use a local server", detail: "Ollama; the same as --oss" },
        {
          id: "demo",
          label: "Watch the demo",
          detail: "no key, no network; a recorded model, a real sandbox",
        },
        { id: "quit", label: "Quit" },
      ],
    });
    if (choice === "key") await enterKey(config, ui);
    else if (choice === "oss") {
      const local = await reload({ oss: true });
      if (await isReachable(local.modelProvider.baseUrl)) {
        ui.print(
          doneCell(`Using the local server at ${local.modelProvider.baseUrl}`, ui.cellContext),
        );
        return { kind: "ready", config: local, reload: (flags) => reload({ ...flags, oss: true }) };
      }
      const address = local.modelProvider.baseUrl;
      ui.print(
        failedCell(
          `No server answers at ${address}: start it ("ollama serve"), then choose again`,
          ui.cellContext,
        ),
      );
    } else if (choice === "demo") return { kind: "demo" };
    else return { kind: "quit" };
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

async function enterKey({ codexHome }: Config, ui: Ui): Promise<void> {
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
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    ui.print(failedCell(error.message, ui.cellContext));
  }
}

const CONNECT_LIMIT_MS = 1000;

/** Whether something listens there. */
async function isReachable(baseUrl: string): Promise<boolean> {
  const { connect } = await import("node:net");
  const { hostname, port, protocol } = new URL(baseUrl);
  const number = port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replaceAll(/^\[|\]$/gu, ""), port: number });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(CONNECT_LIMIT_MS, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}

async function settleTrust({ config, reload }: FirstRunInput, ui: Ui): Promise<FirstRunResult> {
  if (config.trust === "trusted")
    return { kind: "ready", config: await trustedConfig(config, reload) };
  if (config.trust === "untrusted") return { kind: "ready", config };
  const root = trustRoot(config.cwd);
  const isRepository = findRepositoryRoot(root) !== undefined;
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
      { id: "trust", label: "Trust it", detail: describePolicy(trusted) },
      {
        id: "ask",
        label: "Do not",
        detail: "read-only; you are asked before anything is changed (on-request)",
      },
      { id: "quit", label: "Quit", detail: "nothing is stored" },
    ],
    preselected: isRepository ? 0 : 1,
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
  return config.isSandboxChosen ? config : reload({ sandboxMode: "workspace-write" });
}

function describePolicy({ sandboxPolicy, approvalPolicy }: Config): string {
  const what =
    sandboxPolicy.mode === "workspace-write"
      ? "commands may write here and in the temporary directories"
      : sandboxPolicy.mode;
  return `${what}; you are asked ${approvalPolicy === "never" ? "nothing" : "before they leave the sandbox"} (${approvalPolicy})`;
}
