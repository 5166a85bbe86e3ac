/**
 * What ink draws into: collects all writes of a frame and sends them as one, between the marks of a
 * synchronized update, so that no terminal shows half of a frame.
 */
import { Writable } from "node:stream";

const BEGIN_UPDATE = "\u001b[?2026h";
const END_UPDATE = "\u001b[?2026l";

const SMALL_WRITE = 128;

export interface FrameTarget {
  readonly columns: number;
  readonly rows: number;
  readonly write: (text: string) => void;
}

export class FrameStream extends Writable {
  readonly isTTY = true;
  readonly #target: FrameTarget;
  #pending = "";
  #isMuted = false;
  #isScheduled = false;

  constructor(target: FrameTarget) {
    super({ decodeStrings: false });
    this.#target = target;
  }

  get columns(): number {
    return this.#target.columns;
  }

  get rows(): number {
    return this.#target.rows;
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.add(chunk.toString());
    done();
  }

  add(text: string): void {
    if (this.#isMuted || text === BEGIN_UPDATE || text === END_UPDATE || text === "") return;
    this.#pending += text;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.send());
  }

  /** Runs `change` without letting through what it writes. */
  muted(change: () => void): void {
    this.#isMuted = true;
    try {
      change();
    } finally {
      this.#isMuted = false;
    }
  }

  /** Everything so far goes to the terminal now. */
  send(): void {
    this.#isScheduled = false;
    const text = this.#pending;
    this.#pending = "";
    if (text === "") return;
    // A terminal takes a write this small in one piece; once a second the marks would be a fifth.
    const isSmall = text.length < SMALL_WRITE;
    this.#target.write(isSmall ? text : `${BEGIN_UPDATE}${text}${END_UPDATE}`);
  }
}
