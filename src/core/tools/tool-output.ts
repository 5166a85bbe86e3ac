/** Results of commands as text: for the model, and for events. */
import type { CapturedOutput } from "../../process/output-capture.ts";

/** What of an output reaches the model: the start tells what ran, the end what came of it. */
const MAX_LINES = 256;
const MAX_BYTES = 10 * 1024;

export interface CommandReport {
  readonly exitCode: number;
  readonly durationMs: number;
  readonly text: string;
}

/** Source of the shape: function call outputs of 0.23.0. One decimal is enough for seconds. */
export function commandOutput({ exitCode, durationMs, text }: CommandReport): string {
  const seconds = Math.round(durationMs / 100) / 10;
  return JSON.stringify({
    output: text,
    metadata: { exit_code: exitCode, duration_seconds: seconds },
  });
}

/** All that was kept, and a line for what was not. Invalid UTF-8 becomes U+FFFD. */
export function capturedText(output: CapturedOutput): string {
  const { head, tail, omittedBytes, omittedLines } = output;
  if (omittedBytes === 0) return decode(head);
  return join(decodeStart(head), decodeEnd(tail), omittedLines, omittedBytes);
}

/** Head and tail of an output that is too long, with a line in between that says what is missing. */
export function outputForModel(output: CapturedOutput): string {
  const { head, tail, omittedBytes, omittedLines } = output;
  if (omittedBytes === 0) return shortenForModel(decode(head));
  const start = decodeStart(head);
  const end = decodeEnd(tail);
  const shortStart = startOf(start, MAX_LINES / 2, MAX_BYTES / 2);
  const shortEnd = endOf(end, MAX_LINES / 2, MAX_BYTES / 2);
  const cut = start.slice(shortStart.length) + end.slice(0, end.length - shortEnd.length);
  const lines = omittedLines + countLineEnds(cut);
  return join(shortStart, shortEnd, lines, omittedBytes + Buffer.byteLength(cut));
}

export function shortenForModel(text: string): string {
  const lines = countLineEnds(text) + (text.endsWith("\n") || text === "" ? 0 : 1);
  if (lines <= MAX_LINES && Buffer.byteLength(text) <= MAX_BYTES) return text;
  const head = startOf(text, MAX_LINES / 2, MAX_BYTES / 2);
  const tail = endOf(text.slice(head.length), MAX_LINES / 2, MAX_BYTES / 2);
  const cut = text.slice(head.length, text.length - tail.length);
  if (cut === "") return text;
  return join(head, tail, countLineEnds(cut), Buffer.byteLength(cut));
}

function join(head: string, tail: string, lines: number, bytes: number): string {
  const lead = head === "" || head.endsWith("\n") ? "" : "\n";
  const follow = tail === "" || tail.startsWith("\n") ? "" : "\n";
  return `${head}${lead}[... ${lines} lines, ${bytes} bytes left out ...]${follow}${tail}`;
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** Without a character that the cut has divided. */
function decodeStart(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes, { stream: true });
}

function decodeEnd(bytes: Uint8Array): string {
  let start = 0;
  while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return decode(bytes.subarray(start));
}

function startOf(text: string, maxLines: number, maxBytes: number): string {
  let end = 0;
  let bytes = 0;
  for (let line = 0; line < maxLines && end < text.length; line += 1) {
    const next = text.indexOf("\n", end);
    const candidate = next === -1 ? text.length : next + 1;
    bytes += Buffer.byteLength(text.slice(end, candidate));
    if (bytes > maxBytes) break;
    end = candidate;
  }
  if (end > 0) return text.slice(0, end);
  // One line that is longer than all the room: its start is better than nothing.
  return decodeStart(Buffer.from(text.slice(0, maxBytes)).subarray(0, maxBytes));
}

function endOf(text: string, maxLines: number, maxBytes: number): string {
  let start = text.length;
  let bytes = 0;
  for (let line = 0; line < maxLines && start > 0; line += 1) {
    const candidate = start < 2 ? 0 : text.lastIndexOf("\n", start - 2) + 1;
    bytes += Buffer.byteLength(text.slice(candidate, start));
    if (bytes > maxBytes) break;
    start = candidate;
  }
  if (start < text.length) return text.slice(start);
  const last = Buffer.from(text.slice(-maxBytes));
  return decodeEnd(last.subarray(Math.max(0, last.length - maxBytes)));
}

function countLineEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
