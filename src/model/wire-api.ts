/** What the client needs of a wire API: a request out of a prompt, events out of a stream. */
import type { JsonRecord } from "./json-record.ts";
import type { ModelEvent } from "./model-event.ts";
import type { Prompt } from "./prompt.ts";

export interface WireApiAdapter {
  /** Appended to the base URL. */
  readonly path: string;
  /** Those that only this API knows. */
  readonly headers: (prompt: Prompt) => Readonly<Record<string, string>>;
  /** JSON-able; asks the prompt for its input. */
  readonly body: (prompt: Prompt) => object;
  /** One per response. */
  readonly createReader: () => WireReader;
}

export interface WireReader {
  /**
   * open: more must come; finishing: all items are there and only the token counts may follow;
   * complete: nothing after this matters.
   */
  readonly state: "open" | "finishing" | "complete";
  /** `data` is null where it was no JSON object; then `text` may still be a mark. */
  read(data: JsonRecord | null, eventName: string | null, text: string): readonly ModelEvent[];
  /** The stream ended while the state was not `complete`. Throws ModelError when it may not. */
  end(): readonly ModelEvent[];
}
