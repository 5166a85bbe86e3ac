/** The protocol over a server's standard input and output: one JSON message on each line. */
import { ReadBuffer, serializeMessage } from "@modelcontextprotocol/sdk/shared/stdio.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import type { ServerPipe } from "./server-pipe.ts";

/** Of one message; above it the server is taken for broken. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

export class StdioTransport implements Transport {
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  onmessage?: ((message: JSONRPCMessage) => void) | undefined;
  readonly #pipe: ServerPipe;
  readonly #buffer = new ReadBuffer({ maxBufferSize: MAX_MESSAGE_BYTES });
  #closing: Promise<void> | undefined;
  /** Why this end broke the connection, if it did. */
  fault: string | undefined;

  constructor(pipe: ServerPipe) {
    this.#pipe = pipe;
  }

  start(): Promise<void> {
    this.#pipe.read((bytes) => this.#receive(bytes));
    void this.#pipe.ended().then(() => this.onclose?.());
    return Promise.resolve();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    await this.#pipe.write(serializeMessage(message));
  }

  close(): Promise<void> {
    this.#closing ??= this.#pipe.close();
    return this.#closing;
  }

  #receive(bytes: Uint8Array): void {
    if (this.#closing !== undefined) return;
    try {
      this.#buffer.append(Buffer.from(bytes));
    } catch (error) {
      this.fault = `it sent a message of more than ${MAX_MESSAGE_BYTES / 1024 / 1024} MiB`;
      this.onerror?.(error instanceof Error ? error : new Error(String(error)));
      void this.close();
      return;
    }
    while (this.#deliver());
  }

  /** False when there is no whole line any more. A line that is no message is passed over. */
  #deliver(): boolean {
    try {
      const message = this.#buffer.readMessage();
      if (message === null) return false;
      this.onmessage?.(message);
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error(String(error)));
    }
    return true;
  }
}
