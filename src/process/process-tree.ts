/**
 * Ends a command with all its descendants.
 *
 * A command leads a session of its own. What belongs to it is found in the list of processes:
 * everything in that session, whichever process group it made for itself, and every descendant of
 * those, also when it left the session. A process that was seen once is remembered, so that it is
 * found again after its parent died. Where there is no list, the command's own process group is
 * what is ended. Source: setsid(2), kill(2).
 *
 * Windows has neither sessions nor signals: a process ends with its descendants by taskkill.exe.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { listProcesses, type ProcessFacts } from "./process-list.ts";
import { runNow } from "./spawn.ts";

/** The living processes among `all` that belong to one of `roots` or are known already. */
export function membersOf(
  roots: ReadonlySet<number>,
  known: ReadonlyMap<number, number>,
  all: readonly ProcessFacts[],
): readonly ProcessFacts[] {
  const members = new Map<number, ProcessFacts>();
  const isKnown = ({ pid, startTicks }: ProcessFacts): boolean => known.get(pid) === startTicks;
  for (const facts of all) {
    if (roots.has(facts.session) || roots.has(facts.pid) || isKnown(facts)) {
      members.set(facts.pid, facts);
    }
  }
  // Children have no order in the list, so look again until nothing is added.
  for (let size = -1; size !== members.size;) {
    size = members.size;
    for (const facts of all) {
      if (members.has(facts.parent)) members.set(facts.pid, facts);
    }
  }
  return [...members.values()].filter(({ isZombie }) => !isZombie);
}

export class ProcessTree {
  readonly #roots: ReadonlySet<number>;
  readonly #findMore: (all: readonly ProcessFacts[]) => readonly number[];
  readonly #known = new Map<number, number>();

  /**
   * `roots` are process ids of session leaders. `findMore` is asked each time for processes that
   * belong to the tree though nothing shows it any more.
   */
  constructor(
    roots: Iterable<number>,
    findMore: (all: readonly ProcessFacts[]) => readonly number[] = () => [],
  ) {
    this.#roots = new Set(roots);
    this.#findMore = findMore;
  }

  /** The living members. Remembers them. */
  members(): readonly ProcessFacts[] {
    const all = listProcesses();
    if (all.length === 0) return [...this.#roots].filter(hasGroup).map(bareFacts);
    const roots = new Set([...this.#roots, ...this.#findMore(all)]);
    const members = membersOf(roots, this.#known, all);
    for (const { pid, startTicks } of members) this.#known.set(pid, startTicks);
    return members;
  }

  /** Sends the signals, in order, to every living member and gives their number. */
  signal(...signals: readonly NodeJS.Signals[]): number {
    const members = this.members();
    if (process.platform === "win32") {
      for (const { pid } of members) endWindowsTree(pid);
      return members.length;
    }
    for (const signal of signals) {
      // The whole group at one moment first: none of it can start another in between.
      for (const root of this.#roots) send(-root, signal);
      for (const { pid, group } of members) if (!this.#roots.has(group)) send(pid, signal);
    }
    return members.length;
  }

  /**
   * SIGTERM, and after `graceMs` SIGKILL to whatever is left. Resolves when nothing is left; false
   * when something withstood even that (a program of another user, or one stuck in the kernel).
   */
  async end(graceMs: number): Promise<boolean> {
    // A stopped process must run to get the signal.
    if (this.signal("SIGTERM", "SIGCONT") === 0) return true;
    const deadline = performance.now() + graceMs;
    for (let pauseMs = FIRST_PAUSE_MS; performance.now() < deadline; pauseMs *= 1.5) {
      await sleep(Math.min(pauseMs, LONGEST_PAUSE_MS, deadline - performance.now()));
      if (this.members().length === 0) return true;
    }
    return this.kill();
  }

  /** SIGKILL until nothing is left; false as for `end`. */
  async kill(): Promise<boolean> {
    for (let round = 0; round < KILL_ROUNDS; round += 1) {
      if (this.signal("SIGKILL") === 0) return true;
      await sleep(FIRST_PAUSE_MS);
    }
    return this.members().length === 0;
  }

  /** SIGKILL at once, for the last moments of this program, in which nothing can be awaited. */
  killNow(): void {
    for (let round = 0; round < KILL_NOW_ROUNDS && this.signal("SIGKILL") > 0; round += 1);
  }
}

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;
const KILL_ROUNDS = 200;
const KILL_NOW_ROUNDS = 20;

/** All that is known of a root where nothing lists processes. */
function bareFacts(pid: number): ProcessFacts {
  return { pid, parent: 0, group: pid, session: pid, isZombie: false, startTicks: 0 };
}

function hasGroup(root: number): boolean {
  try {
    return process.kill(process.platform === "win32" ? root : -root, 0);
  } catch {
    return false; // a Mac says EPERM of a group in which all have ended
  }
}

/** With force, since programs without a window get nothing else. Source: `taskkill /?`. */
function endWindowsTree(pid: number): void {
  const system = process.env["SystemRoot"] ?? "C:\\Windows";
  runNow(`${system}\\System32\\taskkill.exe`, ["/T", "/F", "/PID", String(pid)], {});
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended, or is another user's; what counts is who is left.
  }
}
