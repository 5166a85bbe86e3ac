/** `codex` without a command: an interactive session. */
import { isatty } from "node:tty";
import { loadConversationConfig } from "./conversation-settings.ts";
import type { Invocation } from "./invocation.ts";
import { notInThisBuild } from "./not-in-this-build.ts";
import { complain } from "./output.ts";
import { readProcessContext } from "./process-context.ts";

export async function runTuiCommand(invocation: Invocation): Promise<number> {
  if (!isatty(0) || !isatty(1)) {
    complain('Cannot start a session: this is no terminal; "codex exec PROMPT" needs none');
    return 2;
  }
  await loadConversationConfig(invocation, readProcessContext());
  return notInThisBuild("");
}
