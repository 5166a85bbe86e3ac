/** A model that answers from a script: prepared bytes over HTTP, so that it costs next to nothing. */
import { createServer } from "node:http";

export interface StubModel {
  readonly url: string;
  /** Answers for the requests from here on, the last one for ever. */
  readonly play: (answers: readonly string[]) => void;
  /** When the requests since `play` came in, by performance.now(). */
  readonly arrivals: readonly number[];
  readonly close: () => void;
}

export async function startStubModel(): Promise<StubModel> {
  let script: readonly Buffer[] = [];
  let arrivals: number[] = [];
  const server = createServer((request, response) => {
    arrivals.push(performance.now());
    const bytes = script[Math.min(arrivals.length, script.length) - 1];
    request.resume();
    request.on("end", () => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("Cannot listen");
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    play: (answers) => {
      script = answers.map((text) => Buffer.from(text));
      arrivals = [];
    },
    get arrivals() {
      return arrivals;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A whole answer of the Responses API. */
export function answer(events: readonly Typed[]): string {
  const usage = { input_tokens: 100, output_tokens: 30, total_tokens: 130 };
  const all = [
    { type: "response.created", response: { id: "resp_1" } },
    ...events,
    { type: "response.completed", response: { id: "resp_1", output: [], usage } },
  ];
  return all.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
}

type Typed = Readonly<Record<string, unknown>> & { readonly type: string };

export function message(text: string): Typed {
  const content = [{ type: "output_text", text, annotations: [] }];
  return itemDone({ type: "message", id: "msg_1", role: "assistant", content });
}

export function delta(text: string): Typed {
  return { type: "response.output_text.delta", item_id: "msg_1", output_index: 0, delta: text };
}

export function shellCall(id: string, command: readonly string[]): Typed {
  const args = JSON.stringify({ command, timeout: 60_000 });
  return itemDone({
    type: "function_call",
    id: `fc_${id}`,
    call_id: id,
    name: "shell",
    arguments: args,
  });
}

function itemDone(item: Readonly<Record<string, unknown>>): Typed {
  return { type: "response.output_item.done", output_index: 0, item };
}
