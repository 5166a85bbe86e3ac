/**
 * Our side of the template of helpers (linux-sandbox/fork-helpers.ts): asks for copies of it.
 *
 * Whatever goes wrong makes the template unusable, never a command: then helpers are started. Only
 * when processes or descriptors are used up is the command refused: a start takes more of them.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Socket } from "node:net";

import { HELPER_NAME, templateArguments } from "../linux-sandbox/arguments.ts";
import { FORK_FAILED, NO_MORE_PROCESSES, sendDescriptors } from "../linux-sandbox/fork-helpers.ts";
import { SyscallError, type Libc } from "../linux-sandbox/libc.ts";
import { adoptForkedChild } from "./forked-children.ts";
import { HelperProcess, type HelperProgram } from "./helper-process.ts";
import { closeAll } from "./pipes.ts";
import { noteTemplate, spawnChild, SpawnError, type Child } from "./spawn.ts";

export class HelperTemplate {
  readonly #libc: Libc;
  readonly #path: string;
  readonly #child: Child;
  readonly #fd: number;
  readonly #socket: Socket;
  #answer: ((pid: number) => void) | undefined;
  #received = Buffer.alloc(0);
  #last: Promise<unknown> = Promise.resolve();
  #isUsable = true;

  /** Errors: SpawnError, SyscallError. */
  static async start(libc: Libc, program: HelperProgram): Promise<HelperTemplate> {
    const [ours, theirs] = socketPair(libc);
    try {
      const child = await spawnChild({
        program: program.path,
        argv0: HELPER_NAME,
        args: templateArguments(process.pid),
        cwd: "/",
        environment: program.environment,
        descriptors: ["null", "null", "null", theirs],
      });
      return new HelperTemplate(libc, program.path, child, ours);
    } catch (error) {
      closeAll([ours]);
      throw error;
    } finally {
      closeAll([theirs]);
    }
  }

  private constructor(libc: Libc, path: string, child: Child, fd: number) {
    this.#libc = libc;
    this.#path = path;
    this.#child = child;
    this.#fd = fd;
    child.setHolding(false);
    noteTemplate(child.pid, true);
    void child.end.then(() => noteTemplate(child.pid, false));
    const { Socket: NetSocket } = process.getBuiltinModule("node:net");
    this.#socket = new NetSocket({ fd, readable: true, writable: false });
    this.#socket.on("data", (bytes) => this.#receive(bytes));
    this.#socket.on("error", () => undefined); // "close" follows
    this.#socket.once("close", () => this.#giveUp());
    this.#socket.unref();
  }

  get isUsable(): boolean {
    return this.#isUsable;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /**
   * A helper that is ready for its command; undefined when there is none to be had this way.
   * Errors: SpawnError when processes or descriptors are used up.
   */
  fork(): Promise<HelperProcess | undefined> {
    const forked = this.#last.then(() => this.#forkOne());
    this.#last = forked.catch(() => undefined);
    return forked;
  }

  /** Ends the template. Helpers that it has made stay. */
  close(): void {
    this.#giveUp();
  }

  async #forkOne(): Promise<HelperProcess | undefined> {
    if (!this.#isUsable) return undefined;
    try {
      const helper = await HelperProcess.launch(this.#libc, "a helper", async (descriptors) => {
        const answered = Promise.withResolvers<number>();
        this.#answer = answered.resolve;
        this.#socket.ref();
        sendDescriptors(this.#libc, this.#fd, descriptors);
        const pid = await Promise.race([
          answered.promise,
          sleep(PATIENCE_MS, FORK_FAILED, { ref: false }),
        ]);
        if (pid === NO_MORE_PROCESSES) throw new SpawnError("program", this.#path, "EAGAIN");
        if (pid <= 0) throw new SyscallError("clone", "no answer");
        return adoptForkedChild(this.#libc, pid);
      });
      if (await helper.isReady(PATIENCE_MS)) return helper;
      helper.close();
      killNow(helper.child);
    } catch (error) {
      // Of a SpawnError the template is not the cause, and a start would end in it, too.
      if (!(error instanceof SyscallError)) throw error;
    } finally {
      this.#socket.unref();
    }
    this.#giveUp();
    return undefined;
  }

  #receive(bytes: Uint8Array): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    if (this.#received.length < ANSWER_BYTES) return;
    const pid = this.#received.readInt32LE(0);
    this.#received = this.#received.subarray(ANSWER_BYTES);
    this.#answer?.(pid);
  }

  #giveUp(): void {
    this.#isUsable = false;
    this.#answer?.(FORK_FAILED);
    this.#socket.destroy();
    // The socket's end would do, but not where it is stopped or hangs.
    killNow(this.#child);
  }
}

function killNow({ ended, pid }: Child): void {
  try {
    if (ended === undefined) process.kill(pid, "SIGKILL");
  } catch {
    // It has ended since.
  }
}

const ANSWER_BYTES = 4;
/** A fork takes a few milliseconds; the template's own start is in it the first time. */
const PATIENCE_MS = 2_000;

/** Ours and the template's. Source: socketpair(2). */
function socketPair(libc: Libc): readonly [ours: number, theirs: number] {
  const descriptors = new Uint8Array(8); // int[2]
  libc.must("socketpair", "socketpair", AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, descriptors);
  const view = new DataView(descriptors.buffer);
  return [view.getInt32(0, true), view.getInt32(4, true)];
}

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
