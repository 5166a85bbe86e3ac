/** Output as it arrives, in pieces for events, with a limit on how many there are. */

export type OutputStream = "stdout" | "stderr";

/** The bytes are only valid until the receiver returns. */
export type OutputListener = (stream: OutputStream, bytes: Uint8Array) => void;

export const MAX_DELTAS = 10_000;
export const MAX_DELTA_BYTES = 8_192;

/** Both pipes of one command together make at most MAX_DELTAS pieces; the rest is not passed on. */
export function limitDeltas(listener: OutputListener): OutputListener {
  let count = 0;
  return (stream, bytes) => {
    for (let start = 0; start < bytes.length && count < MAX_DELTAS; start += MAX_DELTA_BYTES) {
      count += 1;
      listener(stream, bytes.subarray(start, start + MAX_DELTA_BYTES));
    }
  };
}
