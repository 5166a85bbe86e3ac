/** How much of the model's context is left. */
import type { EarlierUsage } from "../core/rollout-reader.ts";
import type { TokenUsage } from "../protocol/event.ts";

export class ContextMeter {
  #window: number | undefined;
  /** What the first request cost without any conversation: instructions and tools. 0 is the safe guess. */
  #base: number | undefined;
  #used: number | undefined;
  #input = 0;
  #output = 0;

  /** Another conversation: a new one, or one that goes on. */
  begin(earlier: EarlierUsage | undefined): void {
    this.#base = earlier === undefined ? undefined : (earlier.firstInput ?? 0);
    this.#used = earlier?.lastTotal;
    this.#input = 0;
    this.#output = 0;
  }

  /** Of the last request, in tokens. */
  get used(): number | undefined {
    return this.#used;
  }

  /** The conversation has become another one: what a request for it takes; undefined: not known. */
  setUsed(tokens: number | undefined): void {
    this.#used = tokens;
  }

  setWindow(tokens: number | undefined): void {
    this.#window = tokens;
  }

  add(usage: TokenUsage): void {
    this.#base ??= usage.input_tokens;
    this.#used = usage.total_tokens;
    this.#input += usage.input_tokens;
    this.#output += usage.output_tokens;
  }

  /** Of all requests together. */
  describe(): string {
    return `${this.#input} in, ${this.#output} out`;
  }

  /** 0 to 100; undefined until the first turn of a new conversation, and for models whose window nobody knows. */
  get percentLeft(): number | undefined {
    if (this.#window === undefined || this.#used === undefined) return undefined;
    const base = Math.min(this.#base ?? 0, this.#window - 1);
    const share = (this.#used - base) / (this.#window - base);
    return Math.round(100 * Math.max(0, Math.min(1, 1 - share)));
  }
}
