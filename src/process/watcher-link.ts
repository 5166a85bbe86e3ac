/** Our end of the orphan watcher: starts it with the first command and keeps it informed. */
import type { Socket } from "node:net";

import type { HelperProgram } from "./helper-process.ts";
import { formatSessions, LIFELINE_FD, WATCHER_NAME } from "./orphan-watcher.ts";
import { countRunning, runningRoots, sessionsToEnd } from "./running-commands.ts";
import { spawnChild, type Child } from "./spawn.ts";

export class WatcherLink {
  readonly #program: HelperProgram;
  #lifeline: Socket | undefined;
  #child: Child | undefined;
  #isStarting = false;
  #isUseless = false;
  #timer: NodeJS.Timeout | undefined;
  #sessions: ReadonlySet<number> = new Set();
  #busyLookMs = FIRST_LOOK_MS;

  constructor(program: HelperProgram) {
    this.#program = program;
  }

  /** Tells the watcher of the commands that run; starts one when there is none. */
  noteStart(): void {
    this.#tell(new Set([...this.#sessions, ...runningRoots()]));
    this.#busyLookMs = FIRST_LOOK_MS;
    this.#lookAfter(FIRST_LOOK_MS);
  }

  /**
   * Looks at all that commands have started, for what left its session or has ended, and tells the
   * watcher. It is done from time to time while there is anything, since nothing announces such a
   * process, and the number of a session that has ended may become somebody else's.
   */
  look(): void {
    this.#tell(new Set(sessionsToEnd()));
    if (this.#sessions.size > 0) {
      // Servers start their processes early too, and then run all the time and start little.
      const isEarly = runningRoots().length > 0 && this.#busyLookMs < BUSY_LOOK_MS;
      this.#lookAfter(countRunning() > 0 || isEarly ? this.#busyLookMs : IDLE_LOOK_MS);
    }
    this.#busyLookMs = Math.min(this.#busyLookMs * 2, BUSY_LOOK_MS);
  }

  /** Lets the watcher end, which kills what it was told last. */
  close(): void {
    clearTimeout(this.#timer);
    this.#forget();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  #tell(sessions: ReadonlySet<number>): void {
    const line = formatSessions([...sessions]);
    const isNews = line !== formatSessions([...this.#sessions]);
    this.#sessions = sessions;
    if (this.#child !== undefined) {
      if (isNews) this.#write(line);
    } else if (sessions.size > 0 && !this.#isStarting && !this.#isUseless) {
      void this.#start();
    }
  }

  #lookAfter(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.look(), delayMs).unref();
  }

  async #start(): Promise<void> {
    this.#isStarting = true;
    try {
      const child = await spawnChild({
        program: this.#program.path,
        argv0: WATCHER_NAME,
        args: [],
        cwd: "/",
        environment: this.#program.environment,
        descriptors: ["null", "null", "null", "pipe"],
      });
      child.setHolding(false);
      const lifeline = child.pipes.get(LIFELINE_FD);
      lifeline?.unref();
      lifeline?.on("error", () => this.#forget());
      const startedAt = performance.now();
      void child.end.then(() => {
        if (this.#child !== child) return;
        // One that ends at once will do so again; one that somebody ended is replaced.
        this.#isUseless = performance.now() - startedAt < SHORT_LIFE_MS;
        this.#forget();
      });
      this.#child = child;
      this.#lifeline = lifeline;
      this.#write(formatSessions([...this.#sessions]));
    } catch {
      // Processes or descriptors are short: the commands run all the same, only less guarded.
      this.#forget();
    } finally {
      this.#isStarting = false;
    }
  }

  // Written at once: a line is far shorter than a pipe holds, and the watcher does nothing but read.
  #write(line: string): void {
    this.#lifeline?.write(line);
  }

  #forget(): void {
    this.#lifeline?.destroy();
    this.#lifeline = undefined;
    this.#child = undefined;
  }
}

const SHORT_LIFE_MS = 1_000;
/** Commands start their processes early, and most are over before the first look. */
const FIRST_LOOK_MS = 50;
const BUSY_LOOK_MS = process.platform === "linux" ? 500 : 2_000; // ps(1) takes its time
const IDLE_LOOK_MS = 5_000;
