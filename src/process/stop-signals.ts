/** Signals that ask a front end to stop, for those that serve many turns in one process. */
import { constants } from "node:os";
import { killAllCommandsNow } from "./running-commands.ts";

export const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export type StopSignal = (typeof STOP_SIGNALS)[number];

/** As a shell reports it. */
export function exitCodeOf(signal: StopSignal): number {
  return 128 + constants.signals[signal];
}

/** Ending in order has this long; then the process goes. */
export const STOP_GRACE_MS = 3000;

/** From now on no command outlives this process. Returns what takes the handlers back. */
export function watchStopSignals(onSignal: (signal: StopSignal) => void): () => void {
  const removals = STOP_SIGNALS.map((signal) => {
    const handler = (): void => onSignal(signal);
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  process.on("exit", killAllCommandsNow);
  return () => {
    for (const remove of removals) remove();
    process.off("exit", killAllCommandsNow);
  };
}
