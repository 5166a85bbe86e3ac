/**
 * A prompt in, model events out: one request, its retries, and nothing of a conversation.
 *
 * The `openai` package gives the decoder of the stream and the types of the chat request. Its client
 * class is not used: it needs the global `fetch` (see http-post.ts), reads seven environment
 * variables, and ends a whole stream for one line that is no JSON.
 */
import { createReadStream } from "node:fs";
import type { Agent, IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { eventsUnderWrongType, refusedMediaType } from "./answer-body.ts";
import { chatCompletionsApi } from "./chat-completions.ts";
import { Exchange } from "./exchange.ts";
import { createAgent, displayUrl, postJson } from "./http-post.ts";
import { parseRecord } from "./json-record.ts";
import { abortedError, httpError, ModelError } from "./model-error.ts";
import type { ModelEvent, RetryingEvent } from "./model-event.ts";
import type { ModelEndpoint, Prompt } from "./prompt.ts";
import { responsesApi } from "./responses-api.ts";
import { sseMessages } from "./sse-messages.ts";
import { RetryBudget } from "./stream-retry.ts";
import type { WireApiAdapter } from "./wire-api.ts";

/** After all items came, the token counts are not worth more waiting than this. */
const FINISH_GRACE_MS = 2000;
const MAX_ERROR_BODY_BYTES = 64 * 1024;

/** One endpoint and its open connections. */
export class ModelClient {
  readonly #endpoint: ModelEndpoint;
  readonly #api: WireApiAdapter;
  #agent: Agent | null = null;

  constructor(endpoint: ModelEndpoint) {
    this.#endpoint = endpoint;
    this.#api = endpoint.wireApi === "responses" ? responsesApi : chatCompletionsApi;
  }

  /**
   * Events in the order of arrival, ending with `completed`; the order within is the server's.
   * Nothing is read while the consumer is busy, and that time does not count as idle. Leaving the
   * loop early closes the connection, and so does the signal at any time.
   * Throws ModelError, and only that: when the failure is final or the signal aborted.
   */
  async *stream(prompt: Prompt, signal: AbortSignal): AsyncGenerator<ModelEvent, void, undefined> {
    const budget = new RetryBudget(this.#endpoint);
    const limitMs = this.#endpoint.streamIdleTimeoutMs;
    // All attempts in one function: a generator inside of it would add its turns of the queue to
    // every small event.
    for (;;) {
      throwIfAborted(signal);
      const exchange = new Exchange(signal, limitMs);
      const reader = this.#api.createReader();
      let retry: RetryingEvent;
      try {
        const bytes = await this.#open(prompt, exchange);
        exchange.idle.wait();
        for await (const message of sseMessages(bytes)) {
          exchange.idle.pause();
          const data = parseRecord(message.data);
          for (const event of reader.read(data, message.event, message.data)) {
            yield event;
            throwIfAborted(signal);
          }
          if (reader.state === "complete") return;
          if (reader.state === "finishing") exchange.limitTo(Math.min(limitMs, FINISH_GRACE_MS));
          exchange.idle.wait();
        }
        yield* reader.end();
        return;
      } catch (error) {
        throwIfAborted(signal);
        if (reader.state === "finishing") return yield* reader.end();
        const failure = exchange.explain(error);
        const next = budget.next(failure);
        if (next === null) throw failure;
        retry = next;
      } finally {
        exchange.end(reader.state === "complete");
      }
      yield retry;
      await pause(retry.delayMs, signal);
    }
  }

  /** Closes all connections; a running stream fails. The client may be used again. */
  close(): void {
    this.#agent?.destroy();
    this.#agent = null;
  }

  async #open(prompt: Prompt, exchange: Exchange): Promise<AsyncIterable<Uint8Array>> {
    const { sseFixturePath } = this.#endpoint;
    if (sseFixturePath !== null) return exchange.read(createReadStream(sseFixturePath));
    const url = endpointUrl(this.#endpoint, this.#api.path);
    this.#agent ??= createAgent(url, this.#endpoint.proxyEnv);
    const response = await postJson({
      url,
      headers: this.#headers(prompt),
      body: JSON.stringify(this.#api.body(prompt)),
      agent: this.#agent,
      signal: exchange.signal,
    });
    const bytes = exchange.read(response);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return this.#events(bytes, url, response);
    if (status >= 300 && status < 400) throw redirectError(url, response);
    throw httpError(
      {
        status,
        statusText: response.statusMessage ?? "",
        retryAfter: response.headers["retry-after"] ?? null,
        retryAfterMs: singleHeader(response, "retry-after-ms"),
        body: this.#withoutKey(await readStart(bytes)),
      },
      Date.now(),
    );
  }

  #events(
    bytes: AsyncIterable<Uint8Array>,
    url: URL,
    response: IncomingMessage,
  ): AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>> {
    const mediaType = refusedMediaType(response);
    if (mediaType === null) return bytes;
    return eventsUnderWrongType(bytes, {
      address: displayUrl(url),
      mediaType,
      status: response.statusCode ?? 0,
      withoutKey: (text) => this.#withoutKey(text),
    });
  }

  /** Some servers repeat the key that they refuse, and what they say is shown and handed on. */
  #withoutKey(text: string): string {
    const { apiKey } = this.#endpoint;
    return apiKey === null || apiKey === "" ? text : text.replaceAll(apiKey, "[API key]");
  }

  #headers(prompt: Prompt): Record<string, string> {
    const { apiKey, originator, userAgent } = this.#endpoint;
    const headers: Record<string, string> = {
      accept: "text/event-stream",
      "content-type": "application/json",
      originator,
      "user-agent": userAgent,
      ...this.#api.headers(prompt),
      ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
    };
    for (const [name, value] of Object.entries(this.#endpoint.headers)) {
      headers[name.toLowerCase()] = value;
    }
    return headers;
  }
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortedError();
}

async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal });
  } catch {
    throw abortedError();
  }
}

function endpointUrl(endpoint: ModelEndpoint, path: string): URL {
  const url = URL.parse(endpoint.baseUrl);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    const message = `Cannot use base_url of model provider "${endpoint.name}": not an http or https address`;
    throw new ModelError({ kind: "bad-endpoint", message, retryable: false });
  }
  url.pathname = url.pathname.replace(/\/+$/, "") + path;
  for (const [name, value] of Object.entries(endpoint.query)) url.searchParams.append(name, value);
  return url;
}

function redirectError(url: URL, response: IncomingMessage): ModelError {
  const target = URL.parse(response.headers.location ?? "", url.href);
  const where = target === null ? "an unknown place" : `host "${target.host}"`;
  return new ModelError({
    kind: "redirect",
    message: `Cannot follow the redirect of "${displayUrl(url)}" to ${where}: nothing is sent on to another address, set base_url to the final address`,
    status: response.statusCode ?? 0,
    retryable: false,
  });
}

function singleHeader(response: IncomingMessage, name: string): string | null {
  const value = response.headers[name];
  return typeof value === "string" ? value : null;
}

/** What the server said about its failure, or as much of it as arrived. */
async function readStart(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of bytes) {
      pieces.push(piece);
      size += piece.length;
      if (size >= MAX_ERROR_BODY_BYTES) break;
    }
  } catch {
    // The status alone says enough.
  }
  return Buffer.concat(pieces).toString("utf8");
}
