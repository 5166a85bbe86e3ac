/**
 * The real terminal: raw mode, modes that are switched on and off again, keys in, bytes out. The one
 * place that puts everything back, whatever the way out is.
 */
import { writeSync } from "node:fs";
import type { ReadStream, WriteStream } from "node:tty";
import { type Key, KeyDecoder } from "./key-decoder.ts";
import { SynchronizedOutput } from "./synchronized-output.ts";
import { UnmarkedPastes } from "./unmarked-pastes.ts";

export interface TerminalHandlers {
  readonly onKey: (key: Key) => void;
  readonly onResize: (previousColumns: number) => void;
  /** Everything that was written has been taken. */
  readonly onReady: () => void;
  /** The terminal is gone, or a signal asks to end. */
  readonly onHangUp: (reason: "SIGHUP" | "SIGTERM" | "end-of-input") => void;
}

const BRACKETED_PASTE_ON = "\u001b[?2004h";
/** The terminal says when its window is left and entered. Source: xterm's control sequences. */
const FOCUS_ON = "\u001b[?1004h";
const KITTY_PUSH = "\u001b[>1u";
const BRACKETED_PASTE_OFF = "\u001b[?2004l";
const KITTY_POP = "\u001b[<u";
/** Focus, cursor, wrapping, colours. */
const RESTORE_SCREEN = "\u001b[?1004l\u001b[?25h\u001b[?7h\u001b[0m";
const MODIFY_OTHER_KEYS = "\u001b[>4;2m";
const MODIFY_OTHER_KEYS_OFF = "\u001b[>4;0m";

const SAVE_CURSOR = "\u001b7";
const ERASE_BELOW = "\u001b[J";
const ALTERNATE_ON = "\u001b[?1049h\u001b[?25l";
const ALTERNATE_OFF = "\u001b[?1049l\u001b[?25h";

const ESCAPE_DELAY_MS = 40;
const RESIZE_DELAY_MS = 30;

export interface TerminalOptions {
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  readonly isTmux: boolean;
  readonly reportsFocus: boolean;
}

export class Terminal {
  readonly #options: TerminalOptions;
  /** tmux has it, and most of its releases do not answer. */
  readonly synchronized: SynchronizedOutput;
  readonly #decoder = new KeyDecoder((mode, state) => this.synchronized.reported(mode, state));
  readonly #pastes = new UnmarkedPastes((key) => this.#handlers?.onKey(key));
  #handlers: TerminalHandlers | undefined;
  #isRaw = false;
  #escapeTimer: NodeJS.Timeout | undefined;
  #resizeTimer: NodeJS.Timeout | undefined;
  #columns = 0;
  #isResizing = false;
  #isAlternate = false;

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.synchronized = new SynchronizedOutput(options.isTmux);
    this.#columns = this.columns;
  }

  get columns(): number {
    return this.#options.stdout.columns || 80;
  }

  get rows(): number {
    return this.#options.stdout.rows || 24;
  }

  /** The alternate screen, or back from it; a crash in between leaves it too. */
  switchScreen(isAlternate: boolean): void {
    this.#isAlternate = isAlternate;
    this.write(isAlternate ? ALTERNATE_ON : ALTERNATE_OFF);
  }

  /**
   * Its size has just changed: what is where is known when `onResize` is called. The kernel is
   * asked, since its signal may be on the way still.
   */
  get isResizing(): boolean {
    readSize(this.#options.stdout);
    return this.#isResizing;
  }

  /** Not all that was written has been taken: a slow line, or a terminal that stands still. */
  get isBusy(): boolean {
    return this.#options.stdout.writableLength > 0;
  }

  readonly write = (text: string): void => {
    try {
      this.#options.stdout.write(text, this.#written);
    } catch {
      this.#handlers?.onHangUp("SIGHUP");
    }
  };

  start(handlers: TerminalHandlers): void {
    this.#handlers = handlers;
    const { stdin, stdout } = this.#options;
    stdin.on("data", this.#read);
    stdin.on("end", this.#ended);
    stdin.on("error", this.#ended);
    stdout.on("error", this.#ended);
    stdout.on("resize", this.#resized);
    process.on("SIGHUP", this.#hungUp);
    process.on("SIGTERM", this.#terminated);
    process.on("exit", this.#restoreNow);
    this.#enter();
  }

  readonly #written = (): void => {
    if (!this.isBusy) this.#handlers?.onReady();
  };

  stop(): void {
    const { stdin, stdout } = this.#options;
    this.#handlers = undefined;
    clearTimeout(this.#escapeTimer);
    clearTimeout(this.#resizeTimer);
    this.#pastes.end();
    this.#leave();
    stdin.off("data", this.#read);
    stdin.off("end", this.#ended);
    stdin.off("error", this.#ended);
    stdout.off("resize", this.#resized);
    process.off("SIGHUP", this.#hungUp);
    process.off("SIGTERM", this.#terminated);
    process.off("exit", this.#restoreNow);
    // Only paused, it would keep the program from ending.
    stdin.destroy();
  }

  /** Hands the terminal over to another program, or to the shell. */
  suspend(): void {
    this.#leave();
    setBlocking(this.#options.stdout, true);
    this.#options.stdin.pause();
  }

  resume(): void {
    this.#enter();
  }

  /** For another program. Where the cursor is is kept in the terminal, for `reclaim`. */
  lend(): void {
    this.suspend();
    this.write(SAVE_CURSOR);
  }

  /** After a program that was killed while it had the terminal: whatever it had switched on. */
  reclaim(): void {
    this.write(`${ALTERNATE_OFF}${this.#restoring}${ERASE_BELOW}`);
  }

  #enter(): void {
    const { stdin, isTmux, reportsFocus } = this.#options;
    stdin.setRawMode(true);
    this.#isRaw = true;
    stdin.resume();
    setBlocking(this.#options.stdout, false);
    this.write(
      BRACKETED_PASTE_ON +
        KITTY_PUSH +
        (isTmux ? MODIFY_OTHER_KEYS : "") +
        (reportsFocus ? FOCUS_ON : ""),
    );
  }

  #leave(): void {
    if (!this.#isRaw) return;
    this.#isRaw = false;
    try {
      this.#options.stdin.setRawMode(false);
    } catch {
      // The terminal may be gone.
    }
    this.write(this.#restoring);
  }

  /** Paste mode, keyboard, all the rest: harmless where it was not on. */
  get #restoring(): string {
    const keys = this.#options.isTmux ? MODIFY_OTHER_KEYS_OFF : "";
    return `${BRACKETED_PASTE_OFF}${keys}${KITTY_POP}${RESTORE_SCREEN}`;
  }

  /** For a process that ends without stop(): nothing may be awaited any more. */
  readonly #restoreNow = (): void => {
    if (!this.#isRaw) return;
    this.#isRaw = false;
    try {
      this.#options.stdin.setRawMode(false);
      writeSync(1, `${this.#isAlternate ? ALTERNATE_OFF : ""}${this.#restoring}\r\n${ERASE_BELOW}`);
    } catch {
      // The terminal may be gone.
    }
  };

  readonly #read = (bytes: Buffer): void => {
    clearTimeout(this.#escapeTimer);
    this.#pastes.take(this.#decoder.feed(bytes), performance.now());
    if (!this.#decoder.isWaiting) return;
    this.#escapeTimer = setTimeout(() => {
      this.#pastes.take(this.#decoder.flush(), performance.now());
    }, ESCAPE_DELAY_MS);
  };

  readonly #resized = (): void => {
    clearTimeout(this.#resizeTimer);
    this.#isResizing = true;
    this.#resizeTimer = setTimeout(() => {
      this.#isResizing = false;
      const previous = this.#columns;
      this.#columns = this.columns;
      this.#handlers?.onResize(previous);
    }, RESIZE_DELAY_MS);
  };

  readonly #ended = (): void => this.#handlers?.onHangUp("end-of-input");
  readonly #hungUp = (): void => this.#handlers?.onHangUp("SIGHUP");
  readonly #terminated = (): void => this.#handlers?.onHangUp("SIGTERM");
}

/** Emits "resize" when it has changed. Source: tty.WriteStream of Node, which does so at SIGWINCH. */
function readSize(stdout: WriteStream): void {
  const refresh: unknown = Reflect.get(stdout, "_refreshSize");
  if (typeof refresh === "function") Reflect.apply(refresh, stdout, []);
}

/**
 * Node waits in each write until the terminal has taken it. A session must not: while a slow line
 * takes a frame, keys still interrupt. Source: tty.WriteStream of Node, which asks for the opposite.
 */
export function setBlocking(stdout: WriteStream, isBlocking: boolean): void {
  const handle: unknown = Reflect.get(stdout, "_handle");
  if (canBlock(handle)) handle.setBlocking(isBlocking);
}

function canBlock(handle: unknown): handle is { setBlocking: (isBlocking: boolean) => unknown } {
  const isObject = typeof handle === "object" && handle !== null && "setBlocking" in handle;
  return isObject && typeof handle.setBlocking === "function";
}
