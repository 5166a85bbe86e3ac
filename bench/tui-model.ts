/** A model that streams as fast as it is read, at a model's speed, or says nothing at all. */
import { createServer, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export type ModelSpeed =
  | { readonly kind: "silent" }
  | { readonly kind: "fast"; readonly text: string }
  | { readonly kind: "slow"; readonly text: string; readonly bytesPerSecond: number };

export interface StreamingModel {
  readonly url: string;
  /** How requests are answered from here on. */
  readonly play: (speed: ModelSpeed) => void;
  readonly close: () => void;
}

/** Behind every text; a session that shows it has shown everything. */
export const LAST_WORDS = "the very end";

const FAST_DELTA = 256;
const SLOW_DELTAS_PER_SECOND = 40;

export async function startStreamingModel(): Promise<StreamingModel> {
  let speed: ModelSpeed = { kind: "silent" };
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.flushHeaders();
      answer(response, speed).catch(() => response.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("Cannot listen");
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    play: (next) => {
      speed = next;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function answer(response: ServerResponse, speed: ModelSpeed): Promise<void> {
  // The headers are sent, and nothing follows.
  if (speed.kind === "silent") return;
  const whole = `${speed.text}${LAST_WORDS}\n`;
  const isSlow = speed.kind === "slow";
  const size = isSlow ? Math.round(speed.bytesPerSecond / SLOW_DELTAS_PER_SECOND) : FAST_DELTA;
  await write(response, { type: "response.created", response: { id: "r" } });
  const start = performance.now();
  for (let at = 0; at < whole.length; at += size) {
    if (isSlow) {
      const due = start + (1000 * at) / speed.bytesPerSecond;
      await sleep(Math.max(0, due - performance.now()));
    }
    if (response.destroyed) return;
    const delta = whole.slice(at, at + size);
    await write(response, { type: "response.output_text.delta", delta });
  }
  const content = [{ type: "output_text", text: whole, annotations: [] }];
  const item = { type: "message", id: "m", role: "assistant", status: "completed", content };
  await write(response, { type: "response.output_item.done", output_index: 0, item });
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
  await write(response, { type: "response.completed", response: { id: "r", output: [], usage } });
  response.end();
}

function write(response: ServerResponse, event: Readonly<Record<string, unknown>>): Promise<void> {
  return new Promise((resolve) => {
    const data = `event: ${String(event["type"])}\ndata: ${JSON.stringify(event)}\n\n`;
    if (response.write(data)) resolve();
    else response.once("drain", resolve);
  });
}
