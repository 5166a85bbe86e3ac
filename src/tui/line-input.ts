/** Lines from a terminal that edits them itself, and lines without echo. */
import type { ReadStream } from "node:tty";

export interface LineHandlers {
  readonly onLine: (line: string) => void;
  readonly onEnd: () => void;
}

/** Longer lines are cut into several: memory has an end. */
const MAX_LINE = 1024 * 1024;
const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const DELETE = "\u007f";

export class LineInput {
  readonly #stdin: ReadStream;
  readonly #handlers: LineHandlers;
  readonly #decoder = new TextDecoder("utf-8");
  #pending = "";
  #secret: ((text: string | undefined) => void) | undefined;

  constructor(stdin: ReadStream, handlers: LineHandlers) {
    this.#stdin = stdin;
    this.#handlers = handlers;
    stdin.on("data", this.#read);
    stdin.on("end", handlers.onEnd);
    stdin.on("error", handlers.onEnd);
  }

  /** Undefined when the user gave up. */
  readSecret(): Promise<string | undefined> {
    this.#stdin.setRawMode(true);
    this.#pending = "";
    return new Promise((resolve) => {
      this.#secret = (text) => {
        this.#stdin.setRawMode(false);
        this.#secret = undefined;
        this.#pending = "";
        resolve(text);
      };
    });
  }

  close(): void {
    this.#secret?.(undefined);
    this.#stdin.destroy();
  }

  readonly #read = (bytes: Buffer): void => {
    const text = this.#decoder.decode(bytes, { stream: true });
    if (this.#secret !== undefined) {
      this.#readSecretly(text, this.#secret);
      return;
    }
    this.#pending += text;
    const lines = this.#pending.split("\n");
    this.#pending = lines.pop() ?? "";
    for (const line of lines) this.#handlers.onLine(line.replace(/\r$/u, ""));
    if (this.#pending.length <= MAX_LINE) return;
    this.#handlers.onLine(this.#pending);
    this.#pending = "";
  };

  #readSecretly(text: string, done: (text: string | undefined) => void): void {
    for (const character of text) {
      if (character === "\r" || character === "\n") {
        done(this.#pending);
        return;
      }
      if (character === CTRL_C || character === CTRL_D) {
        done(undefined);
        return;
      }
      this.#pending = character === DELETE ? this.#pending.slice(0, -1) : this.#pending + character;
    }
  }
}
