/** Earlier sessions, to choose one. */
import { readRollout, ResumeError, sessionFiles } from "../core/rollout-reader.ts";
import { failedCell } from "./cells.ts";
import type { Chat } from "./chat.ts";
import type { ConversationView } from "./conversation-view.ts";
import type { Choice, MenuRequest } from "./menu.ts";
import { exchangesOf, resumeRows } from "./resume-rows.ts";
import { sanitizeLine } from "./sanitize.ts";
import { shorten } from "./width.ts";

const MAX_SESSIONS = 50;
const MAX_TITLE = 60;

/** Undefined when there is none. The ids of the choices are paths. */
export function sessionMenu(codexHome: string, except: string): MenuRequest | undefined {
  const choices = sessionChoices(codexHome, except);
  return choices.length === 0 ? undefined : { title: "Which session?", choices };
}

/** One that cannot be taken up is complained about; then the present one stays, or a new one begins. */
export async function resumeSession(
  path: string,
  chat: Chat,
  view: ConversationView,
): Promise<void> {
  try {
    await chat.begin(path);
    view.print(resumeRows(path, view));
  } catch (error) {
    if (!(error instanceof ResumeError)) throw error;
    view.print(failedCell(error.message, view.context));
    if (!chat.hasSession) await chat.begin();
  }
}

/** Newest first; ids are paths. Without `except`, which is the session that runs. */
function sessionChoices(codexHome: string, except: string): readonly Choice[] {
  const choices: Choice[] = [];
  for (const path of sessionFiles(codexHome)) {
    if (choices.length >= MAX_SESSIONS) break;
    if (path.includes(except)) continue;
    const choice = choiceOf(path);
    if (choice !== undefined) choices.push(choice);
  }
  return choices;
}

function choiceOf(path: string): Choice | undefined {
  try {
    const session = readRollout(path, false);
    const { cwd } = session;
    const first = exchangesOf(session).find(({ role }) => role === "user");
    if (first === undefined) return undefined;
    const time = /rollout-(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})/u.exec(path);
    const label = time === null ? "" : `${time[1] ?? ""} ${time[2] ?? ""}:${time[3] ?? ""}  `;
    const title = shorten(sanitizeLine(first.text), MAX_TITLE, "...");
    return { id: path, label: `${label}${title}`, detail: cwd ?? "" };
  } catch {
    // A file that is none of ours, or one that cannot be read, is not offered.
    return undefined;
  }
}
