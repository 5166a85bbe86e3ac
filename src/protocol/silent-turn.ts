/** Turns that a model ends without a word: front ends for people say so. */
import type { EventMsg } from "./event.ts";

export const NO_ANSWER = "(no answer)";

/** The model says something in it, or it is told why it does not. */
export function endsSilence(msg: EventMsg): boolean {
  if (msg.type === "agent_message_delta") return msg.delta.trim() !== "";
  if (msg.type === "agent_message") return msg.message.trim() !== "";
  return msg.type === "error";
}
