/** One conversation as a front end holds it: operations in, events out, nothing else. */
import type { Event } from "../protocol/event.ts";
import type { ConversationId, SubmissionId } from "../protocol/ids.ts";
import type { Op, Submission } from "../protocol/submission.ts";
import { ConversationEndedError, type EventQueue } from "./event-queue.ts";

/** What a conversation does with its operations. */
export interface ConversationSession {
  readonly submit: (submission: Submission) => SubmissionId;
  readonly isIdle: boolean;
  readonly runningTaskId: SubmissionId | null;
  readonly holdAnswer: (isHeld: boolean) => void;
}

/** Made by ConversationManager only. */
export class CodexConversation implements AsyncIterable<Event> {
  readonly id: ConversationId;
  readonly #events: EventQueue;
  readonly #session: ConversationSession;
  #nextId = 0;

  constructor(id: ConversationId, events: EventQueue, session: ConversationSession) {
    this.id = id;
    this.#events = events;
    this.#session = session;
  }

  /** No task runs, none waits, everything is answered: no event is to come but what further
   * operations lead to. */
  get isIdle(): boolean {
    return this.#session.isIdle;
  }

  /** The task that an interrupt would end. */
  get runningTaskId(): SubmissionId | null {
    return this.#session.runningTaskId;
  }

  /** The next of the ids "0", "1", "2", … */
  takeId(): SubmissionId {
    const id = String(this.#nextId);
    this.#nextId += 1;
    return id;
  }

  /**
   * Gives the operation the next id and returns it. Never waits and never fails: what comes of it
   * is told by events.
   */
  submit(op: Op): SubmissionId {
    const id = this.takeId();
    this.#session.submit({ id, op });
    return id;
  }

  /**
   * For front ends that show text slower than a model may write it: while it is held, no more of
   * an answer is read than has been. Everything else goes on, and an interrupt ends it as ever.
   */
  holdAnswer(isHeld: boolean): void {
    this.#session.holdAnswer(isHeld);
  }

  /**
   * For front ends whose clients choose the ids. Returns the id of the task whose events answer:
   * a message that is sent while a task runs joins that one.
   */
  submitWithId(submission: Submission): SubmissionId {
    return this.#session.submit(submission);
  }

  /** Errors: ConversationEndedError after `shutdown_complete` was read. */
  async nextEvent(): Promise<Event> {
    const event = await this.#events.next();
    if (event === null) throw new ConversationEndedError();
    return event;
  }

  /**
   * Until the conversation ends. Several readers share the events, each event goes to one. No
   * generator: an answer is hundreds of small events, each of which would take its turns.
   */
  [Symbol.asyncIterator](): AsyncIterator<Event, undefined> {
    const result = (event: Event | null): IteratorResult<Event, undefined> =>
      event === null ? { done: true, value: undefined } : { done: false, value: event };
    return { next: () => this.#events.next().then(result) };
  }
}
