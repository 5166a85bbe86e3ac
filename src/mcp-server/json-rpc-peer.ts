/** Our side of the connection: the SDK pairs requests with answers, this decides who handles them. */
import { Protocol } from "@modelcontextprotocol/sdk/shared/protocol.js";
import {
  CancelledNotificationSchema,
  type JSONRPCRequest,
  type Notification,
  type Request,
  type RequestId,
  type Result,
} from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod/mini";
import type { LineTransport } from "./line-transport.ts";

export interface PeerHandlers {
  /** `signal` aborts when the client cancels the request. What it rejects with is the answer. */
  readonly handle: (request: JSONRPCRequest, signal: AbortSignal) => Promise<Result>;
  /** Told of what nobody can be answered. */
  readonly complain: (message: string) => void;
}

/** The largest that a timer takes: people decide when they do. */
const NO_TIME_LIMIT_MS = 2_147_483_647;

const anyObject = z.looseObject({});

/**
 * Not the SDK's Server class: it brings a validator of JSON schemas that nothing here needs, and it
 * answers bad parameters with -32603.
 */
export class JsonRpcPeer extends Protocol<Request, Notification, Result> {
  readonly #transport: LineTransport;
  readonly #inFlight = new Map<RequestId, AbortController>();
  readonly #handlers: PeerHandlers;
  #onDrained: () => void = () => undefined;
  /** For the SDK. */
  override readonly onerror = (error: Error): void => this.#handlers.complain(error.message);

  constructor(transport: LineTransport, handlers: PeerHandlers) {
    super();
    this.#transport = transport;
    this.#handlers = handlers;
    this.removeRequestHandler("ping");
    this.fallbackRequestHandler = (request) => this.#handle(request);
    // The SDK's own handler takes the id 0 for none.
    this.setNotificationHandler(CancelledNotificationSchema, ({ params }) => {
      if (params.requestId !== undefined) this.#cancel(params.requestId);
    });
  }

  /** Tells the client. Resolves when it is not far behind with reading. */
  async notify(method: string, params: Readonly<Record<string, unknown>>): Promise<void> {
    await this.notification({ method, params: { ...params } });
  }

  /** Asks the client. Rejects when it answers with an error, and with `signal`. */
  async ask(
    method: string,
    params: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<unknown> {
    const options = { signal, timeout: NO_TIME_LIMIT_MS };
    return this.request({ method, params: { ...params } }, anyObject, options);
  }

  /** Resolves when every request that has come so far is answered. */
  async answered(): Promise<void> {
    if (this.#inFlight.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve;
      });
    }
    // The answers leave a few steps after their handlers end.
    await new Promise((resolve) => setImmediate(resolve));
  }

  async #handle(request: JSONRPCRequest): Promise<Result> {
    const controller = new AbortController();
    this.#inFlight.set(request.id, controller);
    try {
      return await this.#handlers.handle(request, controller.signal);
    } finally {
      if (this.#inFlight.get(request.id) === controller) this.#inFlight.delete(request.id);
      if (this.#inFlight.size === 0) this.#onDrained();
    }
  }

  #cancel(id: RequestId): void {
    const controller = this.#inFlight.get(id);
    if (controller === undefined || controller.signal.aborted) return;
    this.#transport.dropAnswer(id);
    controller.abort();
  }

  // What each side can do is decided by who handles what, not declared a second time.
  protected override assertCapabilityForMethod(): void {}
  protected override assertNotificationCapability(): void {}
  protected override assertRequestHandlerCapability(): void {}
  protected override assertTaskCapability(): void {}
  protected override assertTaskHandlerCapability(): void {}
}
