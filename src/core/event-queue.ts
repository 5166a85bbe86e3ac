/** What the agent said and nobody has read yet, in order. */
import type { Event } from "../protocol/event.ts";

/** The conversation is over: there will be no more events. */
export class ConversationEndedError extends Error {
  override readonly name = "ConversationEndedError";

  constructor() {
    super("Cannot read the next event: the conversation has ended");
  }
}

interface Waiter {
  readonly resolve: (event: Event | null) => void;
}

/** Pieces of output for a reader that is this far behind are left out: memory has an end. */
const MAX_UNREAD_OUTPUT_CHARACTERS = 8 * 1024 * 1024;

/**
 * Any number of writers and readers; each event goes to one reader. Only pieces of command output
 * are ever left out, which the end of the command repeats in short.
 */
export class EventQueue {
  #events: Event[] = [];
  /** Index of the first unread event: taking from the front of a long array is slow. */
  #first = 0;
  #waiters: Waiter[] = [];
  #unreadOutput = 0;
  #closed = false;

  push(event: Event): void {
    if (this.#closed) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) return waiter.resolve(event);
    if (event.msg.type === "exec_command_output_delta") {
      if (this.#unreadOutput > MAX_UNREAD_OUTPUT_CHARACTERS) return;
      this.#unreadOutput += event.msg.chunk.length;
    }
    this.#events.push(event);
  }

  /** Null when the queue is closed and read to its end. */
  next(): Promise<Event | null> {
    const event = this.take();
    if (event !== undefined) return Promise.resolve(event);
    if (this.#closed) return Promise.resolve(null);
    return new Promise((resolve) => this.#waiters.push({ resolve }));
  }

  /** What is there already, without waiting. */
  take(): Event | undefined {
    const event = this.#events[this.#first];
    if (event === undefined) return undefined;
    this.#first += 1;
    if (event.msg.type === "exec_command_output_delta") {
      this.#unreadOutput -= event.msg.chunk.length;
    }
    if (this.#first === this.#events.length) {
      this.#events = [];
      this.#first = 0;
    } else if (this.#first >= COMPACT_AFTER) {
      this.#events = this.#events.slice(this.#first);
      this.#first = 0;
    }
    return event;
  }

  /** Events that are in the queue stay readable. */
  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(null);
  }
}

const COMPACT_AFTER = 1024;
