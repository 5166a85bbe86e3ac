/** `codex exec`: one prompt, nobody asked, an exit code that tells the truth. */
import { writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { wantsColors } from "../config/color-choice.ts";
import type { Config } from "../config/config.ts";
import type { CodexConversation } from "../core/codex-conversation.ts";
import { ConversationManager, type NewConversation } from "../core/conversation-manager.ts";
import { findLocalProvider, LocalProviderError } from "../core/local-provider.ts";
import { localMachine } from "../core/local-machine.ts";
import { ResumeError } from "../core/resume-error.ts";
import { findLastRollout, findRollout } from "../core/rollout-reader.ts";
import { endAllCommands } from "../process/running-commands.ts";
import { wholeEnvironment } from "../linux-sandbox/inherited-environment.ts";
import type { InputItem } from "../protocol/submission.ts";
import { sandboxNotice } from "../sandbox/windows-notice.ts";
import type { EventPrinter } from "./event-printer.ts";
import { EXIT, ExecUsageError } from "./exit-code.ts";
import { describeFileProblem } from "../runtime/file-problem.ts";
import { humanPrinter } from "./human-output.ts";
import type { ModelSource } from "./loopback-server.ts";
import { jsonPrinter } from "./json-output.ts";
import type { ExecOptions, ResumeTarget } from "./options.ts";
import { printable } from "./styles.ts";
import { OutputStream } from "./output-stream.ts";
import { checkImages, checkLastMessageFile, checkRepository, readPrompt } from "./prompt.ts";
import { watchStopRequests } from "./stop-requests.ts";

/** Resolves with the exit code (see exit-code.ts). Errors: only what no message was made for. */
export async function runExec(options: ExecOptions): Promise<number> {
  const stdout = new OutputStream(1);
  const stderr = new OutputStream(2);
  const complain = (message: string): void => stderr.write(`codex: ${printable(message)}\n`);
  try {
    const code = await new ExecRun(options, stdout, stderr, complain).run();
    await stdout.flush();
    if (stdout.failure === null) return code;
    complain(`Cannot write to standard output: ${stdout.failure}`);
    return code === EXIT.finished ? EXIT.failed : code;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = exitCodeOf(error);
    if (code === undefined) throw error;
    complain(error.message);
    return code;
  } finally {
    await Promise.all([stdout.flush(), stderr.flush()]);
  }
}

/** Of what ends a run before it begins; undefined: nobody has foreseen it. */
function exitCodeOf(error: Error): number | undefined {
  if (error instanceof ExecUsageError || error instanceof ResumeError) return EXIT.usage;
  return error instanceof LocalProviderError ? EXIT.failed : undefined;
}

interface Outcome {
  readonly lastMessage: string | null;
  readonly hasFailed: boolean;
}

class ExecRun {
  readonly #options: ExecOptions;
  readonly #stdout: OutputStream;
  readonly #stderr: OutputStream;
  readonly #complain: (message: string) => void;

  constructor(
    options: ExecOptions,
    stdout: OutputStream,
    stderr: OutputStream,
    complain: (message: string) => void,
  ) {
    this.#options = options;
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#complain = complain;
  }

  async run(): Promise<number> {
    const options = this.#options;
    this.#check();
    const prompt = await readPrompt({
      argument: options.prompt,
      stdin: process.stdin,
      isStdinTerminal: process.stdin.isTTY,
      note: (message) => this.#stderr.write(`${printable(message)}\n`),
    });
    const source = await this.#modelSource(execConfig(options.config));
    try {
      return await this.#converse(source, prompt);
    } finally {
      await source.close();
    }
  }

  /** Errors: ExecUsageError, before anything is started. */
  #check(): void {
    const options = this.#options;
    const config = options.source?.config ?? options.config;
    const notice = sandboxNotice(process.platform, config.sandboxPolicy);
    if (notice.kind === "refused") throw new ExecUsageError(notice.sentence);
    if (notice.kind === "unconfined") this.#complain(notice.sentence);
    if (!options.skipGitRepoCheck) checkRepository(options.config);
    checkImages(options.images);
    const { lastMessageFile } = options;
    if (lastMessageFile !== undefined) {
      checkLastMessageFile(lastMessageFile, dirname(resolve(lastMessageFile)));
    }
  }

  /** A recording in place of the model, a recorder in front of it, or just the model. */
  async #modelSource(config: Config): Promise<ModelSource> {
    const { replayFile: replayed, recordFile, env, source } = this.#options;
    if (source !== undefined) return { ...source, config: execConfig(source.config) };
    if (replayed !== undefined) {
      const { replayFile } = await import("./replay.ts");
      return replayFile(config, replayed, env);
    }
    if (recordFile !== undefined) {
      const { recordModel } = await import("./record.ts");
      return recordModel(await findLocalProvider(config), recordFile, env);
    }
    return { config: await findLocalProvider(config), env, close: () => Promise.resolve() };
  }

  async #converse({ config, env, note }: ModelSource, prompt: string): Promise<number> {
    const options = this.#options;
    const machine = localMachine({
      env,
      inheritedEnvironment: wholeEnvironment(),
      executable: process.execPath,
      helperPath: "/proc/self/exe",
    });
    const manager = new ConversationManager(machine);
    const created = await openConversation(manager, config, options.resume);
    const { conversation } = created;
    const printer = this.#printer(config);
    if (note !== undefined) this.#stderr.write(`${note}\n`);
    printer.begin(config, prompt);
    const taskId = conversation.submit({ type: "user_input", items: inputItems(options, prompt) });
    const stop = watchStopRequests(options.timeoutMs, () => {
      // First, since it gives commands less time to tidy up than an interrupt would.
      void endAllCommands();
      conversation.submit({ type: "interrupt" });
    });
    try {
      const outcome = await this.#follow(conversation, taskId, printer);
      await shutDown(conversation, printer);
      await endAllCommands();
      printer.end(outcome.lastMessage);
      const isWritten = this.#writeLastMessage(outcome.lastMessage);
      if (stop.exitCode === EXIT.timedOut) {
        this.#complain(
          `Out of time: stopped after ${(options.timeoutMs ?? 0) / 1000} s (--timeout)`,
        );
      }
      if (stop.exitCode !== null) return stop.exitCode;
      return isWritten ? this.#judge(outcome, created) : EXIT.failed;
    } finally {
      stop.end();
      machine.close();
    }
  }

  #printer(config: Config): EventPrinter {
    const { color, json, env } = this.#options;
    if (json) return jsonPrinter(this.#stdout);
    const progress = this.#stdout.isTerminal ? this.#stdout : this.#stderr;
    return humanPrinter({
      progress,
      answer: this.#stdout.isTerminal ? undefined : this.#stdout,
      isColored: wantsColors(color, progress.isTerminal, env),
      hidesReasoning: config.hideAgentReasoning,
    });
  }

  async #follow(
    conversation: CodexConversation,
    taskId: string,
    printer: EventPrinter,
  ): Promise<Outcome> {
    let hasFailed = false;
    for await (const event of conversation) {
      printer.event(event);
      const { msg } = event;
      if (msg.type === "error" && event.id === taskId) hasFailed = true;
      if (msg.type === "task_complete" && event.id === taskId) {
        return { lastMessage: msg.last_agent_message, hasFailed };
      }
      if (msg.type === "turn_aborted" && event.id === taskId) break;
      await this.#stdout.ready();
      if (this.#options.json && this.#stdout.isClosed) break;
    }
    return { lastMessage: null, hasFailed: true };
  }

  #judge({ hasFailed }: Outcome, { refusals }: NewConversation): number {
    if (hasFailed) return EXIT.failed;
    if (!this.#options.failOnDenial || refusals.open.length === 0) return EXIT.finished;
    for (const { reason } of refusals.open) this.#complain(`Refused: ${reason}`);
    return EXIT.denied;
  }

  /** Whether the file holds what it should. */
  #writeLastMessage(lastMessage: string | null): boolean {
    const { lastMessageFile } = this.#options;
    if (lastMessageFile === undefined) return true;
    if (lastMessage === null) {
      this.#complain(`No last message: "${lastMessageFile}" is written empty`);
    }
    try {
      writeFileSync(lastMessageFile, lastMessage ?? "");
      return true;
    } catch (error) {
      this.#complain(`Cannot write "${lastMessageFile}": ${describeFileProblem(error)}`);
      return false;
    }
  }
}

/** Whatever the configuration says: there is nobody to ask. */
function execConfig(config: Config): Config {
  return { ...config, approvalPolicy: "never" };
}

async function openConversation(
  manager: ConversationManager,
  config: Config,
  resume: ResumeTarget | undefined,
): Promise<NewConversation> {
  // As in 0.23.0: who is not there needs no plan. One that the model sends all the same is shown.
  const settings = { includePlanTool: false };
  if (resume === undefined) return manager.newConversation(config, settings);
  const { codexHome } = config;
  const path =
    resume.kind === "last" ? findLastRollout(codexHome) : findRollout(codexHome, resume.id);
  return manager.resumeConversation(config, path, settings);
}

/** One message: pictures first, then the words about them. */
function inputItems({ images }: ExecOptions, prompt: string): readonly InputItem[] {
  const pictures = images.map((path) => ({ type: "local_image", path: resolve(path) }) as const);
  return [...pictures, { type: "text", text: prompt }];
}

async function shutDown(conversation: CodexConversation, printer: EventPrinter): Promise<void> {
  conversation.submit({ type: "shutdown" });
  for await (const event of conversation) printer.event(event);
}
