/** What comes back from a model, in the same words for both wire APIs. */
import type { TokenUsage } from "../protocol/event.ts";
import type { ModelItem } from "../protocol/model-item.ts";
import type { ModelError } from "./model-error.ts";

export type ModelEvent =
  | { readonly kind: "created" }
  | { readonly kind: "output-text-delta"; readonly delta: string }
  | { readonly kind: "reasoning-summary-delta"; readonly delta: string }
  /** Another part of the reasoning summary begins. */
  | { readonly kind: "reasoning-section-break" }
  | { readonly kind: "reasoning-raw-delta"; readonly delta: string }
  /** Complete, and to be kept: also when the stream breaks afterwards. */
  | { readonly kind: "item-done"; readonly item: ModelItem }
  /** Always the last one. `usage` is null when the server counted nothing. */
  | { readonly kind: "completed"; readonly usage: TokenUsage | null }
  | RetryingEvent;

/**
 * The attempt failed and another one follows after `delayMs`. Deltas without their finished item
 * are void; finished items stay.
 */
export interface RetryingEvent {
  readonly kind: "retrying";
  /** Counts from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly delayMs: number;
  readonly error: ModelError;
  /** For users: "stream error: …; retrying 1/5 in 200ms…". */
  readonly message: string;
}
