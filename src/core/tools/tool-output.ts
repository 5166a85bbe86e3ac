/** Results of commands as text for the model. */

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

/** Head and tail of a text that is too long, with a line in between that says what is missing. */
export function shortenForModel(text: string): string {
  const bytes = Buffer.byteLength(text);
  const lineEnds = countLineEnds(text);
  const lines = lineEnds + (text.endsWith("\n") || text === "" ? 0 : 1);
  if (lines <= MAX_LINES && bytes <= MAX_BYTES) return text;
  const head = startOf(text, MAX_LINES / 2, MAX_BYTES / 2);
  const tail = endOf(text.slice(head.length), MAX_LINES / 2, MAX_BYTES / 2);
  const cut = text.slice(head.length, text.length - tail.length);
  if (cut === "") return text;
  const lead = head === "" || head.endsWith("\n") ? "" : "\n";
  const follow = tail === "" || tail.startsWith("\n") ? "" : "\n";
  return `${head}${lead}[... ${countLineEnds(cut)} lines, ${Buffer.byteLength(cut)} bytes left out ...]${follow}${tail}`;
}

function startOf(text: string, maxLines: number, maxBytes: number): string {
  let end = 0;
  for (let line = 0; line < maxLines && end < text.length; line += 1) {
    const next = text.indexOf("\n", end);
    const candidate = next === -1 ? text.length : next + 1;
    if (Buffer.byteLength(text.slice(0, candidate)) > maxBytes) break;
    end = candidate;
  }
  // One line that is longer than all the room: its start is better than nothing.
  return end > 0
    ? text.slice(0, end)
    : wholeCharacters(text.slice(0, charactersOf(text, maxBytes)));
}

function endOf(text: string, maxLines: number, maxBytes: number): string {
  let start = text.length;
  for (let line = 0; line < maxLines && start > 0; line += 1) {
    const candidate = text.lastIndexOf("\n", start - 2) + 1;
    if (Buffer.byteLength(text.slice(candidate)) > maxBytes) break;
    start = candidate;
  }
  if (start < text.length) return text.slice(start);
  const reversed = text.slice(-maxBytes);
  let from = 0;
  while (Buffer.byteLength(reversed.slice(from)) > maxBytes) {
    from += Math.max(1, Math.ceil((Buffer.byteLength(reversed.slice(from)) - maxBytes) / 4));
  }
  const first = reversed.charCodeAt(from);
  return reversed.slice(first >= 0xdc00 && first <= 0xdfff ? from + 1 : from);
}

/** How many UTF-16 units of the start fit. */
function charactersOf(text: string, maxBytes: number): number {
  let count = Math.min(text.length, maxBytes);
  for (;;) {
    const over = Buffer.byteLength(text.slice(0, count)) - maxBytes;
    if (over <= 0) return count;
    count -= Math.max(1, Math.ceil(over / 4));
  }
}

function wholeCharacters(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? text.slice(0, -1) : text;
}

function countLineEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
