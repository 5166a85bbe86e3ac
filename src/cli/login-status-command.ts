/** `codex login status`: which credential requests would carry. */
import {
  API_KEY_VARIABLE,
  AuthError,
  CHATGPT_NOT_SUPPORTED,
  findCredential,
  readStoredLogin,
} from "../auth/auth.ts";
import { loadConversationConfig } from "./conversation-settings.ts";
import type { Invocation } from "./invocation.ts";
import { complain, printError } from "./output.ts";
import { type ProcessContext, readProcessContext } from "./process-context.ts";

/** 0 when there is a credential. */
export async function runLoginStatusCommand(invocation: Invocation): Promise<number> {
  const context = readProcessContext();
  await loadConversationConfig(invocation, context);
  try {
    return reportStatus(context);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    complain(error.message);
    return 1;
  }
}

function reportStatus({ codexHome, env }: ProcessContext): number {
  const credential = findCredential(codexHome, env);
  if (readStoredLogin(codexHome)?.isReadableByOthers === true) {
    complain('"auth.json" can be read by other users: "chmod 600" it');
  }
  switch (credential.kind) {
    case "api-key":
      printError(`Logged in using an API key - ${credential.key.masked()}\n`);
      printError(
        credential.source === API_KEY_VARIABLE
          ? `The key is the one in ${API_KEY_VARIABLE}\n`
          : `The key is the one in auth.json, which wins over ${API_KEY_VARIABLE}\n`,
      );
      return 0;
    case "unsupported-chatgpt":
      printError(`Logged in using ChatGPT\n`);
      complain(CHATGPT_NOT_SUPPORTED);
      return 0;
    case "none":
      printError("Not logged in\n");
      return 1;
  }
}
