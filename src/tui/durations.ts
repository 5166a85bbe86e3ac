/** Times for people. */
import type { Duration } from "../protocol/event.ts";

export function millisecondsOf({ secs, nanos }: Duration): number {
  return secs * 1000 + nanos / 1e6;
}

/** `12ms`, `1.2s`, `1m05s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)}ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)}s`;
  return formatElapsed(milliseconds);
}

/** Whole seconds: `4s`, `1m05s`, `2h03m`. */
export function formatElapsed(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${pad(seconds % 60)}s`;
  return `${Math.floor(minutes / 60)}h${pad(minutes % 60)}m`;
}

function pad(number: number): string {
  return String(number).padStart(2, "0");
}
