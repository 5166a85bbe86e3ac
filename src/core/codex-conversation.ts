/** One conversation as a front end holds it: operations in, events out, nothing else. */
import type { Event } from "../protocol/event.ts";
import type { ConversationId, SubmissionId } from "../protocol/ids.ts";
import type { Op, Submission } from "../protocol/submission.ts";
import { ConversationEndedError, type EventQueue } from "./event-queue.ts";

/** Made by ConversationManager only. */
export class CodexConversation implements AsyncIterable<Event> {
  readonly id: ConversationId;
  readonly #events: EventQueue;
  readonly #submit: (submission: Submission) => void;
  #nextId = 0;

  constructor(id: ConversationId, events: EventQueue, submit: (submission: Submission) => void) {
    this.id = id;
    this.#events = events;
    this.#submit = submit;
  }

  /**
   * Gives the operation the next of the ids "0", "1", "2", … and returns it. Never waits and never
   * fails: what comes of it is told by events.
   */
  submit(op: Op): SubmissionId {
    const id = String(this.#nextId);
    this.#nextId += 1;
    this.#submit({ id, op });
    return id;
  }

  /** For front ends whose clients choose the ids. */
  submitWithId(submission: Submission): void {
    this.#submit(submission);
  }

  /** Errors: ConversationEndedError after `shutdown_complete` was read. */
  async nextEvent(): Promise<Event> {
    const event = await this.#events.next();
    if (event === null) throw new ConversationEndedError();
    return event;
  }

  /** Until the conversation ends. Several readers share the events, each event goes to one. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    for (;;) {
      const event = this.#events.take() ?? (await this.#events.next());
      if (event === null) return;
      yield event;
    }
  }
}
