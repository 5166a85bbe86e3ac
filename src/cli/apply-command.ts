/** `codex apply`: changes of a cloud task. */
import { CHATGPT_NOT_SUPPORTED } from "../auth/auth.ts";
import { complain } from "./output.ts";

/** Cloud tasks belong to a ChatGPT account. */
export function runApplyCommand(): number {
  complain(`Cannot fetch the task: ${CHATGPT_NOT_SUPPORTED}`);
  return 1;
}
