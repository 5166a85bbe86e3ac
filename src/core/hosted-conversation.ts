/** One conversation and those who listen to it. */
import type { CodexConversation } from "./codex-conversation.ts";
import type { ReviewDecision } from "../protocol/approval.ts";
import type { Event, EventMsgOf } from "../protocol/event.ts";
import type { SubmissionId } from "../protocol/ids.ts";

export type ApprovalRequest = EventMsgOf<"exec_approval_request" | "apply_patch_approval_request">;

/** Someone who gets every event, in order, and may be asked for approvals. */
export interface Listener {
  /** The next event waits until it resolves. Must not reject. */
  readonly event: (event: Event) => Promise<void>;
  /** Must not reject; `signal` aborts when no answer is wanted any more. */
  readonly approve: (
    request: ApprovalRequest,
    taskId: SubmissionId,
    signal: AbortSignal,
  ) => Promise<ReviewDecision>;
}

/** How a task ended. */
export type TaskEnd = EventMsgOf<"task_complete" | "turn_aborted"> | null;

/**
 * Events are read only while there is somebody to hear them: until then, and after the last
 * listener went, they wait. Each of several listeners gets each event; one of them is asked.
 */
export class HostedConversation {
  readonly conversation: CodexConversation;
  readonly #listeners = new Set<Listener>();
  readonly #taskEnds = new Map<SubmissionId, ((end: TaskEnd) => void)[]>();
  readonly #questions = new Map<SubmissionId, AbortController>();
  readonly #over: Promise<void>;
  #wake: () => void = () => undefined;
  /** Questions are answered with a no, and events need no listener. */
  #isUnattended = false;
  #isFinishing = false;
  #isShutDown = false;
  #isOver = false;

  constructor(conversation: CodexConversation) {
    this.conversation = conversation;
    this.#over = this.#pump();
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  /** Returns what removes it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    this.#wake();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#endWaiting();
    };
  }

  /**
   * Resolves after the listeners have heard of the task's end; with null when there is none left to
   * hear of it.
   */
  taskEnd(id: SubmissionId): Promise<TaskEnd> {
    if (this.#isOver) return Promise.resolve(null);
    return new Promise((resolve) => {
      const waiting = this.#taskEnds.get(id) ?? [];
      this.#taskEnds.set(id, [...waiting, resolve]);
    });
  }

  /** There is nobody left to ask: questions are answered with a no, those that wait as well. */
  leaveUnattended(): void {
    this.#isUnattended = true;
    this.#dropQuestions();
    this.#wake();
  }

  /** Lets the running task come to its end, without asking anybody; then shuts down. */
  async finish(): Promise<void> {
    this.leaveUnattended();
    this.#isFinishing = true;
    this.#shutDownWhenIdle();
    await this.#over;
  }

  /** Interrupts, and shuts down. */
  async close(): Promise<void> {
    this.#shutDown();
    this.leaveUnattended();
    await this.#over;
  }

  async #pump(): Promise<void> {
    for await (const event of this.conversation) {
      while (this.#listeners.size === 0 && !this.#isUnattended) await this.#listenerOrEnd();
      await Promise.all([...this.#listeners].map((listener) => listener.event(event)));
      this.#settle(event);
      if (this.#isFinishing) this.#shutDownWhenIdle();
    }
    this.#isOver = true;
    this.#dropQuestions();
    this.#endWaiting();
  }

  #listenerOrEnd(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #settle({ id, msg }: Event): void {
    // A task goes on only when its question is answered, or no answer is wanted any more.
    if (id !== "") this.#dropQuestion(id);
    if (msg.type === "exec_approval_request" || msg.type === "apply_patch_approval_request") {
      void this.#approve(id, msg);
    } else if (msg.type === "task_complete" || msg.type === "turn_aborted") {
      for (const resolve of this.#taskEnds.get(id) ?? []) resolve(msg);
      this.#taskEnds.delete(id);
    }
  }

  async #approve(id: SubmissionId, request: ApprovalRequest): Promise<void> {
    const type = request.type === "exec_approval_request" ? "exec_approval" : "patch_approval";
    const controller = new AbortController();
    this.#questions.set(id, controller);
    const decision = await this.#decide(id, request, controller.signal);
    if (this.#questions.get(id) !== controller) return;
    this.#questions.delete(id);
    this.conversation.submitWithId({ id: "", op: { type, id, decision } });
  }

  async #decide(
    id: SubmissionId,
    request: ApprovalRequest,
    signal: AbortSignal,
  ): Promise<ReviewDecision> {
    const [listener] = this.#listeners;
    if (listener === undefined || this.#isUnattended) return "denied";
    return listener.approve(request, id, signal);
  }

  #dropQuestion(id: SubmissionId): void {
    const controller = this.#questions.get(id);
    this.#questions.delete(id);
    controller?.abort();
  }

  /** The tasks behind them are told no; it does no harm where they have ended. */
  #dropQuestions(): void {
    for (const id of this.#questions.keys()) {
      this.#dropQuestion(id);
      for (const type of ["exec_approval", "patch_approval"] as const) {
        this.conversation.submitWithId({ id: "", op: { type, id, decision: "denied" } });
      }
    }
  }

  #endWaiting(): void {
    for (const waiting of this.#taskEnds.values()) for (const resolve of waiting) resolve(null);
    this.#taskEnds.clear();
  }

  #shutDownWhenIdle(): void {
    if (this.conversation.isIdle) this.#shutDown();
  }

  #shutDown(): void {
    if (this.#isShutDown) return;
    this.#isShutDown = true;
    this.conversation.submitWithId({ id: "", op: { type: "shutdown" } });
  }
}
