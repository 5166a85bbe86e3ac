/** `codex logout`: removes the stored credential. */
import { AuthError, removeStoredLogin } from "../auth/auth.ts";
import { loadConversationConfig } from "./conversation-settings.ts";
import type { Invocation } from "./invocation.ts";
import { complain, printError } from "./output.ts";
import { readProcessContext } from "./process-context.ts";

/** Nothing to remove is no failure. What is said is for people, hence on standard error. */
export async function runLogoutCommand(invocation: Invocation): Promise<number> {
  const context = readProcessContext();
  await loadConversationConfig(invocation, context);
  try {
    const removed = removeStoredLogin(context.codexHome);
    printError(removed ? "Successfully logged out\n" : "Not logged in\n");
    return 0;
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    complain(error.message);
    return 1;
  }
}
