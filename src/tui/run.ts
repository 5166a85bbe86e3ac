/** `codex`: an interactive session, on a screen or line by line. */
import { writeSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { ConversationManager } from "../core/conversation-manager.ts";
import { localMachine } from "../core/local-machine.ts";
import { findLastRollout, findRollout, ResumeError } from "../core/rollout-reader.ts";
import { wholeEnvironment } from "../linux-sandbox/run.ts";
import { endAllCommands, killAllCommandsNow } from "../process/running-commands.ts";
import { probeSandbox } from "./sandbox-probe.ts";
import type { ResumeChoice, TuiEnd, TuiOptions } from "./options.ts";
import { chooseFrontEnd } from "./front-end.ts";

/** Resolves when the session is over. Errors: only what no message was made for. */
export async function runTui(options: TuiOptions): Promise<TuiEnd> {
  const frontEnd = chooseFrontEnd(options);
  const { config, env } = options;
  let resumePath: string | undefined;
  try {
    resumePath = resumePathOf(config, options.resume);
  } catch (error) {
    if (!(error instanceof ResumeError)) throw error;
    writeSync(2, `codex: ${error.message}\n`);
    return { exitCode: 2, wantsDemo: false };
  }
  const machine = localMachine({
    env,
    inheritedEnvironment: wholeEnvironment(),
    executable: process.execPath,
    helperPath: "/proc/self/exe",
  });
  process.on("exit", killAllCommandsNow);
  try {
    const manager = new ConversationManager(machine);
    const session = { options, manager, resumePath, isSandboxAvailable: probeSandbox() };
    if (frontEnd === "screen") {
      const { runScreenSession } = await import("./screen-session.ts");
      return await runScreenSession(session);
    }
    const { runLineSession } = await import("./line-session.ts");
    return await runLineSession(session);
  } finally {
    await endAllCommands();
    process.off("exit", killAllCommandsNow);
    machine.close();
  }
}

/** Errors: ResumeError. */
function resumePathOf(config: Config, resume: ResumeChoice | undefined): string | undefined {
  const { codexHome, experimentalResume } = config;
  switch (resume?.kind) {
    case undefined:
      return experimentalResume;
    case "choose":
      return undefined;
    case "last":
      return findLastRollout(codexHome);
    case "id":
      return findRollout(codexHome, resume.id);
  }
}
