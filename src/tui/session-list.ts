/** Earlier sessions, to choose one. */
import { ResumeError } from "../core/resume-error.ts";
import { readRollout, sessionFiles } from "../core/rollout-reader.ts";
import { failedCell } from "./cells.ts";
import type { Chat } from "./chat.ts";
import type { ConversationView } from "./conversation-view.ts";
import type { Choice, MenuRequest } from "./menu.ts";
import { exchangesOf, resumeRows } from "./resume-rows.ts";
import { sanitizeLine } from "./sanitize.ts";
import { shorten } from "./width.ts";

/** As many are read and listed at once. */
const PAGE_SESSIONS = 50;
const MAX_TITLE = 60;

const OLDER: Choice = { id: "older", label: "Older sessions", word: "older" };

export interface SessionQuestion {
  readonly codexHome: string;
  /** The session that runs, which is not offered. */
  readonly except: string;
  readonly choose: (menu: MenuRequest) => Promise<string | undefined>;
  readonly onEscape: MenuRequest["onEscape"];
}

export type SessionAnswer =
  | { readonly kind: "chosen"; readonly path: string }
  | { readonly kind: "cancelled" }
  /** There is no earlier session. */
  | { readonly kind: "empty" };

/** Asks page by page, newest first. */
export async function askForSession(question: SessionQuestion): Promise<SessionAnswer> {
  const { codexHome, except, choose, onEscape } = question;
  const sessions = sessionChoices(codexHome, except);
  let next = sessions.next();
  if (next.done === true) return { kind: "empty" };
  for (;;) {
    const page: Choice[] = [];
    for (; next.done !== true && page.length < PAGE_SESSIONS; next = sessions.next()) {
      page.push(next.value);
    }
    const hasOlder = next.done !== true;
    const id = await choose({
      title: "Which session?",
      text: hasOlder ? ["These are not all: the last entry lists older ones"] : [],
      choices: hasOlder ? [...page, OLDER] : page,
      ...(onEscape === undefined ? {} : { onEscape }),
    });
    if (id === undefined) return { kind: "cancelled" };
    if (id !== OLDER.id) return { kind: "chosen", path: id };
  }
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
function* sessionChoices(codexHome: string, except: string): Generator<Choice, undefined> {
  for (const path of sessionFiles(codexHome)) {
    if (path.includes(except)) continue;
    const choice = choiceOf(path);
    if (choice !== undefined) yield choice;
  }
}

function choiceOf(path: string): Choice | undefined {
  try {
    const session = readRollout(path);
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
