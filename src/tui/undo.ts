/** `/undo`: takes the patches of the last turn back, all of them or none. */
import { lstatSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { describeFileProblem } from "../runtime/file-problem.ts";
import { replaceFile } from "../config/private-file.ts";
import { findRepositoryRoot } from "../config/trust.ts";
import { doneCell, failedCell, noticeCell } from "./cells.ts";
import type { ConversationView } from "./conversation-view.ts";
import { sanitizeLine } from "./sanitize.ts";
import type { Ui } from "./ui.ts";
import { type FileRestore, planUndo } from "./undo-plan.ts";

export interface UndoHost {
  readonly ui: Ui;
  readonly view: ConversationView;
  readonly cwd: string;
}

export async function undoTurn({ ui, view, cwd }: UndoHost): Promise<void> {
  const { cellContext } = ui;
  if (view.turnDiff === "") {
    ui.print(noticeCell("The patches of the last turn have changed nothing", cellContext));
    return;
  }
  const root = realpathSync(findRepositoryRoot(cwd) ?? cwd);
  const pathOf = (name: string): string => (isAbsolute(name) ? name : join(root, name));
  const plan = planUndo(view.turnDiff, (name) => readText(pathOf(name)));
  if (!plan.ok) {
    ui.print(failedCell(`Nothing was taken back: ${plan.reason}`, cellContext));
    return;
  }
  const answer = await ui.choose({
    title: "Take the patches of the last turn back?",
    text: plan.files.map(
      ({ name, content }) => `${content === undefined ? "remove" : "restore"} ${name}`,
    ),
    choices: [
      { id: "keep", word: "no", label: "No, keep the changes" },
      { id: "undo", word: "yes", label: "Yes, take them back" },
    ],
  });
  if (answer !== "undo") return;
  try {
    const paths = plan.files.map(({ name }) => pathOf(name));
    for (const path of paths) checkPath(path);
    for (const file of plan.files) restore(file, pathOf(file.name));
    const names = plan.files.map(({ name }) => sanitizeLine(name)).join(", ");
    view.forgetTurnDiff();
    const text = `Taken back: ${names}. The model does not know of it until you say so.`;
    view.note(text, doneCell(text, cellContext));
  } catch (error) {
    ui.print(failedCell(`Taking back has stopped: ${reasonOf(error)}`, cellContext));
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!("errno" in error)) return error.message;
  const path = "path" in error && typeof error.path === "string" ? `"${error.path}": ` : "";
  return `${path}${describeFileProblem(error)}`;
}

function readText(path: string): string | undefined {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return undefined;
  // What is no file does not fit any diff.
  return entry.isFile() ? readFileSync(path, "utf8") : "\0";
}

/** A link on the way could lead to where the patch never was. Errors: Error. */
function checkPath(path: string): void {
  const directory = dirname(path);
  if (statSync(directory, { throwIfNoEntry: false }) === undefined) {
    throw new Error(`"${directory}" is no longer there`);
  }
  if (realpathSync(directory) !== directory) throw new Error(`"${directory}" leads elsewhere`);
}

function restore({ content, isExecutable }: FileRestore, path: string): void {
  if (content === undefined) {
    rmSync(path);
    return;
  }
  const entry = lstatSync(path, { throwIfNoEntry: false });
  const mode = entry === undefined ? (isExecutable ? 0o755 : 0o644) : entry.mode & 0o777;
  replaceFile(path, content, mode);
}
