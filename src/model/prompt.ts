/** What is asked, and whom: the two inputs of a model request. */
import type { ModelItem } from "../protocol/model-item.ts";
import type { ReasoningEffort, ReasoningSummary } from "../protocol/reasoning.ts";
import type { ToolSpec } from "./tool-specs.ts";

export interface Prompt {
  readonly model: string;
  readonly instructions: string;
  /**
   * The history to send. It is asked for again at every attempt: what a broken stream had already
   * given (calls that ran, with their outputs) must be in it, or commands would run twice.
   */
  readonly input: () => readonly ModelItem[];
  /** In a stable order, or the server's prompt cache is of no use. */
  readonly tools: readonly ToolSpec[];
  /** Null for models that do not reason. The chat wire has no place for it. */
  readonly reasoning: ReasoningSettings | null;
  /** Whether the server may keep the response. Without it, reasoning comes back encrypted. */
  readonly store: boolean;
  /** The conversation id; also sent as the `session_id` header. */
  readonly promptCacheKey: string;
}

export interface ReasoningSettings {
  readonly effort: ReasoningEffort;
  readonly summary: ReasoningSummary;
}

export type WireApi = "responses" | "chat";

/** One configured provider, with everything that came from the environment already looked up. */
export interface ModelEndpoint {
  /** For messages to users. */
  readonly name: string;
  /** Without the last path segment, for example `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  readonly wireApi: WireApi;
  /** Sent with every request, after the built-in ones: a provider's word counts more. */
  readonly headers: Readonly<Record<string, string>>;
  /** Appended to the URL. */
  readonly query: Readonly<Record<string, string>>;
  /** Bearer token. Null sends no `authorization` header. */
  readonly apiKey: string | null;
  readonly requestMaxRetries: number;
  readonly streamMaxRetries: number;
  /** Longest wait for the response headers, and from then on for each event. */
  readonly streamIdleTimeoutMs: number;
  readonly originator: string;
  readonly userAgent: string;
  /** HTTP_PROXY, HTTPS_PROXY and NO_PROXY (also in lower case), or null for a direct connection. */
  readonly proxyEnv: Readonly<Record<string, string>> | null;
  /** A file of SSE text that replaces the server: for tests of people without a network. */
  readonly sseFixturePath: string | null;
}
