/** `codex` without a command: an interactive session. `codex resume`: one that goes on. */
import { resolve } from "node:path";
import { isatty } from "node:tty";
import type { ResumeChoice } from "../tui/options.ts";
import { colorChoice, configInput, loadWorkConfig } from "./conversation-settings.ts";
import { imagePaths } from "./exec-command.ts";
import { hasFlag, type Invocation, UsageError } from "./invocation.ts";
import { complain } from "./output.ts";
import { readProcessContext } from "./process-context.ts";

const EXIT_USAGE = 2;

/** Errors: UsageError, ConfigError. */
export async function runTuiCommand(invocation: Invocation): Promise<number> {
  const task = readTask(invocation);
  const color = colorChoice(invocation);
  if (!isatty(0) || !isatty(1)) {
    complain('Cannot start a session: this is no terminal; "codex exec PROMPT" needs none');
    return EXIT_USAGE;
  }
  const context = readProcessContext();
  const { env } = context;
  // Loading takes longer than reading the configuration: both at once.
  const loading = import("../tui/run.ts");
  const config = await loadWorkConfig(invocation, context);
  const { runTui } = await loading;
  const imagesGiven = imagePaths(invocation).map((path) => resolve(context.cwd, path));
  const end = await runTui({
    config,
    reload: async (flags) => {
      const { loadConfig } = await import("../config/config.ts");
      const input = configInput(invocation, context);
      return loadConfig({ ...input, flags: { ...input.flags, ...flags } });
    },
    env,
    prompt:
      task.prompt === undefined && imagesGiven.length === 0
        ? undefined
        : { text: task.prompt ?? "", imagePaths: imagesGiven },
    resume: task.resume,
    isScreenReader: hasFlag(invocation, "--screen-reader"),
    color,
  });
  if (!end.wantsDemo) return end.exitCode;
  const { runDemo } = await import("../exec-mode/demo.ts");
  return runDemo({ env, color, json: false });
}

interface Task {
  readonly prompt: string | undefined;
  readonly resume: ResumeChoice | undefined;
}

function readTask(invocation: Invocation): Task {
  const { path, words } = invocation;
  const [first, second] = words;
  if (path[0] !== "resume") return { prompt: first, resume: undefined };
  if (!hasFlag(invocation, "--last")) {
    const resume: ResumeChoice =
      first === undefined ? { kind: "choose" } : { kind: "id", id: first };
    return { prompt: second, resume };
  }
  if (second !== undefined) {
    throw new UsageError(path, 'Both a session and "--last" are given; expected one of them');
  }
  return { prompt: first, resume: { kind: "last" } };
}
