/** The task that a user's message starts: turns, until the model has nothing left to do. */
import type { MessageItem, ModelItem } from "../protocol/model-item.ts";
import { textOfMessage } from "../protocol/model-item.ts";
import { environmentContext, isEnvironmentContext } from "./environment-context.ts";
import { userInstructionsMessage } from "./project-doc.ts";
import type { SessionState, Task } from "./session-state.ts";
import { runTurn } from "./turn.ts";

/** The last text of the assistant. Throws what `runTurn` throws. */
export async function runUserTask(state: SessionState, task: Task): Promise<string | null> {
  const input = task.takeInput();
  if (input.length === 0) return null;
  state.recordModel(task.context);
  state.record(...missingContext(state, task), ...input);
  state.router.startTask();
  let lastMessage: string | null = null;
  for (;;) {
    const turn = await runTurn(state, task);
    lastMessage = turn.lastMessage ?? lastMessage;
    const more = task.takeInput();
    if (!turn.calledTools && more.length === 0) return lastMessage;
    state.record(...more);
  }
}

/**
 * The user's instructions, once, and the environment whenever it is not what the model was told
 * last.
 */
export function missingContext(state: SessionState, { context }: Task): readonly MessageItem[] {
  const environment = environmentContext(context);
  const last = state.history.items.findLast(isEnvironmentMessage);
  if (last !== undefined && textOfMessage(last) === textOfMessage(environment)) return [];
  const isFirst = last === undefined && state.userInstructions !== null;
  return isFirst ? [userInstructionsMessage(state.userInstructions), environment] : [environment];
}

function isEnvironmentMessage(item: ModelItem): item is MessageItem {
  return item.type === "message" && isEnvironmentContext(item);
}
