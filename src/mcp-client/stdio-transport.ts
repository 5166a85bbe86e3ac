/** The protocol over a server's standard input and output: one JSON message on each line. */
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { type JSONRPCMessage, JSONRPCMessageSchema } from "@modelcontextprotocol/sdk/types.js";
import { type Line, LineSplitter } from "../runtime/line-splitter.ts";
import type { ServerPipe } from "./server-pipe.ts";

/** So many lines that look like messages and are none: the server is taken for broken. */
const MAX_BROKEN_LINES = 1_000;

/**
 * The SDK's own transport starts processes by itself, copies all it has with every piece that
 * comes in, and is held up for long by a server that prints many broken lines.
 */
export class StdioTransport implements Transport {
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  onmessage?: ((message: JSONRPCMessage) => void) | undefined;
  readonly #pipe: ServerPipe;
  readonly #lines = new LineSplitter();
  #brokenLines = 0;
  #closing: Promise<void> | undefined;
  /** Why this end broke the connection, if it did. */
  fault: string | undefined;

  constructor(pipe: ServerPipe) {
    this.#pipe = pipe;
  }

  start(): Promise<void> {
    this.#pipe.read((bytes) => {
      // The memory is the pipe's.
      for (const line of this.#lines.push(Buffer.from(bytes))) this.#receive(line);
    });
    void this.#pipe.ended().then(() => this.onclose?.());
    return Promise.resolve();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    await this.#pipe.write(`${JSON.stringify(message)}\n`);
  }

  close(): Promise<void> {
    this.#closing ??= this.#pipe.close();
    return this.#closing;
  }

  #receive(line: Line): void {
    if (this.#closing !== undefined) return;
    if (line.kind === "too-long") return this.#break(`it sent a message of ${line.bytes} bytes`);
    // Many servers print a greeting or their log here.
    if (!/^\s*\{/.test(line.text)) return;
    const message = decodeMessage(line.text);
    if (message !== undefined) return this.onmessage?.(message);
    this.#brokenLines += 1;
    if (this.#brokenLines > MAX_BROKEN_LINES) this.#break("it prints lines that are no messages");
  }

  #break(fault: string): void {
    this.fault = fault;
    this.onerror?.(new Error(fault));
    void this.close();
  }
}

function decodeMessage(text: string): JSONRPCMessage | undefined {
  try {
    return JSONRPCMessageSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
