/**
 * The bytes of a response, as they come.
 *
 * A stream's own iterator takes four turns of the event loop's queues for a piece. A model sends
 * many small ones, each of them alone, and most of what such a piece costs is the way to whoever
 * reads it.
 */
import type { Readable } from "node:stream";

/** Bytes that may wait before the source is told to. */
const MAX_WAITING_BYTES = 64 * 1024;

interface Reader {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void;
  readonly reject: (error: Error) => void;
}

const DONE: IteratorResult<Uint8Array, undefined> = { done: true, value: undefined };

/**
 * For one reader that asks for one piece at a time. The source stays open when the reader leaves.
 * Errors: what the source fails with; ERR_STREAM_PREMATURE_CLOSE when it closes before its end.
 */
export class ResponseBytes implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #source: Readable;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #reader: Reader | undefined;
  #end: "end" | Error | undefined;

  constructor(source: Readable) {
    this.#source = source;
    source.on("data", this.#take);
    source.once("end", () => this.#finish("end"));
    // For good: destroyed later, the source would tell the process.
    source.on("error", (error) => this.#finish(error));
    source.once("close", () => this.#finish(prematureClose()));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const piece = this.#pieces.shift();
    if (piece !== undefined) {
      this.#bytes -= piece.length;
      if (this.#bytes === 0 && this.#source.isPaused()) this.#source.resume();
      return Promise.resolve({ done: false, value: piece });
    }
    if (this.#end === "end") return Promise.resolve(DONE);
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  /** The reader leaves: what still comes is for whoever drains the source. */
  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#source.off("data", this.#take);
    this.#pieces = [];
    this.#bytes = 0;
    this.#end ??= "end";
    return Promise.resolve(DONE);
  }

  readonly #take = (piece: Uint8Array): void => {
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.resolve({ done: false, value: piece });
      return;
    }
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes > MAX_WAITING_BYTES) this.#source.pause();
  };

  #finish(end: "end" | Error): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    const reader = this.#reader;
    this.#reader = undefined;
    if (end === "end") reader?.resolve(DONE);
    else reader?.reject(end);
  }
}

function prematureClose(): Error {
  return Object.assign(new Error("closed before its end"), { code: "ERR_STREAM_PREMATURE_CLOSE" });
}
