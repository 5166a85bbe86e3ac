/** `codex`: an interactive session, on a screen or line by line. */
import { writeSync } from "node:fs";
import type { Config } from "../config/config.ts";
import type { ConversationHost } from "./conversation-host.ts";
import { probeSandbox } from "./sandbox-probe.ts";
import type { ResumeChoice, TuiEnd, TuiOptions } from "./options.ts";
import { chooseFrontEnd } from "./front-end.ts";

/** Resolves when the session is over. Errors: only what no message was made for. */
export async function runTui(options: TuiOptions): Promise<TuiEnd> {
  const frontEnd = chooseFrontEnd(options);
  const { config, env } = options;
  const found = await findSession(config, options.resume);
  if (found.kind === "missing") {
    writeSync(2, `codex: ${found.problem}\n`);
    return { exitCode: 2, wantsDemo: false };
  }
  let opening: Promise<ConversationHost> | undefined;
  const loadManager = async () => (await (opening ??= openHost(env))).manager;
  const session = {
    options,
    loadManager,
    resumePath: found.path,
    isSandboxAvailable: probeSandbox(),
  };
  try {
    if (frontEnd === "screen") {
      const { runScreenSession } = await import("./screen-session.ts");
      return await runScreenSession(session);
    }
    const { runLineSession } = await import("./line-session.ts");
    return await runLineSession(session);
  } finally {
    await (await opening)?.close();
  }
}

async function openHost(env: TuiOptions["env"]): Promise<ConversationHost> {
  const { openConversationHost } = await import("./conversation-host.ts");
  return openConversationHost(env);
}

type FoundSession =
  /** Undefined: a new one. */
  | { readonly kind: "found"; readonly path: string | undefined }
  | { readonly kind: "missing"; readonly problem: string };

async function findSession(
  { codexHome, experimentalResume }: Config,
  resume: ResumeChoice | undefined,
): Promise<FoundSession> {
  if (resume === undefined) return { kind: "found", path: experimentalResume };
  if (resume.kind === "choose") return { kind: "found", path: undefined };
  const [{ findLastRollout, findRollout }, { checkNotInUse }, { ResumeError }] = await Promise.all([
    import("../core/rollout-reader.ts"),
    import("../core/rollout-claim.ts"),
    import("../core/resume-error.ts"),
  ]);
  try {
    const path =
      resume.kind === "last" ? findLastRollout(codexHome) : findRollout(codexHome, resume.id);
    // Asked again when it is taken up. Here the prompt does not go to a new session instead.
    checkNotInUse(path);
    return { kind: "found", path };
  } catch (error) {
    if (!(error instanceof ResumeError)) throw error;
    return { kind: "missing", problem: error.message };
  }
}
