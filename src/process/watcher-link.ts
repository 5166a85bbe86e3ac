/** Our end of the orphan watcher: starts it for the first command and keeps it informed. */
import type { GuardJournal } from "./guard-journal.ts";
import type { HelperProgram } from "./helper-process.ts";
import { formatSessions } from "./orphan-watcher.ts";
import { countRunning, runningRoots, sessionsToEnd } from "./running-commands.ts";
import { WatcherProcess } from "./watcher-process.ts";

export class WatcherLink {
  readonly #program: HelperProgram;
  readonly #journal: GuardJournal | undefined;
  #watcher: WatcherProcess | undefined;
  #starting: Promise<void> | undefined;
  #isUseless = false;
  #timer: NodeJS.Timeout | undefined;
  #sessions: ReadonlySet<number> = new Set();
  #busyLookMs = FIRST_LOOK_MS;

  constructor(program: HelperProgram, journal: GuardJournal | undefined) {
    this.#program = program;
    this.#journal = journal;
  }

  /** Resolves when there is a watcher, or none can be had; undefined when that is so already. */
  ready(): Promise<void> | undefined {
    if (this.#watcher !== undefined || this.#isUseless) return undefined;
    return (this.#starting ??= this.#start());
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
    this.#watcher?.dismiss([...this.#sessions]);
    this.#watcher = undefined;
  }

  get pid(): number | undefined {
    return this.#watcher?.pid;
  }

  #tell(sessions: ReadonlySet<number>): void {
    const line = formatSessions([...sessions]);
    const isNews = line !== formatSessions([...this.#sessions]);
    this.#sessions = sessions;
    if (this.#watcher === undefined) {
      if (sessions.size > 0) void this.ready();
    } else if (isNews) this.#watcher.tell([...sessions]);
  }

  #lookAfter(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.look(), delayMs).unref();
  }

  async #start(): Promise<void> {
    try {
      const watcher = await WatcherProcess.start(this.#program, this.#journal);
      const startedAt = performance.now();
      void watcher.end.then(() => {
        if (this.#watcher !== watcher) return;
        // One that ends at once will do so again; one that somebody ended is replaced.
        this.#isUseless = performance.now() - startedAt < SHORT_LIFE_MS;
        this.#forget();
      });
      this.#watcher = watcher;
      watcher.tell([...this.#sessions]);
    } catch {
      // Processes or descriptors are short: the commands run all the same, only less guarded.
      this.#forget();
    } finally {
      this.#starting = undefined;
    }
  }

  #forget(): void {
    this.#watcher?.abandon();
    this.#watcher = undefined;
  }
}

const SHORT_LIFE_MS = 1_000;
/** Commands start their processes early, and most are over before the first look. */
const FIRST_LOOK_MS = 50;
const BUSY_LOOK_MS = process.platform === "linux" ? 500 : 2_000; // ps(1) takes its time
const IDLE_LOOK_MS = 5_000;
