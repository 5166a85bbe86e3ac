/**
 * One conversation at work: takes operations, runs one task at a time, tells everything by events.
 * Whatever happens in a task, its last event is `task_complete` or `turn_aborted`.
 */
import type { Event, EventMsg } from "../protocol/event.ts";
import type { SubmissionId } from "../protocol/ids.ts";
import type { ModelItem } from "../protocol/model-item.ts";
import type { OpOf, Submission } from "../protocol/submission.ts";
import { runCompactTask } from "./compact.ts";
import type { EventQueue } from "./event-queue.ts";
import type { MessageHistory } from "./message-history.ts";
import type { PendingApprovals } from "./pending-approvals.ts";
import type { SessionState, Task } from "./session-state.ts";
import { overrideContext, type TurnContext } from "./turn-context.ts";
import { textsOf, userMessageFrom } from "./user-input.ts";
import { runUserTask } from "./user-task.ts";

export interface SessionParts {
  readonly state: SessionState;
  readonly events: EventQueue;
  readonly approvals: PendingApprovals;
  readonly messageHistory: MessageHistory;
  readonly context: TurnContext;
  /** Nothing is going on any more, for a while or for good. */
  readonly onTaskEnd: () => void;
  /** Told of every task of a user that was completed. */
  readonly onTurnComplete: (turn: CompletedTurn) => void;
  /** Ends what the session holds: connections, files, servers. */
  readonly close: () => Promise<void>;
}

export interface CompletedTurn {
  readonly turnId: SubmissionId;
  readonly inputMessages: readonly string[];
  readonly lastAssistantMessage: string | null;
}

type UserOp = OpOf<"user_input" | "user_turn">;

interface RunningTask {
  readonly id: SubmissionId;
  readonly kind: "user" | "compact";
  readonly controller: AbortController;
  readonly context: TurnContext;
  input: ModelItem[];
  readonly texts: string[];
}

export class Session {
  readonly #parts: SessionParts;
  #context: TurnContext;
  #running: RunningTask | null = null;
  /** Tasks that wait for the running one, in order. */
  #waiting: Submission[] = [];
  #work: Promise<void> = Promise.resolve();
  #isShuttingDown = false;
  #hold: PromiseWithResolvers<void> | undefined;
  /** Operations that are answered later and are no tasks. */
  #unanswered = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#context = parts.context;
  }

  /** No task runs, none waits, and everything is answered. */
  get isIdle(): boolean {
    return this.#running === null && this.#unanswered === 0;
  }

  get runningTaskId(): SubmissionId | null {
    return this.#running?.id ?? null;
  }

  holdAnswer(isHeld: boolean): void {
    if (isHeld) this.#hold ??= Promise.withResolvers();
    else {
      this.#hold?.resolve();
      this.#hold = undefined;
    }
  }

  /** The id that the events of its task bear: its own, unless it joined the running task. */
  submit({ id, op }: Submission): SubmissionId {
    if (this.#isShuttingDown) return id;
    switch (op.type) {
      case "user_input":
      case "user_turn":
      case "compact":
        return this.#startOrJoin({ id, op });
      case "interrupt":
        this.#interrupt();
        break;
      case "override_turn_context":
        this.#context = overrideContext(this.#context, op);
        break;
      case "exec_approval":
        this.#answer("exec", op);
        break;
      case "patch_approval":
        this.#answer("patch", op);
        break;
      case "add_to_history":
        this.#addToHistory(id, op.text);
        break;
      case "get_history_entry_request":
        this.#emit(id, {
          type: "get_history_entry_response",
          offset: op.offset,
          log_id: op.log_id,
          ...this.#parts.messageHistory.entry(op.log_id, op.offset),
        });
        break;
      case "list_mcp_tools":
        void this.#listTools(id);
        break;
      case "shutdown":
        void this.#shutDown(id);
        break;
    }
    return id;
  }

  /** Events that belong to no task have the id "". */
  #emit(id: SubmissionId, msg: EventMsg): void {
    const event: Event = { id, msg };
    this.#parts.events.push(event);
  }

  #startOrJoin(submission: Submission): SubmissionId {
    const running = this.#running;
    if (running === null) {
      this.#start(submission);
    } else if (submission.op.type !== "compact" && takesMore(running)) {
      this.#join(running, submission.id, submission.op);
      return running.id;
    } else {
      this.#waiting.push(submission);
    }
    return submission.id;
  }

  #join(running: RunningTask, id: SubmissionId, op: Submission["op"]): void {
    if (op.type !== "user_input" && op.type !== "user_turn") return;
    const { message, warnings } = userMessageFrom(op.items, running.context.cwd);
    for (const text of warnings) this.#emit(id, { type: "background_event", message: text });
    if (message !== null) running.input.push(message);
    running.texts.push(...textsOf(op.items));
  }

  #start({ id, op }: Submission): void {
    const context = op.type === "user_turn" ? contextOfTurn(this.#context, op) : this.#context;
    const running: RunningTask = {
      id,
      kind: op.type === "compact" ? "compact" : "user",
      controller: new AbortController(),
      context,
      input: [],
      texts: [],
    };
    this.#running = running;
    this.#join(running, id, op);
    this.#work = this.#run(running);
  }

  #taskStarted({ modelFamily, model }: TurnContext): EventMsg {
    const { config } = this.#parts.state;
    const window = model === config.model ? config.modelContextWindow : modelFamily.contextWindow;
    return { type: "task_started", model_context_window: window ?? null };
  }

  async #run(running: RunningTask): Promise<void> {
    const { id } = running;
    const { signal } = running.controller;
    const task: Task = {
      id,
      context: running.context,
      signal,
      emit: (msg) => this.#emit(id, msg),
      isHeld: () => this.#hold !== undefined && !signal.aborted,
      letGo: async () => Promise.race([this.#hold?.promise, aborted(signal)]),
      takeInput: () => running.input.splice(0),
    };
    let lastMessage: string | null = null;
    // What cannot be started is told before the first task.
    await Promise.race([this.#parts.state.router.ready(), aborted(signal)]);
    task.emit(this.#taskStarted(running.context));
    try {
      const run = running.kind === "user" ? runUserTask : runCompactTask;
      lastMessage = await run(this.#parts.state, task);
      // What joined after the task had looked for more for the last time.
      while (running.input.length > 0) {
        lastMessage = (await run(this.#parts.state, task)) ?? lastMessage;
      }
    } catch (error) {
      if (!signal.aborted) task.emit({ type: "error", message: describe(error) });
    }
    this.#running = null;
    // Of a compaction nothing is in the file that could have been interrupted.
    if (running.kind === "user") {
      const { recordAborted, recordComplete } = this.#parts.state;
      if (signal.aborted) recordAborted();
      else recordComplete();
    }
    this.#parts.onTaskEnd();
    if (signal.aborted) {
      this.#emit(id, { type: "turn_aborted", reason: "interrupted" });
    } else {
      this.#emit(id, { type: "task_complete", last_agent_message: lastMessage });
      this.#reportTurn(id, running, lastMessage);
    }
    this.#startWaiting();
  }

  #startWaiting(): void {
    const next = this.#waiting.shift();
    if (next !== undefined && !this.#isShuttingDown) this.#start(next);
  }

  #reportTurn(turnId: SubmissionId, running: RunningTask, lastMessage: string | null): void {
    if (running.kind !== "user") return;
    this.#parts.onTurnComplete({
      turnId,
      inputMessages: running.texts,
      lastAssistantMessage: lastMessage,
    });
  }

  /** The running task and those behind it: who stops the one does not want the others. */
  #interrupt(): void {
    const waiting = this.#waiting.splice(0);
    this.#running?.controller.abort();
    for (const { id } of waiting) this.#emit(id, { type: "turn_aborted", reason: "interrupted" });
  }

  #answer(kind: "exec" | "patch", op: OpOf<"exec_approval" | "patch_approval">): void {
    const isKnown = this.#parts.approvals.answer(kind, op.id, op.decision);
    if (isKnown && op.decision === "abort") this.#interrupt();
  }

  #addToHistory(id: SubmissionId, text: string): void {
    const { messageHistory, state } = this.#parts;
    const problem = messageHistory.add(state.id, text);
    if (problem !== null) this.#emit(id, { type: "background_event", message: problem });
  }

  async #listTools(id: SubmissionId): Promise<void> {
    const { router } = this.#parts.state;
    this.#unanswered += 1;
    await router.ready();
    this.#unanswered -= 1;
    this.#emit(id, { type: "mcp_list_tools_response", tools: router.externalTools() });
  }

  async #shutDown(id: SubmissionId): Promise<void> {
    this.#isShuttingDown = true;
    this.#interrupt();
    await this.#work;
    try {
      await this.#parts.close();
    } catch (error) {
      this.#emit(id, { type: "background_event", message: describe(error) });
    }
    this.#emit(id, { type: "shutdown_complete" });
    this.#parts.events.close();
  }
}

/** An aborted task still runs for a moment, but what is sent to it then would be lost. */
function takesMore({ kind, controller }: RunningTask): boolean {
  return kind === "user" && !controller.signal.aborted;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function contextOfTurn(standing: TurnContext, op: Extract<UserOp, { type: "user_turn" }>) {
  const { type: _type, items: _items, ...changes } = op;
  return overrideContext(standing, changes);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
