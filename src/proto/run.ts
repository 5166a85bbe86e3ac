/**
 * `codex proto`: one submission a line in, one event a line out. The end of the input lets the
 * running task finish; then, or after `shutdown`, the program ends.
 */
import type { Environment } from "../config/codex-home.ts";
import type { Config } from "../config/config.ts";
import type { CodexConversation } from "../core/codex-conversation.ts";
import { ConversationManager } from "../core/conversation-manager.ts";
import { localMachine } from "../core/local-machine.ts";
import { wholeEnvironment } from "../linux-sandbox/inherited-environment.ts";
import { endAllCommands } from "../process/running-commands.ts";
import {
  exitCodeOf,
  STOP_GRACE_MS,
  type StopSignal,
  watchStopSignals,
} from "../process/stop-signals.ts";
import type { Event } from "../protocol/event.ts";
import { encodeEvent } from "../protocol/event-encoding.ts";
import { decodeSubmission, type Op } from "../protocol/submission.ts";
import { readLines } from "../runtime/line-input.ts";
import { finishOutput, type LineOutput, standardOutput } from "../runtime/line-output.ts";
import type { Line } from "../runtime/line-splitter.ts";

export interface ProtoOptions {
  readonly config: Config;
  readonly env: Environment;
}

/** Resolves with the exit code. Errors: ResumeError. */
export async function runProto({ config, env }: ProtoOptions): Promise<number> {
  const machine = localMachine({
    env,
    inheritedEnvironment: wholeEnvironment(),
    executable: process.execPath,
    helperPath: "/proc/self/exe",
  });
  const output = standardOutput(1);
  const diagnostics = standardOutput(2);
  const created = await new ConversationManager(machine).newConversation(config);
  const run = new ProtoRun(created.conversation, output, diagnostics);
  const removeSignals = watchStopSignals((signal) => run.signal(signal));
  const input = readLines(process.stdin, {
    line: (line) => run.line(line),
    end: () => run.inputEnded(),
  });
  try {
    await output.write(encodeEvent({ id: "", msg: created.sessionConfigured }));
    await run.events();
    await endAllCommands();
    return await finishOutput(output, diagnostics, run.exitCode);
  } finally {
    input.stop();
    removeSignals();
    run.end();
    machine.close();
  }
}

class ProtoRun {
  readonly #conversation: CodexConversation;
  readonly #output: LineOutput;
  readonly #diagnostics: LineOutput;
  #lineNumber = 0;
  #hasInputEnded = false;
  #isInterrupting = false;
  #isShuttingDown = false;
  #openQuestion: Event | null = null;
  #grace: NodeJS.Timeout | undefined;
  exitCode = 0;

  constructor(conversation: CodexConversation, output: LineOutput, diagnostics: LineOutput) {
    this.#conversation = conversation;
    this.#output = output;
    this.#diagnostics = diagnostics;
    void output.closed.then(() => this.#shutDown());
  }

  line(line: Line): void {
    this.#lineNumber += 1;
    if (line.kind === "too-long") {
      this.#complain(`${line.bytes} bytes are more than one line may have`);
      return;
    }
    if (line.text.trim() === "") return;
    const decoded = decodeSubmission(line.text);
    if (!decoded.ok) {
      this.#complain(decoded.message);
      return;
    }
    if (decoded.value.op.type === "shutdown") this.#isShuttingDown = true;
    this.#conversation.submitWithId(decoded.value);
  }

  /** Nobody can answer a question any more; tasks go on without what they asked for. */
  inputEnded(): void {
    this.#hasInputEnded = true;
    if (this.#openQuestion !== null) this.#deny(this.#openQuestion);
    this.#shutDownWhenIdle();
  }

  /** Writes all events. The task waits, in its own way, for a slow reader. */
  async events(): Promise<void> {
    for await (const event of this.#conversation) {
      await this.#output.write(encodeEvent(event));
      this.#note(event);
      this.#shutDownWhenIdle();
    }
  }

  /** SIGINT interrupts what runs. A second one, one with nothing to interrupt, and others end. */
  signal(signal: StopSignal): void {
    if (this.#grace !== undefined || this.#isInterrupting) process.exit(exitCodeOf(signal));
    if (signal === "SIGINT" && !this.#conversation.isIdle) {
      this.#isInterrupting = true;
      this.#submit({ type: "interrupt" });
      return;
    }
    this.exitCode = exitCodeOf(signal);
    this.#grace = setTimeout(() => process.exit(this.exitCode), STOP_GRACE_MS);
    // First, since it gives commands less time to tidy up than an interrupt would.
    void endAllCommands();
    this.#shutDown();
  }

  end(): void {
    clearTimeout(this.#grace);
  }

  #note(event: Event): void {
    const { msg } = event;
    if (msg.type === "turn_aborted" || msg.type === "task_complete") this.#isInterrupting = false;
    if (msg.type === "exec_approval_request" || msg.type === "apply_patch_approval_request") {
      this.#openQuestion = event;
      if (this.#hasInputEnded) this.#deny(event);
    } else if (event.id === this.#openQuestion?.id) {
      this.#openQuestion = null;
    }
  }

  #deny({ id, msg }: Event): void {
    this.#diagnostics.writeUnlessBehind("codex: Denied, since the input has ended: an approval");
    const type = msg.type === "exec_approval_request" ? "exec_approval" : "patch_approval";
    this.#submit({ type, id, decision: "denied" });
  }

  #shutDownWhenIdle(): void {
    if (this.#hasInputEnded && this.#conversation.isIdle) this.#shutDown();
  }

  #shutDown(): void {
    if (this.#isShuttingDown) return;
    this.#isShuttingDown = true;
    this.#submit({ type: "shutdown" });
  }

  /** "" is the id of what belongs to no submission of the client. */
  #submit(op: Op): void {
    this.#conversation.submitWithId({ id: "", op });
  }

  #complain(message: string): void {
    this.#diagnostics.writeUnlessBehind(`codex: Line ${this.#lineNumber}: ${message}`);
  }
}
