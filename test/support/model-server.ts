/**
 * A model made of a script: a local HTTP server that answers the n-th request with the n-th answer
 * and the rest with the last one. It speaks server-sent events for both wire APIs.
 */
import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

/** Why a test with a server cannot run here, or false; for the `skip` option of a test. */
export const needsLoopback: string | false =
  process.env["CODEX_SANDBOX_NETWORK_DISABLED"] === undefined
    ? false
    : "the sandbox around this test run has no network";

/** One step of a streamed body. An object becomes one event with that JSON as data. */
export type StreamStep =
  | Readonly<Record<string, unknown>>
  /** One event with this text as data, for example "[DONE]". */
  | string
  /** These bytes, as one write. */
  | Uint8Array
  /** A pause of so many milliseconds. */
  | number
  /** Cuts the socket. */
  | typeof CUT
  /** Leaves the connection open and silent; must be the last step. */
  | typeof HANG;

export const CUT: unique symbol = Symbol("cut");
export const HANG: unique symbol = Symbol("hang");

export type ServerAnswer =
  | { readonly stream: readonly StreamStep[]; readonly headers?: Readonly<Record<string, string>> }
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** Sent as JSON; text as it is. */
      readonly body?: unknown;
    }
  /** Accepts the request and says nothing at all. */
  | { readonly silent: true }
  /** Closes the connection instead of answering. */
  | { readonly refuse: true }
  /** Decides when the request is there. */
  | ((request: ReceivedRequest) => ServerAnswer);

export interface ReceivedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The parsed JSON. */
  readonly body: unknown;
  /** Milliseconds since the server started. */
  readonly atMs: number;
  /** The client's port: equal for requests over one connection. */
  readonly clientPort: number;
  /** Resolves when the answer is over or its connection is gone. */
  readonly closed: Promise<void>;
}

export interface ModelServer {
  /** A base URL, for example `http://127.0.0.1:1234/v1`. */
  readonly url: string;
  /** In the order of arrival; grows. */
  readonly requests: readonly ReceivedRequest[];
}

/** Ends with the test, together with all its connections. */
export async function startModelServer(
  t: TestContext,
  script: readonly [ServerAnswer, ...ServerAnswer[]],
): Promise<ModelServer> {
  const startedAt = performance.now();
  const requests: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const received: ReceivedRequest = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        body: parseJson(Buffer.concat(pieces).toString("utf8")),
        atMs: performance.now() - startedAt,
        clientPort: request.socket.remotePort ?? 0,
        closed: new Promise((resolve) => response.once("close", resolve)),
      };
      const scripted = script[Math.min(requests.length, script.length - 1)] ?? script[0];
      requests.push(received);
      // A client that leaves early makes writes fail; that is for the test to judge.
      answer(response, received, scripted).catch(() => response.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return { url: `http://127.0.0.1:${address.port}/v1`, requests };
}

/** A complete answer of the Responses API. */
export function respond(...events: readonly Readonly<Record<string, unknown>>[]): {
  readonly stream: readonly StreamStep[];
} {
  return { stream: [CREATED, ...events, COMPLETED] };
}

/** A complete answer of the chat API. */
export function respondChat(...deltas: readonly Readonly<Record<string, unknown>>[]): {
  readonly stream: readonly StreamStep[];
} {
  const calls = deltas.some((delta) => "tool_calls" in delta);
  const chunks = deltas.map((delta) => chatChunk(delta));
  return { stream: [...chunks, chatChunk({}, calls ? "tool_calls" : "stop"), "[DONE]"] };
}

export function chatChunk(
  delta: Readonly<Record<string, unknown>>,
  finishReason: string | null = null,
): Readonly<Record<string, unknown>> {
  return { choices: [{ index: 0, delta, finish_reason: finishReason }] };
}

export const CREATED = { type: "response.created", response: { id: "resp_1" } } as const;

export const COMPLETED = {
  type: "response.completed",
  response: {
    id: "resp_1",
    output: [],
    usage: {
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 20 },
      output_tokens: 30,
      output_tokens_details: { reasoning_tokens: 5 },
      total_tokens: 130,
    },
  },
} as const;

export function textDelta(delta: string): Readonly<Record<string, unknown>> {
  return { type: "response.output_text.delta", item_id: "msg_1", output_index: 0, delta };
}

export function assistantMessage(text: string, id = "msg_1"): Readonly<Record<string, unknown>> {
  const content = [{ type: "output_text", text, annotations: [] }];
  return itemDone({ type: "message", id, role: "assistant", status: "completed", content });
}

/** `args` is sent as JSON; a string as it is. */
export function functionCall(
  name: string,
  args: unknown,
  callId = "call_1",
): Readonly<Record<string, unknown>> {
  const text = typeof args === "string" ? args : JSON.stringify(args);
  return itemDone({
    type: "function_call",
    id: `fc_${callId}`,
    call_id: callId,
    name,
    arguments: text,
  });
}

export function itemDone(
  item: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return { type: "response.output_item.done", output_index: 0, item };
}

/** The text of one event as it goes over the wire. */
export function sseText(data: Readonly<Record<string, unknown>> | string): string {
  if (typeof data === "string") return `data: ${data}\n\n`;
  const type = typeof data["type"] === "string" ? `event: ${data["type"]}\n` : "";
  return `${type}data: ${JSON.stringify(data)}\n\n`;
}

async function answer(
  response: ServerResponse,
  request: ReceivedRequest,
  scripted: ServerAnswer,
): Promise<void> {
  if (typeof scripted === "function") {
    await answer(response, request, scripted(request));
  } else if ("stream" in scripted) {
    response.writeHead(200, { "content-type": "text/event-stream", ...scripted.headers });
    await sendStream(response, scripted.stream);
  } else if ("status" in scripted) {
    const { status, headers, body } = scripted;
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body ?? {}));
  } else if ("refuse" in scripted) {
    response.destroy();
  }
}

async function sendStream(response: ServerResponse, steps: readonly StreamStep[]): Promise<void> {
  response.flushHeaders();
  for (const step of steps) {
    if (response.destroyed) return;
    if (step === HANG) return;
    if (step === CUT) {
      response.destroy();
      return;
    }
    if (typeof step === "number") await sleep(step, undefined, { ref: false });
    else await write(response, step instanceof Uint8Array ? step : sseText(step));
  }
  response.end();
}

// Each step leaves this process before the next one, so that a test can cut where it wants.
function write(response: ServerResponse, bytes: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(bytes, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
