/** Writing events: what a producer needs, without zod. */
import type { Duration, Event } from "./event.ts";

const NANOS_PER_SECOND = 1_000_000_000;
const NANOS_PER_MILLISECOND = 1_000_000;

/** One line of JSON, without its line end. */
export function encodeEvent(event: Event): string {
  return JSON.stringify(event);
}

/** Standard base64 with padding, for `exec_command_output_delta.chunk`. */
export function encodeChunk(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

export function decodeChunk(chunk: string): Uint8Array {
  return Buffer.from(chunk, "base64");
}

/** Fractions of a millisecond are kept; less than nothing, or no number, counts as zero. */
export function durationFromMs(milliseconds: number): Duration {
  const nanos = Math.round(milliseconds * NANOS_PER_MILLISECOND);
  if (!Number.isFinite(nanos) || nanos <= 0) return { secs: 0, nanos: 0 };
  return { secs: Math.floor(nanos / NANOS_PER_SECOND), nanos: nanos % NANOS_PER_SECOND };
}

export function durationToMs(duration: Duration): number {
  return duration.secs * 1000 + duration.nanos / NANOS_PER_MILLISECOND;
}
