/** Earlier sessions, to choose one. */
import { readRollout, sessionFiles } from "../core/rollout-reader.ts";
import type { Choice } from "./menu.ts";
import { exchangesOf } from "./resume-rows.ts";
import { sanitizeLine } from "./sanitize.ts";
import { shorten } from "./width.ts";

const MAX_SESSIONS = 50;
const MAX_TITLE = 60;

/** Newest first; ids are paths. Without `except`, which is the session that runs. */
export function sessionChoices(codexHome: string, except: string): readonly Choice[] {
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
    const { cwd, history } = readRollout(path);
    const first = exchangesOf(history).find(({ role }) => role === "user");
    if (first === undefined) return undefined;
    const time = /rollout-(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})/u.exec(path);
    const label = time === null ? "" : `${time[1] ?? ""} ${time[2] ?? ""}:${time[3] ?? ""}  `;
    const title = shorten(sanitizeLine(first.text), MAX_TITLE);
    return { id: path, label: `${label}${title}`, detail: cwd ?? "" };
  } catch {
    // A file that is none of ours, or one that cannot be read, is not offered.
    return undefined;
  }
}
