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

/** Without commas: the help page separates them by these. */
export const EXIT_CODE_MEANINGS: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.finished, "the turn ended well"],
  [EXIT.failed, "it failed: a fatal error or no answer from the model after all retries"],
  [EXIT.usage, "wrong usage or configuration"],
  [EXIT.denied, "a policy refused what never succeeded (with --fail-on-denial)"],
  [EXIT.timedOut, "out of time (with --timeout)"],
  [EXIT.hungUp, "hung up (SIGHUP)"],
  [EXIT.interrupted, "interrupted (SIGINT or Ctrl-C)"],
  [EXIT.terminated, "terminated (SIGTERM)"],
];

/** The run cannot begin as asked. The message is for the user; the exit code is `EXIT.usage`. */
export class ExecUsageError extends Error {
  override readonly name = "ExecUsageError";
}
