/**
 * Children that Node did not start: copies of a template (helper-template.ts). Node does not take
 * their exit status, so it is done here, whenever the kernel says that a child has ended.
 */
import type { Libc } from "../linux-sandbox/libc.ts";
import { endOfWaitStatus, type ProcessEnd } from "./exit-status.ts";
import { addOwnChild, removeOwnChild, type Child } from "./spawn.ts";

class ForkedChild implements Child {
  readonly pid: number;
  readonly pipes = new Map<never, never>();
  ended: ProcessEnd | undefined;
  readonly end: Promise<ProcessEnd>;
  readonly #resolve: (end: ProcessEnd) => void;
  #holding: NodeJS.Timeout | undefined;

  constructor(pid: number) {
    this.pid = pid;
    const { promise, resolve } = Promise.withResolvers<ProcessEnd>();
    this.end = promise;
    this.#resolve = resolve;
  }

  /** A timer is what keeps a program running; it also looks, should a signal have been lost. */
  setHolding(holds: boolean): void {
    clearInterval(this.#holding);
    this.#holding = holds && this.ended === undefined ? setInterval(reap, LOOK_MS) : undefined;
  }

  finish(end: ProcessEnd): void {
    this.ended = end;
    this.setHolding(false);
    this.#resolve(end);
  }
}

const LOOK_MS = 1_000;

const living = new Map<number, ForkedChild>();
let waitingLibc: Libc | undefined;

/** The child of that process id, which is ours and leads a session. */
export function adoptForkedChild(libc: Libc, pid: number): Child {
  if (waitingLibc === undefined) {
    waitingLibc = libc;
    process.on("SIGCHLD", reap);
  }
  const child = new ForkedChild(pid);
  living.set(pid, child);
  addOwnChild(pid);
  reap(); // it may have ended before
  return child;
}

function reap(): void {
  for (const [pid, child] of living) {
    const status = new Uint8Array(4);
    const waited = waitingLibc?.call("wait4", pid, status, WNOHANG, 0);
    if (waited?.ok === true && waited.value === 0) continue;
    living.delete(pid);
    removeOwnChild(pid);
    // Somebody else having taken the status would be a defect; the end is certain all the same.
    const isKnown = waited?.ok === true;
    const word = new DataView(status.buffer).getInt32(0, true);
    child.finish(isKnown ? endOfWaitStatus(word) : { code: null, signal: "SIGKILL" });
  }
}

const WNOHANG = 1;
