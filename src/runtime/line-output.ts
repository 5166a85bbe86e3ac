/** Lines to a stream whose reader may be slow, or gone. */
import { constants, fstatSync, openSync } from "node:fs";
import { Socket } from "node:net";
import type { Writable } from "node:stream";

import { describeFileProblem } from "./file-problem.ts";

/** Never throws: a reader that is gone is a state to look at. */
export class LineOutput {
  readonly #stream: Writable;
  /** Resolves when the reader is gone. */
  readonly closed: Promise<void>;
  #isClosed = false;
  #failure: string | null = null;
  #drained: PromiseWithResolvers<void> | null = null;

  constructor(stream: Writable) {
    this.#stream = stream;
    this.closed = new Promise((resolve) => {
      const close = (): void => {
        this.#isClosed = true;
        this.#endWait();
        resolve();
      };
      // "close" need not follow.
      stream.on("error", (error: NodeJS.ErrnoException) => {
        // A reader that ended has what it wanted; a terminal that hung up brings a signal.
        if (error.code !== "EPIPE" && error.code !== "EIO") {
          this.#failure ??= describeFileProblem(error);
        }
        close();
      });
      stream.on("close", close);
    });
    stream.on("drain", () => this.#endWait());
  }

  /** Lines are thrown away then. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Why lines are lost to a reader who wants them, in words for people; else null. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Lines keep their order. Resolves as soon as the reader is not far behind. */
  write(line: string): Promise<void> {
    return this.writeBytes(`${line}\n`);
  }

  /** The same with what brings its line ends along. */
  writeBytes(bytes: string | Uint8Array): Promise<void> {
    if (this.#isClosed || this.#stream.write(bytes)) return Promise.resolve();
    return this.drained();
  }

  /** For diagnostics: a line that nobody seems to read is left out rather than kept. */
  writeUnlessBehind(line: string): void {
    if (this.#stream.writableLength < MAX_UNREAD_DIAGNOSTICS) void this.write(line);
  }

  /** Resolves when the reader is not far behind, or gone. */
  drained(): Promise<void> {
    if (this.#isClosed || !this.#stream.writableNeedDrain) return Promise.resolve();
    this.#drained ??= Promise.withResolvers();
    return this.#drained.promise;
  }

  /** Resolves when everything is with the system, or the reader is gone. */
  async flush(): Promise<void> {
    if (this.#isClosed) return;
    const written = new Promise<void>((resolve) => this.#stream.write("", () => resolve()));
    await Promise.race([written, this.closed]);
  }

  #endWait(): void {
    this.#drained?.resolve();
    this.#drained = null;
  }
}

/**
 * The end of a program that speaks in lines: all is written, and on `diagnostics` stands a sentence
 * when lines of `output` were lost. Resolves with the exit code: `code`, or 1 where it is 0 then.
 */
export async function finishOutput(
  output: LineOutput,
  diagnostics: LineOutput,
  code: number,
): Promise<number> {
  await output.flush();
  const { failure } = output;
  if (failure !== null) {
    await diagnostics.write(`codex: Cannot write to standard output: ${failure}`);
  }
  await diagnostics.flush();
  return failure === null ? code : code || 1;
}

const MAX_UNREAD_DIAGNOSTICS = 256 * 1024;

/**
 * Standard output (1) or standard error (2), never blocking the program: Node writes to pipes
 * synchronously, and a reader that has stopped would keep signals from being handled.
 */
export function standardOutput(descriptor: 1 | 2): LineOutput {
  return new LineOutput(openStream(descriptor));
}

function openStream(descriptor: 1 | 2): Writable {
  const fd = withoutBlocking(descriptor);
  if (fd !== undefined) return new Socket({ fd, readable: false, writable: true });
  return descriptor === 1 ? process.stdout : process.stderr;
}

/**
 * A pipe is opened anew: O_NONBLOCK belongs to the open file, and setting it on the one we were
 * given would change it for the others who share it. A socket cannot be opened anew.
 */
function withoutBlocking(descriptor: number): number | undefined {
  const status = fstatSync(descriptor);
  if (status.isSocket()) return descriptor;
  if (!status.isFIFO()) return undefined;
  try {
    return openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return descriptor;
  }
}
