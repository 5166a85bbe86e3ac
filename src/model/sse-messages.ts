/**
 * Server-sent events of a byte stream, decoded by the `openai` package.
 *
 * Its decoder copies and scans everything it holds again for each piece it gets, and copies what is
 * left of a piece for each event in it. Both grow with the square: a 4.8 MB event in 64 KiB pieces
 * took 300 ms, in 4 KiB pieces 5 s; 20,000 events in one piece 1.5 s. So it is fed a few whole
 * events at a time, which makes it linear.
 */
import { _iterSSEMessages } from "openai/core/streaming";
import { streamError } from "./model-error.ts";

export interface SseMessage {
  readonly event: string | null;
  readonly data: string;
}

/** An event larger than this is not an answer of a model but an attack on our memory. */
const MAX_EVENT_BYTES = 64 * 1024 * 1024;
/** All of an answer. The longest ones, a token an event, have a tenth of this. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
const FEED_BYTES = 4096;

export function sseMessages(bytes: AsyncIterable<Uint8Array>): AsyncIterable<SseMessage> {
  const response = { body: new WholeEvents(bytes) };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `body` is read, as an async iterable
  return _iterSSEMessages(response as unknown as Response, new AbortController());
}

/**
 * The same bytes, cut after blank lines only. What remains at the end gets its blank line: some
 * servers and most people leave out the last one, and half an event will not parse anyway.
 *
 * No generator, which would take its turns of the queue for each of many small pieces. One piece is
 * asked for at a time.
 */
export class WholeEvents implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #bytes: AsyncIterator<Uint8Array>;
  readonly #maxEventBytes: number;
  readonly #maxAnswerBytes: number;
  /** Whole events, in small parts. */
  #parts: Uint8Array[] = [];
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #allBytes = 0;

  constructor(
    bytes: AsyncIterable<Uint8Array>,
    maxEventBytes = MAX_EVENT_BYTES,
    maxAnswerBytes = MAX_ANSWER_BYTES,
  ) {
    this.#bytes = bytes[Symbol.asyncIterator]();
    this.#maxEventBytes = maxEventBytes;
    this.#maxAnswerBytes = maxAnswerBytes;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const part = this.#parts.shift();
    if (part !== undefined) return Promise.resolve({ done: false, value: part });
    return this.#bytes.next().then(this.#came);
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    await this.#bytes.return?.();
    return { done: true, value: undefined };
  }

  readonly #came = (
    result: IteratorResult<Uint8Array>,
  ): IteratorResult<Uint8Array, undefined> | Promise<IteratorResult<Uint8Array, undefined>> => {
    if (result.done === true) return this.#rest();
    const part = this.#take(result.value);
    return part === undefined ? this.#more() : { done: false, value: part };
  };

  /** A loop, and no chain of promises: a server may send an event byte by byte. */
  async #more(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const result = await this.#bytes.next();
      if (result.done === true) return this.#rest();
      const value = this.#take(result.value);
      if (value !== undefined) return { done: false, value };
    }
  }

  /** The first whole part, when `piece` ends one. */
  #take(piece: Uint8Array): Uint8Array | undefined {
    this.#allBytes += piece.length;
    if (this.#allBytes > this.#maxAnswerBytes)
      throw streamError(`the answer exceeds ${this.#maxAnswerBytes} bytes`);
    // As most of them come.
    if (this.#waitingBytes === 0 && isOneSmallPart(piece)) return piece;
    this.#add(piece);
    return this.#parts.shift();
  }

  #add(piece: Uint8Array): void {
    this.#waiting.push(piece);
    this.#waitingBytes += piece.length;
    if (!endsAnEvent(this.#waiting)) {
      if (this.#waitingBytes > this.#maxEventBytes)
        throw streamError(`an event exceeds ${this.#maxEventBytes} bytes`);
      joinSmallEnd(this.#waiting);
      return;
    }
    const whole = Buffer.concat(this.#waiting);
    let start = 0;
    for (;;) {
      const end = eventEnd(whole, start + FEED_BYTES) ?? lastEventEnd(whole, start);
      if (end === null) break;
      this.#parts.push(whole.subarray(start, end));
      start = end;
    }
    const rest = whole.subarray(start);
    this.#waiting = rest.length === 0 ? [] : [rest];
    this.#waitingBytes = rest.length;
  }

  #rest(): IteratorResult<Uint8Array, undefined> {
    if (this.#waitingBytes === 0) return { done: true, value: undefined };
    const value = Buffer.concat([...this.#waiting, Buffer.from("\n\n")]);
    this.#waiting = [];
    this.#waitingBytes = 0;
    return { done: false, value };
  }
}

/**
 * Each piece is an object, and keeps the whole buffer that it came in: 64 MiB byte by byte took
 * gigabytes. Small pieces are joined in pairs, so that each byte is copied a few times at most.
 */
function joinSmallEnd(pieces: Uint8Array[]): void {
  for (;;) {
    const [before, last] = pieces.slice(-2);
    if (before === undefined || last === undefined) return;
    if (before.length > last.length || last.length > MAX_JOINED_BYTES) return;
    pieces.splice(-2, 2, Buffer.concat([before, last]));
  }
}

const MAX_JOINED_BYTES = 64 * 1024;
const LINE_FEED = 10;

/** Small enough to be fed as it is, and with an event's end at its end. */
function isOneSmallPart(piece: Uint8Array): boolean {
  if (piece.length > FEED_BYTES) return false;
  return piece.at(-1) === LINE_FEED && piece.at(-2) === LINE_FEED;
}

const BORDERS = ["\n\n", "\r\n\r\n", "\r\r"] as const;
const LONGEST_BORDER = 4;

// Only the newest piece is looked at, with the few bytes before it that a border may start in.
function endsAnEvent(pieces: readonly Uint8Array[]): boolean {
  const newest = asBuffer(pieces.at(-1) ?? new Uint8Array());
  if (BORDERS.some((border) => newest.includes(border, 0, "latin1"))) return true;
  if (pieces.length === 1) return false;
  const before = pieces.slice(-LONGEST_BORDER, -1).map((piece) => piece.subarray(-LONGEST_BORDER));
  const seam = Buffer.concat([...before, newest.subarray(0, LONGEST_BORDER)]);
  return BORDERS.some((border) => seam.includes(border, 0, "latin1"));
}

/** Where the first event ends that is not over before `from`; null when there is no such border. */
function eventEnd(whole: Buffer, from: number): number | null {
  if (from >= whole.length) return null;
  let end: number | null = null;
  for (const border of BORDERS) {
    const at = whole.indexOf(border, from, "latin1");
    if (at !== -1 && (end === null || at + border.length < end)) end = at + border.length;
  }
  return end;
}

function lastEventEnd(whole: Buffer, start: number): number | null {
  let end = start;
  for (const border of BORDERS) {
    const at = whole.lastIndexOf(border, undefined, "latin1");
    if (at >= start) end = Math.max(end, at + border.length);
  }
  return end === start ? null : end;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
