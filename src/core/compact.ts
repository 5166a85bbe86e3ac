/** Replaces a long history by a summary of it, so that the conversation can go on. */
import { type ModelItem, textOfMessage, userMessage } from "../protocol/model-item.ts";
import { environmentContext } from "./environment-context.ts";
import { isForModel, NOTES_TITLE } from "./history.ts";
import { userInstructionsMessage } from "./project-doc.ts";
import type { SessionState, Task } from "./session-state.ts";

const INSTRUCTIONS = `You write the notes with which a colleague takes over this conversation. \
They see nothing of it but your notes, a few recent words of the user, and the files on disk.

Write, in plain text and as short as it can be without losing anything that matters:
- what the user wants, with every wish and limit they stated, and what is settled;
- what was done and found: files that were changed or read and what is in them that counts, \
commands that worked or failed and why;
- what is left to do, in order, and where to continue.

Keep exact names, paths, numbers and error messages. Do not carry out anything and do not add advice \
of your own.`;

const TRIGGER = "Write the notes on everything above now.";
const DONE = "The conversation was compacted.";
/** Of the user's own words, the most recent ones: their exact form counts more than a retelling. */
const MAX_KEPT_CHARACTERS = 20_000;

/** Nothing of the summary is shown. Throws ModelError. */
export async function runCompactTask(state: SessionState, task: Task): Promise<null> {
  const summary = await summarize(state, task);
  state.replaceHistory(compactedHistory(state, task, summary));
  task.emit({ type: "agent_message", message: DONE });
  return null;
}

async function summarize(state: SessionState, task: Task): Promise<string> {
  const trigger = userMessage([{ type: "input_text", text: TRIGGER }]);
  const { context, signal } = task;
  const events = state.model().stream(
    {
      model: context.model,
      instructions: INSTRUCTIONS,
      input: () => [...state.history.items, trigger],
      tools: [],
      reasoning: context.supportsReasoning
        ? { effort: context.effort, summary: context.summary }
        : null,
      store: !state.config.disableResponseStorage,
      promptCacheKey: state.id,
    },
    signal,
  );
  let texts: string[] = [];
  for await (const event of events) {
    if (event.kind === "item-done" && event.item.type === "message") {
      texts.push(textOfMessage(event.item));
    } else if (event.kind === "retrying") {
      texts = [];
      task.emit({ type: "background_event", message: event.message });
    } else if (event.kind === "completed" && event.usage !== null) {
      task.emit({ type: "token_count", ...event.usage });
    }
  }
  const summary = texts.join("\n\n").trim();
  if (summary === "") throw new Error("Cannot compact the conversation: the model gave no summary");
  return summary;
}

function compactedHistory(
  state: SessionState,
  { context }: Task,
  summary: string,
): readonly ModelItem[] {
  const instructions =
    state.userInstructions === null ? [] : [userInstructionsMessage(state.userInstructions)];
  const notes = `${NOTES_TITLE}\n\n${summary}`;
  return [
    ...instructions,
    environmentContext(context),
    ...recentUserMessages(state.history.items),
    userMessage([{ type: "input_text", text: notes }]),
  ];
}

function recentUserMessages(items: readonly ModelItem[]): readonly ModelItem[] {
  const kept: ModelItem[] = [];
  let characters = 0;
  for (const item of items.toReversed()) {
    if (item.type !== "message" || item.role !== "user") continue;
    const text = textOfMessage(item);
    if (isForModel(item) || text === "") continue;
    characters += text.length;
    if (characters > MAX_KEPT_CHARACTERS) break;
    kept.unshift(userMessage([{ type: "input_text", text }]));
  }
  return kept;
}
