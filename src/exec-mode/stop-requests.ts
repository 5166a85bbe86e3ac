/** Everything from outside that can end a run before its time: signals, a time limit. */
import { killAllCommandsNow } from "../process/running-commands.ts";
import { EXIT } from "./exit-code.ts";

export interface StopRequests {
  /** The exit code that the first request calls for; null as long as there was none. */
  readonly exitCode: number | null;
  /** Takes the handlers back. */
  readonly end: () => void;
}

const SIGNAL_CODES = {
  SIGINT: EXIT.interrupted,
  SIGTERM: EXIT.terminated,
  SIGHUP: EXIT.hungUp,
} as const;

/** Ending in order has this long; then the process goes. */
const GRACE_MS = 3000;

/** `onStop` is called once. A second signal ends the process at once. */
export function watchStopRequests(timeoutMs: number | undefined, onStop: () => void): StopRequests {
  let exitCode: number | null = null;
  let grace: NodeJS.Timeout | undefined;
  const stop = (code: number): void => {
    if (exitCode !== null) return;
    exitCode = code;
    grace = setTimeout(() => process.exit(code), GRACE_MS);
    onStop();
  };
  const handlers = Object.entries(SIGNAL_CODES).map(([signal, code]) => {
    const handler = (): void => {
      if (exitCode === null) stop(code);
      else process.exit(code);
    };
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  process.on("exit", killAllCommandsNow);
  const limit =
    timeoutMs === undefined ? undefined : setTimeout(() => stop(EXIT.timedOut), timeoutMs);
  return {
    get exitCode() {
      return exitCode;
    },
    end: () => {
      for (const remove of handlers) remove();
      process.off("exit", killAllCommandsNow);
      clearTimeout(limit);
      clearTimeout(grace);
    },
  };
}
