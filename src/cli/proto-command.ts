/** `codex proto`: submissions in, events out. */
import { loadConversationConfig } from "./conversation-settings.ts";
import type { Invocation } from "./invocation.ts";
import { notInThisBuild } from "./not-in-this-build.ts";
import { readProcessContext } from "./process-context.ts";

export async function runProtoCommand(invocation: Invocation): Promise<number> {
  await loadConversationConfig(invocation, readProcessContext());
  return notInThisBuild("proto");
}
