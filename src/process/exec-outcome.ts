/** How a command came to its end. An outcome is a value; an error means that no process ran. */
import { shellExitCode, TIMED_OUT_EXIT_CODE, type ProcessEnd } from "./exit-status.ts";

export type ExecOutcome =
  | { readonly kind: "exited"; readonly exitCode: number }
  /** `exitCode` is a shell's number, 128 + n. */
  | {
      readonly kind: "signaled";
      readonly exitCode: number;
      readonly signal: NodeJS.Signals;
    }
  | { readonly kind: "timed-out"; readonly exitCode: 124; readonly afterMs: number }
  /** The caller's signal, or the end of the program. `exitCode` is that of SIGINT, 130. */
  | { readonly kind: "aborted"; readonly exitCode: 130 }
  /** The sandbox could not be set up: the command did not run. `message` is one line for people. */
  | { readonly kind: "could-not-confine"; readonly message: string };

/** Why a running command is ended from outside. */
export type StopCause =
  | { readonly kind: "timed-out"; readonly afterMs: number }
  | { readonly kind: "aborted" };

export const ABORTED: ExecOutcome = { kind: "aborted", exitCode: 130 };

export function outcomeOfEnd(end: ProcessEnd): ExecOutcome {
  const exitCode = shellExitCode(end);
  if (end.signal === null) return { kind: "exited", exitCode };
  return { kind: "signaled", exitCode, signal: end.signal };
}

export function outcomeOfStop(cause: StopCause): ExecOutcome {
  if (cause.kind === "aborted") return ABORTED;
  return { kind: "timed-out", exitCode: TIMED_OUT_EXIT_CODE, afterMs: cause.afterMs };
}
