/** What a form of output has to know how to show. */
import type { Config } from "../config/config.ts";
import type { Event } from "../protocol/event.ts";
import { summarizeSandboxPolicy } from "../protocol/sandbox-policy.ts";

export interface EventPrinter {
  /** Before anything else. */
  readonly begin: (config: Config, prompt: string) => void;
  readonly event: (event: Event) => void;
  /** After the last event. */
  readonly end: (lastMessage: string | null) => void;
}

/** What a run goes by, in a fixed order. Source: the first line of `codex exec --json` 0.23.0. */
export function describeRun(config: Config): Readonly<Record<string, string>> {
  const { modelProvider } = config;
  const reasons = config.modelSupportsReasoning && modelProvider.wireApi === "responses";
  return {
    workdir: config.cwd,
    model: config.model,
    provider: modelProvider.id,
    approval: config.approvalPolicy,
    sandbox: summarizeSandboxPolicy(config.sandboxPolicy),
    ...(reasons
      ? {
          "reasoning effort": config.modelReasoningEffort,
          "reasoning summaries": config.modelReasoningSummary,
        }
      : {}),
  };
}
