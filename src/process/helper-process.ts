/**
 * One sandbox helper: a process that waits for a command, and becomes it.
 *
 * Descriptors of the child: 0 the null device, or a pipe for a program that is to be spoken to, 1
 * and 2 the command's output, 3 the message, 4 the status. The helper's own environment is a
 * minimal one: what the command's environment says, such as LD_PRELOAD, never reaches the process
 * that confines.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { BEGIN, END_OF_MESSAGE, HELPER_NAME, waitArguments } from "../linux-sandbox/arguments.ts";
import { parseHelperStatus, READY, type HelperStatus } from "../linux-sandbox/helper-status.ts";
import { SyscallError, type Libc } from "../linux-sandbox/libc.ts";
import type { OutputListener, OutputStream } from "./output-deltas.ts";
import { closeAll, createPipe, PipeReader, PipeWriter } from "./pipes.ts";
import { spawnChild, SpawnError, type Child } from "./spawn.ts";

export interface HelperProgram {
  /** Path of the executable. The magic link also works after the file was replaced or removed. */
  readonly path: string;
  /** The helper's own environment; see minimalEnvironment. */
  readonly environment: Readonly<Record<string, string>>;
}

export const OWN_EXECUTABLE = "/proc/self/exe";

/** Of ours, what helps a helper to find a directory for its native addon. */
export function minimalEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {};
  for (const name of ["HOME", "TMPDIR", "XDG_RUNTIME_DIR"]) {
    const value = environment[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

/** Why there is no command, or that there is one. Undefined: the helper died without a word. */
export type HandOver = HelperStatus | undefined;

/** A command's process with its output, in whichever way it was started. */
export interface CommandProcess {
  readonly child: Child;
  /** Bytes of output so far. */
  readonly receivedBytes: number;
  /** Whether anybody may still write to the command's output. */
  readonly isOutputOpen: boolean;
  /** Resolves when nobody can write to the command's output any more. */
  outputEnd(): Promise<void>;
  /** Gives up all pipes. */
  close(): void;
}

export class HelperProcess implements CommandProcess {
  readonly child: Child;
  readonly #stdout: PipeReader;
  readonly #stderr: PipeReader;
  readonly #status: PipeReader;
  readonly #statusBytes: Uint8Array[] = [];
  readonly #spoke = Promise.withResolvers<boolean>();
  readonly #message: PipeWriter;
  /** The writing end of the command's standard input, for whoever takes it; undefined: none. */
  #inputFd: number | undefined;
  #listener: OutputListener = () => undefined;
  /** Bytes of output so far. */
  receivedBytes = 0;

  /** A new process. Errors: SpawnError, also when there are no descriptors left. */
  static start(
    libc: Libc,
    program: HelperProgram,
    input: "none" | "pipe" = "none",
  ): Promise<HelperProcess> {
    const start = (descriptors: HelperDescriptors, stdin: number | undefined): Promise<Child> =>
      spawnChild({
        program: program.path,
        argv0: HELPER_NAME,
        args: waitArguments(process.pid),
        cwd: "/",
        environment: program.environment,
        descriptors: [stdin ?? "null", ...descriptors],
      });
    return HelperProcess.launch(libc, program.path, start, input);
  }

  /**
   * A helper that `start` makes, which gets descriptors 1 to 4 of the child, and 0 if there is one.
   * Errors: SpawnError when there are no descriptors left, and those of `start`.
   */
  static async launch(
    libc: Libc,
    path: string,
    start: (descriptors: HelperDescriptors, stdin: number | undefined) => Promise<Child>,
    input: "none" | "pipe" = "none",
  ): Promise<HelperProcess> {
    const [stdout, stderr, message, status, stdin] = createPipes(libc, path, input);
    let child: Child;
    try {
      child = await start(
        [stdout.writeFd, stderr.writeFd, message.readFd, status.writeFd],
        stdin?.readFd,
      );
    } catch (error) {
      closeAll([stdout.readFd, stderr.readFd, message.writeFd, status.readFd]);
      if (stdin !== undefined) closeAll([stdin.writeFd]);
      throw error;
    } finally {
      closeAll([stdout.writeFd, stderr.writeFd, message.readFd, status.writeFd]);
      if (stdin !== undefined) closeAll([stdin.readFd]);
    }
    return new HelperProcess(child, {
      stdout: stdout.readFd,
      stderr: stderr.readFd,
      message: message.writeFd,
      status: status.readFd,
      input: stdin?.writeFd,
    });
  }

  private constructor(child: Child, fds: OwnEnds) {
    this.child = child;
    this.#message = new PipeWriter(fds.message);
    this.#inputFd = fds.input;
    this.#stdout = new PipeReader(fds.stdout, (bytes) => this.#receive("stdout", bytes));
    this.#stderr = new PipeReader(fds.stderr, (bytes) => this.#receive("stderr", bytes));
    this.#status = new PipeReader(fds.status, (bytes) => {
      this.#statusBytes.push(Uint8Array.from(bytes)); // the memory is used again
      this.#spoke.resolve(bytes[0] === READY.charCodeAt(0)); // else it tells what failed
    });
    void this.#status.end.then(() => this.#spoke.resolve(false));
    this.#setHolding(false);
  }

  /** Whether a copy of a template says within so many milliseconds that it is ready. */
  async isReady(patienceMs: number): Promise<boolean> {
    const late = new AbortController();
    const tooLate = sleep(patienceMs, false, { signal: late.signal }).catch(() => false);
    this.#status.setHolding(true);
    const isReady = await Promise.race([this.#spoke.promise, tooLate]);
    late.abort();
    this.#setHolding(false);
    return isReady;
  }

  /** The writing end of the command's standard input, if there is one. The caller closes it. */
  takeInput(): number | undefined {
    const fd = this.#inputFd;
    this.#inputFd = undefined;
    return fd;
  }

  /**
   * Gives the command to the helper, which confines itself and waits for `letBegin`. From here on
   * its output goes to `listener`, which must not throw. To be called once.
   */
  handOver(message: Uint8Array, listener: OutputListener): void {
    this.#listener = listener;
    this.#setHolding(true);
    this.#message.write(Buffer.concat([message, Buffer.from(END_OF_MESSAGE)]));
  }

  /** Has the command begin as soon as the helper is ready. To be called once, after `handOver`. */
  letBegin(): void {
    this.#message.write(Buffer.from(BEGIN));
    this.#message.end();
  }

  /** Resolves when the command began, or cannot; never rejects. */
  async handOverStatus(): Promise<HandOver> {
    await this.#status.end;
    return parseHelperStatus(Buffer.concat(this.#statusBytes));
  }

  /** Whether anybody may still write to the command's output. */
  get isOutputOpen(): boolean {
    return !this.#stdout.hasEnded || !this.#stderr.hasEnded;
  }

  /** Resolves when nobody can write to the command's output any more. */
  async outputEnd(): Promise<void> {
    await Promise.all([this.#stdout.end, this.#stderr.end]);
  }

  /** Gives up all pipes. A helper that still waits ends by that. */
  close(): void {
    this.#listener = () => undefined;
    this.#stdout.close();
    this.#stderr.close();
    this.#status.close();
    this.#message.close();
    const input = this.takeInput();
    if (input !== undefined) closeAll([input]);
    this.child.setHolding(false);
  }

  #receive(stream: OutputStream, bytes: Uint8Array): void {
    this.receivedBytes += bytes.length;
    this.#listener(stream, bytes);
  }

  #setHolding(holds: boolean): void {
    this.child.setHolding(holds);
    for (const reader of [this.#stdout, this.#stderr, this.#status]) reader.setHolding(holds);
  }
}

/** The child's standard output and error, message and status. */
export type HelperDescriptors = readonly [number, number, number, number];

/** Our ends of the pipes. */
interface OwnEnds {
  readonly stdout: number;
  readonly stderr: number;
  readonly message: number;
  readonly status: number;
  readonly input: number | undefined;
}

type Pipe = ReturnType<typeof createPipe>;

function createPipes(
  libc: Libc,
  program: string,
  input: "none" | "pipe",
): readonly [Pipe, Pipe, Pipe, Pipe, Pipe | undefined] {
  const made: Pipe[] = [];
  const next = (): Pipe => {
    const pipe = createPipe(libc);
    made.push(pipe);
    return pipe;
  };
  try {
    return [next(), next(), next(), next(), input === "pipe" ? next() : undefined];
  } catch (error) {
    for (const { readFd, writeFd } of made) closeAll([readFd, writeFd]);
    if (!(error instanceof SyscallError)) throw error;
    throw new SpawnError("program", program, error.errno, error);
  }
}
