/** What is shown of a session that goes on. */
import { isForModel, notesIn } from "../core/history.ts";
import { readRollout, type StoredSession } from "../core/rollout-reader.ts";
import { type ModelItem, textOfMessage } from "../protocol/model-item.ts";
import { INTERRUPTED, interruptedCell, noticeCell, userCell } from "./cells.ts";
import type { ConversationView } from "./conversation-view.ts";
import { markdownRows } from "./markdown-rows.ts";
import { DIM, type Row, span } from "./styled.ts";
import { wrapWords } from "./wrap.ts";

export interface Said {
  /** "notes": in the place of what was compacted. */
  readonly role: "user" | "assistant" | "interrupt" | "notes";
  /** Empty for an interrupt. */
  readonly text: string;
}

const SHOWN_EXCHANGES = 3;

const TITLES = {
  user: "You",
  assistant: "Codex",
  notes: "Notes on what was compacted",
} as const;

const COMPACTED = "The answers before this were compacted.";

/**
 * What user and assistant said, where the user interrupted, and the notes in the place of what was
 * compacted; not what else was put between for the model alone.
 */
export function exchangesOf({
  history,
  interruptedAt,
}: Pick<StoredSession, "history" | "interruptedAt">): readonly Said[] {
  return history.flatMap((item): readonly Said[] => {
    const said = saidIn(item);
    return interruptedAt.has(item) ? [...said, { role: "interrupt", text: "" }] : said;
  });
}

function saidIn(item: ModelItem): readonly Said[] {
  if (item.type !== "message") return [];
  const text = textOfMessage(item);
  if (item.role !== "user") return text === "" ? [] : [{ role: "assistant", text }];
  const notes = notesIn(item);
  if (notes !== undefined) return [{ role: "notes", text: notes }];
  if (isForModel(item)) return [];
  const pictures = item.content.flatMap(({ type }) => (type === "input_image" ? ["[Image]"] : []));
  const shown = [...pictures, ...(text === "" ? [] : [text])].join("\n");
  return shown === "" ? [] : [{ role: "user", text: shown }];
}

/** The last three exchanges; all of them go to the transcript. Errors: ResumeError. */
export function resumeRows(path: string, view: ConversationView): readonly Row[] {
  const said = exchangesOf(readRollout(path));
  for (const { role, text } of said) {
    if (role === "interrupt") view.transcript.add("Notice", INTERRUPTED, "prose");
    else view.transcript.add(TITLES[role], text, "prose");
  }
  const starts = said.flatMap(({ role }, index) => (role === "user" ? [index] : []));
  const first = starts.at(-SHOWN_EXCHANGES) ?? 0;
  const { context, markdownOptions } = view;
  const { fullView = "Ctrl-T" } = context;
  const cells = said.slice(first).map(({ role, text }) => {
    if (role === "interrupt") return interruptedCell(context);
    if (role === "notes") return noticeCell(`${COMPACTED} ${fullView} has the notes.`, context);
    return role === "user" ? userCell(text, context) : markdownRows(text, markdownOptions);
  });
  const count = said.slice(0, first).filter(({ role }) => role !== "interrupt").length;
  const earlier =
    first === 0
      ? []
      : [
          wrapWords([span(`${count} earlier messages, ${fullView} to read`, DIM)], {
            width: context.width,
          }),
        ];
  return [...earlier, ...cells].flatMap((rows, index) => (index === 0 ? rows : [[], ...rows]));
}
