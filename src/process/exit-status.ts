/** How a child process ended, and the one number a shell would report for it. */
import { constants } from "node:os";

/** The two arguments of a child's "exit": exactly one is null. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What a shell answers for a command that ran into its time limit. Source: timeout(1). */
export const TIMED_OUT_EXIT_CODE = 124;

const SIGNAL_BASE = 128; // POSIX sh: 128 + signal number

/** 0-255. A signal death maps to 128 + its number (SIGTERM: 143). */
export function shellExitCode(end: ProcessEnd): number {
  if (end.code !== null) return end.code;
  if (end.signal !== null) return SIGNAL_BASE + constants.signals[end.signal];
  throw new TypeError("Cannot map a process end without code and signal");
}

/** What wait4(2) wrote of a process that has ended. Source: wait(2), WIFSIGNALED and the like. */
export function endOfWaitStatus(word: number): ProcessEnd {
  const number = word & 0x7f;
  if (number === 0) return { code: (word >> 8) & 0xff, signal: null };
  const name = SIGNAL_NAMES.find((signal) => constants.signals[signal] === number);
  // A real-time signal has no name here; its process is as dead.
  return { code: null, signal: name ?? "SIGKILL" };
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a closed type
const SIGNAL_NAMES = Object.keys(constants.signals) as NodeJS.Signals[];

/** For one line of a message: "exit code 3" or "signal SIGKILL". */
export function describeEnd(end: ProcessEnd): string {
  return end.signal === null ? `exit code ${end.code ?? "unknown"}` : `signal ${end.signal}`;
}
