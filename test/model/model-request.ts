/** A prompt, an endpoint and a way to read a stream to its end, for the tests of this folder. */
import { ModelClient } from "../../src/model/client.ts";
import { ModelError } from "../../src/model/model-error.ts";
import type { ModelEvent } from "../../src/model/model-event.ts";
import type { ModelEndpoint, Prompt } from "../../src/model/prompt.ts";
import { userMessage } from "../../src/protocol/model-item.ts";

export const prompt: Prompt = {
  model: "gpt-5",
  instructions: "Be brief",
  input: () => [userMessage([{ type: "input_text", text: "hi" }])],
  tools: [],
  reasoning: { effort: "medium", summary: "auto" },
  store: true,
  promptCacheKey: "0f8fad5b-d9cb-469f-a165-70867728950e",
};

export function endpoint(baseUrl: string, changes: Partial<ModelEndpoint> = {}): ModelEndpoint {
  return {
    name: "scripted",
    baseUrl,
    wireApi: "responses",
    headers: {},
    query: {},
    apiKey: "sk-test",
    requestMaxRetries: 2,
    streamMaxRetries: 2,
    streamIdleTimeoutMs: 5000,
    originator: "codex_cli_rs",
    userAgent: "codex_cli_rs/0.0.0",
    proxyEnv: null,
    sseFixturePath: null,
    ...changes,
  };
}

export interface Outcome {
  readonly events: readonly ModelEvent[];
  readonly error: ModelError | null;
}

/** Whatever came, and how it ended. */
export async function ask(
  endpointOrClient: ModelEndpoint | ModelClient,
  signal: AbortSignal = new AbortController().signal,
  request: Prompt = prompt,
): Promise<Outcome> {
  const client =
    endpointOrClient instanceof ModelClient ? endpointOrClient : new ModelClient(endpointOrClient);
  const events: ModelEvent[] = [];
  try {
    for await (const event of client.stream(request, signal)) events.push(event);
    return { events, error: null };
  } catch (error) {
    if (error instanceof ModelError) return { events, error };
    throw error;
  }
}

/** The notices about retries, with delays as "<delay>": they are random. */
export function notices(outcome: Outcome): string[] {
  return outcome.events
    .filter((event) => event.kind === "retrying")
    .map((event) => event.message.replace(/in [\d.]+m?s…$/, "in <delay>…"));
}

export const usage = {
  input_tokens: 100,
  cached_input_tokens: 20,
  output_tokens: 30,
  reasoning_output_tokens: 5,
  total_tokens: 130,
} as const;
