/**
 * Whether a successful answer is a stream of events at all. A wrong base_url, and the login page of
 * a network, answer with status 200 too; read as a stream, they are one that broke off, for which
 * the request is repeated.
 */
import type { IncomingMessage } from "node:http";
import { revealHidden } from "../shell/reveal-hidden.ts";
import { parseRecord } from "./json-record.ts";
import { ModelError, serverFailure } from "./model-error.ts";

/** Enough for what a server says about a failure. */
const MAX_BODY_BYTES = 64 * 1024;
const MAX_PAGE_BYTES = 1024;
const MAX_SHOWN_CHARACTERS = 120;

/**
 * The media type when it is clearly none of a stream: of a page, or of one JSON document. Null for
 * all others, also for none: servers at home are careless with them.
 */
export function refusedMediaType(response: IncomingMessage): string | null {
  const [type = ""] = (response.headers["content-type"] ?? "").toLowerCase().split(";", 1);
  const name = type.trim();
  return /^(?:text\/html|application\/(?:xhtml\+xml|(?:[\w.-]+\+)?json))$/u.test(name)
    ? name
    : null;
}

export interface MistypedAnswer {
  /** Without credentials and query. */
  readonly address: string;
  readonly mediaType: string;
  readonly status: number;
  /** Takes secrets out of what the server said. */
  readonly withoutKey: (text: string) => string;
}

/**
 * The bytes again when they are events under a wrong name.
 * Throws ModelError (not-a-stream, or what a JSON body says it is): asking again would not help.
 */
export async function eventsUnderWrongType(
  bytes: AsyncIterable<Uint8Array>,
  { address, mediaType, status, withoutKey }: MistypedAnswer,
): Promise<AsyncIterable<Uint8Array>> {
  const iterator = bytes[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  let size = 0;
  while (size < MAX_BODY_BYTES) {
    const result = await iterator.next();
    if (result.done === true) break;
    pieces.push(result.value);
    size += result.value.length;
    if (BEGINS_AS_EVENTS.test(startOf(pieces))) return resumed(pieces, iterator);
    // Of a page the beginning is enough; a document has to be whole to be read.
    if (!mediaType.endsWith("json") && size >= MAX_PAGE_BYTES) break;
  }
  const words = withoutKey(Buffer.concat(pieces).toString("utf8"));
  const told = serverFailure(parseRecord(words), status);
  if (told instanceof ModelError) throw told;
  const shown = inOneLine(told ?? words);
  throw new ModelError({
    kind: "not-a-stream",
    message: `"${address}" answered with ${mediaType} instead of a stream of events: ${shown === "" ? "it is empty" : shown}; check base_url of the model provider`,
    status,
    retryable: false,
  });
}

/** As the decoder knows them: a field, or a comment. */
const BEGINS_AS_EVENTS = /^(?:data|event|id|retry)?:/u;
const LONGEST_FIELD = "retry:".length;

/** The first few characters, after a mark of byte order and blanks. */
function startOf(pieces: readonly Uint8Array[]): string {
  const bytes: number[] = [];
  for (const piece of pieces) {
    for (const byte of piece) {
      if (bytes.length === 0 && IGNORED.has(byte)) continue;
      bytes.push(byte);
      if (bytes.length >= LONGEST_FIELD) return String.fromCharCode(...bytes);
    }
  }
  return String.fromCharCode(...bytes);
}

const IGNORED = new Set([0x09, 0x0a, 0x0d, 0x20, 0xef, 0xbb, 0xbf]);

async function* resumed(
  pieces: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* pieces;
    for (;;) {
      const result = await rest.next();
      if (result.done === true) return;
      yield result.value;
    }
  } finally {
    await rest.return?.();
  }
}

/** It is shown on terminals, and what a page says there is nobody's to choose. */
function inOneLine(text: string): string {
  const characters = Array.from(
    text
      .slice(0, 20 * MAX_SHOWN_CHARACTERS)
      .replaceAll(/\s+/gu, " ")
      .trim(),
  );
  const isCut = characters.length > MAX_SHOWN_CHARACTERS;
  return revealHidden(
    isCut ? `${characters.slice(0, MAX_SHOWN_CHARACTERS).join("")}…` : characters.join(""),
  );
}
