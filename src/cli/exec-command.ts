/** `codex exec` and `codex exec resume`: one prompt, nobody asked. */
import type { ExecOptions, ResumeTarget } from "../exec-mode/options.ts";
import { colorChoice, loadWorkConfig } from "./conversation-settings.ts";
import { parseDurationMs } from "./duration.ts";
import { flagText, flagTexts, hasFlag, type Invocation, UsageError } from "./invocation.ts";
import { readProcessContext } from "./process-context.ts";

/** Errors: UsageError, ConfigError. */
export async function runExecCommand(invocation: Invocation): Promise<number> {
  if (hasFlag(invocation, "--print-schema")) {
    const { printSchema } = await import("../exec-mode/json-schema.ts");
    return printSchema();
  }
  const task = readTask(invocation);
  const timeoutMs = readTimeout(invocation);
  const context = readProcessContext();
  const options: ExecOptions = {
    config: await loadWorkConfig(invocation, context),
    env: context.env,
    ...task,
    images: imagePaths(invocation),
    skipGitRepoCheck: hasFlag(invocation, "--skip-git-repo-check"),
    color: colorChoice(invocation),
    json: hasFlag(invocation, "--json"),
    lastMessageFile: flagText(invocation, "--output-last-message"),
    failOnDenial: hasFlag(invocation, "--fail-on-denial"),
    timeoutMs,
    replayFile: flagText(invocation, "--replay"),
    recordFile: flagText(invocation, "--record"),
  };
  const { runExec } = await import("../exec-mode/run.ts");
  return runExec(options);
}

interface Task {
  readonly prompt: string | undefined;
  readonly resume: ResumeTarget | undefined;
}

function readTask(invocation: Invocation): Task {
  const { path, words } = invocation;
  const [first, second] = words;
  if (path[1] !== "resume") return { prompt: first, resume: undefined };
  if (!hasFlag(invocation, "--last")) {
    if (first === undefined) {
      throw new UsageError(path, 'Which session? Give its id, or "--last" for the latest');
    }
    return { prompt: second, resume: { kind: "id", id: first } };
  }
  if (second !== undefined) {
    throw new UsageError(path, 'Both a session and "--last" are given; expected one of them');
  }
  return { prompt: first, resume: { kind: "last" } };
}

function readTimeout(invocation: Invocation): number | undefined {
  const written = flagText(invocation, "--timeout");
  if (written === undefined) return undefined;
  const timeoutMs = parseDurationMs(written);
  if (timeoutMs !== undefined) return timeoutMs;
  const expected = "expected a time such as 90, 90s, 5m or 1h";
  const message = `Option "--timeout <TIME>": ${expected}, found ${JSON.stringify(written)}`;
  throw new UsageError(invocation.path, message);
}

/** One flag may name several files. */
export function imagePaths(invocation: Invocation): readonly string[] {
  return flagTexts(invocation, "--image")
    .flatMap((text) => text.split(","))
    .filter((path) => path !== "");
}
