/** What the model gets of a tool's result: JSON, never longer than a limit, every cut named. */
import type { McpToolResult } from "../protocol/event.ts";

/** About 10,000 tokens. */
export const MAX_RESULT_CHARACTERS = 40_000;

/** Texts within a result are shortened to less and less, until all of it fits. */
const TEXT_LIMITS = [20_000, 5_000, 1_000, 200];

/**
 * The content as a JSON array. A result that failed, or has structured content, is an object that
 * says so.
 */
export function resultText(result: McpToolResult): string {
  const value = shownValue(withoutBinary(result));
  const whole = JSON.stringify(value);
  if (whole.length <= MAX_RESULT_CHARACTERS) return whole;
  for (const limit of TEXT_LIMITS) {
    const shorter = JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === "string" ? shorten(inner, limit) : inner,
    );
    if (shorter.length <= MAX_RESULT_CHARACTERS) return shorter;
  }
  return shorten(whole, MAX_RESULT_CHARACTERS - LONGEST_NOTE);
}

function shownValue({ content, structuredContent, isError }: McpToolResult): unknown {
  const failure = isError === true ? { isError } : {};
  if (structuredContent === undefined || structuredContent === null) {
    return isError === true ? { content, ...failure } : content;
  }
  if (isRepetition(content, structuredContent)) return { structuredContent, ...failure };
  return { content, structuredContent, ...failure };
}

/**
 * Servers are to repeat structured content as text, for older clients; some repeat the one value
 * in it that matters. Whoever reads a file through a tool should not get it twice.
 */
function isRepetition(content: readonly unknown[], structuredContent: unknown): boolean {
  const [block] = content;
  if (content.length !== 1 || !isRecord(block) || typeof block["text"] !== "string") return false;
  const values = isRecord(structuredContent) ? Object.values(structuredContent) : [];
  const known = new Set([structuredContent, ...values].map((value) => JSON.stringify(value)));
  return known.has(JSON.stringify(block["text"])) || known.has(canonicalJson(block["text"]));
}

/** The text itself when it is no JSON, which then equals nothing written as JSON. */
function canonicalJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

/** Pictures and sounds in base64 say nothing to a reader of text. */
function withoutBinary(result: McpToolResult): McpToolResult {
  return { ...result, content: result.content.map(blockWithoutBinary) };
}

function blockWithoutBinary(block: unknown): unknown {
  if (!isRecord(block)) return block;
  const { type, data, resource } = block;
  if ((type === "image" || type === "audio") && typeof data === "string") {
    return { ...block, data: omitted(data) };
  }
  if (type === "resource" && isRecord(resource) && typeof resource["blob"] === "string") {
    return { ...block, resource: { ...resource, blob: omitted(resource["blob"]) } };
  }
  return block;
}

function omitted(base64: string): string {
  return `[... omitted ${base64.length} characters of base64 ...]`;
}

const LONGEST_NOTE = 80;

/** The beginning and the end, with a note between them. Nothing is cut within a character. */
function shorten(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const half = Math.floor(maxCharacters / 2);
  let headEnd = half;
  let tailStart = text.length - half;
  if (isHighSurrogate(text.charCodeAt(headEnd - 1))) headEnd -= 1;
  if (isHighSurrogate(text.charCodeAt(tailStart - 1))) tailStart += 1;
  const note = `[... omitted ${tailStart - headEnd} of ${text.length} characters ...]`;
  return `${text.slice(0, headEnd)}${note}${text.slice(tailStart)}`;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
