/**
 * Output as text for a model or an event: all of it, or the first and the last part with a line
 * between them that says how much is missing.
 */
import { countLineEnds, type CapturedOutput } from "./output-capture.ts";

export interface TextLimits {
  /** UTF-8 bytes of the text, the line about the missing part included. */
  readonly maxBytes: number;
  readonly maxLines: number;
}

/** What a model gets of one command. */
export const modelTextLimits: TextLimits = { maxBytes: 10_240, maxLines: 256 };

/** What front ends and logs get; a person may want to scroll further back than a model. */
export const eventTextLimits: TextLimits = { maxBytes: 32_768, maxLines: 1_024 };

/** Bytes that are no UTF-8 become U+FFFD. Nothing is cut within a character. */
export function outputText(output: CapturedOutput, limits: TextLimits): string {
  if (output.omittedBytes === 0) {
    const whole = decode(output.head);
    if (Buffer.byteLength(whole) <= limits.maxBytes && linesOf(whole) <= limits.maxLines) {
      return whole;
    }
  }
  const maxBytes = Math.floor((limits.maxBytes - NOTE_BYTES) / 2);
  const headLines = Math.floor(limits.maxLines / 2);
  const tailSource = output.omittedBytes === 0 ? output.head : output.tail;
  const headEnd = endOfHead(output.head, maxBytes, headLines);
  const tailStart = startOfTail(tailSource, maxBytes, limits.maxLines - headLines - 1);
  const head = output.head.subarray(0, headEnd);
  const tail = tailSource.subarray(tailStart);
  const lines = output.totalLines - countLineEnds(head) - countLineEnds(tail);
  const bytes = output.totalBytes - head.length - tail.length;
  const text = decode(head);
  const gap = text === "" || text.endsWith("\n") ? "" : "\n";
  return `${text}${gap}${describeGap(lines, output.totalLines, bytes)}\n${decode(tail)}`;
}

const NOTE_BYTES = 96; // more than describeGap makes of any numbers, and its line ends

function describeGap(lines: number, totalLines: number, bytes: number): string {
  if (lines === 0) return `[... omitted ${bytes} bytes ...]`;
  return `[... omitted ${lines} of ${totalLines} lines, ${bytes} bytes ...]`;
}

function linesOf(text: string): number {
  let count = text === "" || text.endsWith("\n") ? 0 : 1;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}

/** The largest good end: within the limits, after a line if one ends in the second half. */
function endOfHead(bytes: Uint8Array, maxBytes: number, maxLines: number): number {
  const within = longest(Math.min(bytes.length, maxBytes), (length) =>
    fits(bytes.subarray(0, length), maxBytes),
  );
  let end = within;
  while (end > 0 && isContinuation(bytes[end])) end -= 1;
  let lines = 0;
  let lastLineEnd = 0;
  for (let index = 0; index < end && lines < maxLines; index += 1) {
    if (bytes[index] !== LINE_END) continue;
    lines += 1;
    lastLineEnd = index + 1;
  }
  return lines === maxLines || lastLineEnd > end / 2 ? lastLineEnd : end;
}

/** The smallest good start, in the same way. */
function startOfTail(bytes: Uint8Array, maxBytes: number, maxLines: number): number {
  const within = longest(Math.min(bytes.length, maxBytes), (length) =>
    fits(bytes.subarray(bytes.length - length), maxBytes),
  );
  let start = bytes.length - within;
  while (start < bytes.length && isContinuation(bytes[start])) start += 1;
  let lines = 0;
  let lineStart = bytes.length;
  // The last line may lack its end; a line end before `index` begins a line there.
  for (let index = bytes.length - 1; index >= Math.max(1, start) && lines < maxLines; index -= 1) {
    if (bytes[index - 1] !== LINE_END) continue;
    lines += 1;
    lineStart = index;
  }
  const middle = start + (bytes.length - start) / 2;
  return lines === maxLines || lineStart < middle ? lineStart : start;
}

/** The largest number up to `most` for which `isGood` holds, given that it holds below that. */
function longest(most: number, isGood: (length: number) => boolean): number {
  let low = 0;
  let high = most;
  if (isGood(most)) return most;
  while (low < high - 1) {
    const middle = Math.floor((low + high) / 2);
    if (isGood(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function fits(bytes: Uint8Array, maxBytes: number): boolean {
  return Buffer.byteLength(decode(bytes)) <= maxBytes;
}

const LINE_END = 0x0a;

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
