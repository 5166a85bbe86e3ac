/**
 * Writing to stdout and stderr without blocking the program: a reader that has stopped reading must
 * not keep a signal or a time limit from being handled.
 */
import { constants, fstatSync, openSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isatty } from "node:tty";
import { describeFileProblem } from "../runtime/file-problem.ts";

const RETRY_AFTER_MS = 5;
/** More than this is not worth holding back: the writer waits for the reader. */
const MAX_PENDING_CHARACTERS = 256 * 1024;

/** Text in, in order; nothing is lost before `flush` has resolved. */
export class OutputStream {
  readonly isTerminal: boolean;
  readonly #descriptor: number;
  #pending: string[] = [];
  #pendingCharacters = 0;
  #writing: Promise<void> | null = null;
  #isClosed = false;
  #failure: string | null = null;

  constructor(descriptor: number) {
    this.isTerminal = isatty(descriptor);
    this.#descriptor = nonBlocking(descriptor);
  }

  /** The reader is gone. What is written is thrown away. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Why what was written is lost to a reader who wants it, in words for people; else null. */
  get failure(): string | null {
    return this.#failure;
  }

  write(text: string): void {
    if (this.#isClosed || text === "") return;
    this.#pending.push(text);
    this.#pendingCharacters += text.length;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves at once unless the reader is far behind. */
  async ready(): Promise<void> {
    if (this.#pendingCharacters > MAX_PENDING_CHARACTERS) await this.flush();
  }

  async flush(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  async #writeAll(): Promise<void> {
    // What is written in one go of the event loop leaves in one call.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.length > 0 && !this.#isClosed) {
      const bytes = Buffer.from(this.#pending.join(""));
      this.#pending = [];
      await this.#writeBytes(bytes);
      this.#pendingCharacters = 0;
      for (const text of this.#pending) this.#pendingCharacters += text.length;
    }
    this.#writing = null;
  }

  async #writeBytes(bytes: Buffer): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      const written = this.#writeSome(rest);
      if (this.#isClosed) return;
      rest = rest.subarray(written);
      if (written === 0) await sleep(RETRY_AFTER_MS);
    }
  }

  #writeSome(bytes: Buffer): number {
    try {
      return writeSync(this.#descriptor, bytes);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EAGAIN") return 0;
      this.#isClosed = true; // nobody will get it
      // A reader that ended has what it wanted; a terminal that hung up brings a signal.
      if (code !== "EPIPE" && code !== "EIO") this.#failure = describeFileProblem(error);
      return 0;
    }
  }
}

/**
 * A pipe is opened anew: O_NONBLOCK belongs to the open file, and setting it on the one we were
 * given would change it for the others who share it. What cannot be opened so is used as it is.
 */
function nonBlocking(descriptor: number): number {
  try {
    if (!fstatSync(descriptor).isFIFO()) return descriptor;
    return openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return descriptor;
  }
}
