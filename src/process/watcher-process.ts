/** Our end of one orphan watcher. */
import type { Socket } from "node:net";

import type { GuardJournal } from "./guard-journal.ts";
import type { HelperProgram } from "./helper-process.ts";
import { formatFarewell, formatSessions, LIFELINE_FD, WATCHER_NAME } from "./orphan-watcher.ts";
import { spawnChild, type Child } from "./spawn.ts";

export class WatcherProcess {
  readonly #child: Child;
  readonly #lifeline: Socket | undefined;

  /** With a journal, the watcher also puts back what it says. Errors: SpawnError. */
  static async start(
    program: HelperProgram,
    journal: GuardJournal | undefined,
  ): Promise<WatcherProcess> {
    const child = await spawnChild({
      program: program.path,
      argv0: WATCHER_NAME,
      args: [],
      cwd: "/",
      environment: program.environment,
      descriptors: ["null", "null", "null", "pipe", journal?.fd ?? "null"],
    });
    return new WatcherProcess(child);
  }

  private constructor(child: Child) {
    this.#child = child;
    this.#lifeline = child.pipes.get(LIFELINE_FD);
    this.#lifeline?.unref();
    this.#lifeline?.on("error", () => this.abandon());
    child.setHolding(false);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Resolves when it has ended; never rejects. */
  get end(): Promise<unknown> {
    return this.#child.end;
  }

  /** What it is to end, in place of what it was told before. */
  tell(sessions: readonly number[]): void {
    this.#write(formatSessions(sessions));
  }

  /** It ends what it was told last, and itself; protected places are left to this program. */
  dismiss(sessions: readonly number[]): void {
    this.#write(formatFarewell(sessions));
    this.abandon();
  }

  abandon(): void {
    this.#lifeline?.destroy();
  }

  // Written at once: a line is far shorter than a pipe holds, and the watcher does nothing but read.
  #write(line: string): void {
    this.#lifeline?.write(line);
  }
}
