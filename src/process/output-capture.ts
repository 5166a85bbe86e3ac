/**
 * What a command printed, in bounded memory: the beginning and the end are kept, and what fell out
 * between them is counted exactly.
 */

export interface CaptureLimits {
  /** Bytes kept from the beginning. */
  readonly headBytes: number;
  /** Bytes kept from the end. */
  readonly tailBytes: number;
}

/** Output is `head`, then `omittedBytes` that are gone, then `tail`. */
export interface CapturedOutput {
  /** All of the output when nothing was omitted. */
  readonly head: Uint8Array;
  /** Empty when nothing was omitted. */
  readonly tail: Uint8Array;
  readonly totalBytes: number;
  /** Line ends in all of the output. */
  readonly totalLines: number;
  readonly omittedBytes: number;
  /** Line ends among the omitted bytes. */
  readonly omittedLines: number;
}

export const defaultCaptureLimits: CaptureLimits = { headBytes: 65_536, tailBytes: 65_536 };

export const emptyOutput: CapturedOutput = {
  head: new Uint8Array(0),
  tail: new Uint8Array(0),
  totalBytes: 0,
  totalLines: 0,
  omittedBytes: 0,
  omittedLines: 0,
};

export class OutputCapture {
  readonly #limits: CaptureLimits;
  readonly #head: GrowingBytes;
  readonly #tail: Ring;
  #totalBytes = 0;
  #totalLines = 0;

  constructor(limits: CaptureLimits = defaultCaptureLimits) {
    this.#limits = limits;
    this.#head = new GrowingBytes();
    this.#tail = new Ring(limits.tailBytes);
  }

  /** Copies what it keeps. `lines` is the number of line ends in `bytes`. */
  add(bytes: Uint8Array, lines: number): void {
    this.#totalBytes += bytes.length;
    this.#totalLines += lines;
    const room = this.#limits.headBytes - this.#head.length;
    if (room > 0) this.#head.add(bytes.subarray(0, room));
    if (bytes.length > room) this.#tail.add(bytes.subarray(Math.max(0, room)));
  }

  result(): CapturedOutput {
    const head = this.#head.bytes();
    const tail = this.#tail.bytes();
    const totalBytes = this.#totalBytes;
    const totalLines = this.#totalLines;
    const omittedBytes = totalBytes - head.length - tail.length;
    if (omittedBytes === 0) {
      const all = tail.length === 0 ? head : concat(head, tail);
      return { ...emptyOutput, head: all, totalBytes, totalLines };
    }
    const omittedLines = totalLines - countLineEnds(head) - countLineEnds(tail);
    return { head, tail, totalBytes, totalLines, omittedBytes, omittedLines };
  }
}

// A plain loop: searching for each next line end costs more when lines are short.
export function countLineEnds(bytes: Uint8Array): number {
  let count = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    if (bytes[index] === LINE_END) count += 1;
  }
  return count;
}

const LINE_END = 0x0a;
const FIRST_ALLOCATION = 1_024;

class GrowingBytes {
  #memory = new Uint8Array(0);
  length = 0;

  add(bytes: Uint8Array): void {
    const needed = this.length + bytes.length;
    if (needed > this.#memory.length) {
      const larger = new Uint8Array(Math.max(needed, this.#memory.length * 2, FIRST_ALLOCATION));
      larger.set(this.#memory.subarray(0, this.length));
      this.#memory = larger;
    }
    this.#memory.set(bytes, this.length);
    this.length = needed;
  }

  bytes(): Uint8Array {
    return this.#memory.subarray(0, this.length);
  }
}

/** The last `size` bytes of what was added. Its memory is made when the first byte comes. */
class Ring {
  readonly #size: number;
  #memory: Uint8Array | undefined;
  #next = 0;
  #isFull = false;

  constructor(size: number) {
    this.#size = size;
  }

  add(bytes: Uint8Array): void {
    if (this.#size === 0 || bytes.length === 0) return;
    this.#memory ??= new Uint8Array(this.#size);
    const last = bytes.length > this.#size ? bytes.subarray(bytes.length - this.#size) : bytes;
    const first = last.subarray(0, this.#size - this.#next);
    this.#memory.set(first, this.#next);
    this.#memory.set(last.subarray(first.length), 0);
    if (this.#next + last.length >= this.#size) this.#isFull = true;
    this.#next = (this.#next + last.length) % this.#size;
  }

  bytes(): Uint8Array {
    if (this.#memory === undefined) return new Uint8Array(0);
    if (!this.#isFull) return this.#memory.subarray(0, this.#next);
    return concat(this.#memory.subarray(this.#next), this.#memory.subarray(0, this.#next));
  }
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
