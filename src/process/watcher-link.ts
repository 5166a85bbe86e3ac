/** Our end of the orphan watcher: starts it with the first command and keeps it informed. */
import { writeSync } from "node:fs";

import type { Libc } from "../linux-sandbox/libc.ts";
import type { HelperProgram } from "./helper-process.ts";
import { formatSessions, WATCHER_NAME } from "./orphan-watcher.ts";
import { closeAll, createPipe } from "./pipes.ts";
import { sessionsToEnd } from "./running-commands.ts";
import { spawnChild, type Child } from "./spawn.ts";

export class WatcherLink {
  readonly #libc: Libc;
  readonly #program: HelperProgram;
  #lifeline: number | undefined;
  #child: Child | undefined;
  #isStarting = false;
  #timer: NodeJS.Timeout | undefined;
  #told = "";

  constructor(libc: Libc, program: HelperProgram) {
    this.#libc = libc;
    this.#program = program;
  }

  /** Tells the watcher what would have to be ended; starts one when there is none. */
  update(): void {
    const line = formatSessions(sessionsToEnd());
    if (line === this.#told) return;
    this.#told = line;
    if (this.#child !== undefined) this.#write(line);
    else if (!this.#isStarting) void this.#start();
  }

  /** Looks again from time to time, for processes that left their session meanwhile. */
  setLooking(looks: boolean): void {
    if (!looks) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    } else if (this.#timer === undefined) {
      this.#timer = setInterval(() => this.update(), LOOK_MS).unref();
    }
  }

  /** Lets the watcher end, which kills what it was told last. */
  close(): void {
    this.setLooking(false);
    this.#forget();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async #start(): Promise<void> {
    this.#isStarting = true;
    try {
      const { readFd, writeFd } = createPipe(this.#libc);
      this.#lifeline = writeFd;
      try {
        this.#child = await spawnChild({
          program: this.#program.path,
          argv0: WATCHER_NAME,
          args: [],
          cwd: "/",
          environment: this.#program.environment,
          descriptors: ["null", "null", "null", readFd],
        });
      } finally {
        closeAll([readFd]);
      }
      this.#child.setHolding(false);
      void this.#child.end.then(() => this.#forget());
      this.#write(this.#told);
    } catch {
      // Processes or descriptors are short: the commands run all the same, only less guarded.
      this.#forget();
    } finally {
      this.#isStarting = false;
    }
  }

  // A line is far shorter than a pipe holds, and the watcher does nothing but read.
  #write(line: string): void {
    if (this.#lifeline === undefined) return;
    try {
      writeSync(this.#lifeline, line);
    } catch {
      this.#forget();
    }
  }

  #forget(): void {
    if (this.#lifeline !== undefined) closeAll([this.#lifeline]);
    this.#lifeline = undefined;
    this.#child = undefined;
    this.#told = "";
  }
}

const LOOK_MS = 1_000;
