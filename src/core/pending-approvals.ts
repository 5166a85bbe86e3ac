/** Questions that wait for an answer. One task has one open question at most: calls run in turn. */
import type { ReviewDecision } from "../protocol/approval.ts";
import type { SubmissionId } from "../protocol/ids.ts";

export type QuestionKind = "exec" | "patch";

interface Question {
  readonly kind: QuestionKind;
  readonly answer: (decision: ReviewDecision) => void;
}

export class PendingApprovals {
  readonly #questions = new Map<SubmissionId, Question>();

  /**
   * Registers the question, then calls `emit` to put it to the user: an answer may come while
   * `emit` still runs. An aborted signal answers "abort".
   */
  async ask(
    kind: QuestionKind,
    taskId: SubmissionId,
    signal: AbortSignal,
    emit: () => void,
  ): Promise<ReviewDecision> {
    if (signal.aborted) return "abort";
    const { promise, resolve } = Promise.withResolvers<ReviewDecision>();
    const abort = (): void => resolve("abort");
    signal.addEventListener("abort", abort, { once: true });
    this.#questions.set(taskId, { kind, answer: resolve });
    try {
      emit();
      return await promise;
    } finally {
      this.#questions.delete(taskId);
      signal.removeEventListener("abort", abort);
    }
  }

  /** False when no such question is open: late answers and wrong ids are ignored. */
  answer(kind: QuestionKind, taskId: SubmissionId, decision: ReviewDecision): boolean {
    const question = this.#questions.get(taskId);
    if (question?.kind !== kind) return false;
    this.#questions.delete(taskId);
    question.answer(decision);
    return true;
  }
}

export function isApproval(decision: ReviewDecision): boolean {
  return decision === "approved" || decision === "approved_for_session";
}
