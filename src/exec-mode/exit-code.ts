/** The exit codes of `codex exec`. The help page and the README show this list. */

export const EXIT = {
  finished: 0,
  failed: 1,
  usage: 2,
  denied: 3,
  timedOut: 124,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export const EXIT_CODE_MEANINGS: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.finished, "the turn ended well"],
  [EXIT.failed, "it failed: a fatal error, or the model could not be reached after all retries"],
  [EXIT.usage, "wrong usage or configuration"],
  [EXIT.denied, "with --fail-on-denial: a policy refused something that never succeeded"],
  [EXIT.timedOut, "the time limit of --timeout was reached"],
  [EXIT.hungUp, "ended by SIGHUP"],
  [EXIT.interrupted, "ended by SIGINT (Ctrl-C)"],
  [EXIT.terminated, "ended by SIGTERM"],
];

/** The run cannot begin as asked. The message is for the user; the exit code is `EXIT.usage`. */
export class ExecUsageError extends Error {
  override readonly name = "ExecUsageError";
}
