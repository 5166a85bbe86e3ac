/** `notify`: a program of the user's is told that a turn is over. */
import type { CompletedTurn } from "./session.ts";

/** `notify` of the configuration, and one argument of JSON behind it. Source: 0.23.0. */
export function notificationCommand(
  notify: readonly string[],
  turn: CompletedTurn,
): readonly string[] {
  const notification = {
    type: "agent-turn-complete",
    "turn-id": turn.turnId,
    "input-messages": turn.inputMessages,
    "last-assistant-message": turn.lastAssistantMessage,
  };
  return [...notify, JSON.stringify(notification)];
}
