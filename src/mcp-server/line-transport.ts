/** JSON-RPC messages as lines, for the SDK's Protocol class. Nothing that has an id goes silent. */
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  type JSONRPCMessage,
  JSONRPCMessageSchema,
  type RequestId,
} from "@modelcontextprotocol/sdk/types.js";
import type { LineOutput } from "../runtime/line-output.ts";
import type { Line } from "../runtime/line-splitter.ts";
import { INVALID_PARAMS, INVALID_REQUEST } from "./rpc-error.ts";

/**
 * The SDK's own stdio transport copies its buffer with every chunk, waits for ever for a reader
 * that is gone, and leaves malformed requests without an answer.
 */
export class LineTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #output: LineOutput;
  /** Requests that were cancelled: their answers are not sent. */
  readonly #cancelled = new Set<RequestId>();

  constructor(output: LineOutput) {
    this.#output = output;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** Resolves when the reader is not far behind. */
  async send(message: JSONRPCMessage): Promise<void> {
    if (!("method" in message) && message.id !== undefined && this.#cancelled.delete(message.id)) {
      return;
    }
    await this.#output.write(JSON.stringify(message));
  }

  close(): Promise<void> {
    this.onclose?.();
    return Promise.resolve();
  }

  /** The request still runs; what it will answer is to be thrown away. */
  dropAnswer(id: RequestId): void {
    this.#cancelled.add(id);
  }

  /** Never throws. */
  receive(line: Line): void {
    if (line.kind === "too-long") {
      this.onerror?.(new Error(`A line of ${line.bytes} bytes is too long`));
      return;
    }
    if (line.text.trim() === "") return;
    let value: unknown;
    try {
      value = JSON.parse(line.text);
    } catch {
      this.onerror?.(new Error("A line is not valid JSON"));
      return;
    }
    const message = JSONRPCMessageSchema.safeParse(value);
    if (message.success) this.onmessage?.(message.data);
    else this.#answerMalformed(value);
  }

  #answerMalformed(value: unknown): void {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      const what = Array.isArray(value) ? "batches are not supported" : "expected an object";
      this.#refuse(null, INVALID_REQUEST, `Invalid request: ${what}`);
      return;
    }
    const id = requestId(value);
    if ("method" in value) {
      if (!("id" in value)) this.onerror?.(new Error("A notification is malformed"));
      else this.#refuseRequest(id, value);
    } else if (id !== null && ("result" in value || "error" in value)) {
      // An answer to one of our questions: whoever asked must not wait for ever.
      const error = { code: INVALID_REQUEST, message: "Malformed answer" };
      this.onmessage?.({ jsonrpc: "2.0", id, error });
    } else {
      this.#refuse(id, INVALID_REQUEST, "Invalid request: no method");
    }
  }

  #refuseRequest(id: RequestId | null, value: object): void {
    const { params: _params, ...envelope } = Object.fromEntries(Object.entries(value));
    const isSound = JSONRPCMessageSchema.safeParse(envelope).success;
    if (isSound) this.#refuse(id, INVALID_PARAMS, "Invalid params: expected an object");
    else this.#refuse(id, INVALID_REQUEST, "Invalid request");
  }

  /** The SDK's types have no answer to a request without an id. */
  #refuse(id: RequestId | null, code: number, message: string): void {
    void this.#output.write(JSON.stringify({ jsonrpc: "2.0", id, error: { code, message } }));
  }
}

function requestId(value: object): RequestId | null {
  const id: unknown = Reflect.get(value, "id");
  if (typeof id === "string") return id;
  return typeof id === "number" && Number.isInteger(id) ? id : null;
}
