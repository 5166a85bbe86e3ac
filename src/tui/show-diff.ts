/** `/diff`: what git sees in the work tree; where it sees nothing, the patches of the last turn. */
import type { WorkTreeDiff } from "../core/work-tree-diff.ts";
import { type CellContext, failedCell, noticeCell } from "./cells.ts";
import type { Chat } from "./chat.ts";
import type { ConversationView } from "./conversation-view.ts";
import { diffTextRows } from "./diff-text-rows.ts";
import { SideWork } from "./side-work.ts";
import { DIM, type Row, row, span } from "./styled.ts";
import type { Ui } from "./ui.ts";
import { wrapWords } from "./wrap.ts";

export interface DiffHost {
  readonly ui: Ui;
  readonly chat: Chat;
  readonly view: ConversationView;
}

/** The scrollback is not the place for more. */
const MAX_ROWS = 1000;
const CUT = "more than 1 MiB: cut";
const WHOLE_TREE = "git diff of the work tree, with untracked files";

export async function showDiff({ ui, chat, view }: DiffHost): Promise<void> {
  if (ui.sideWork !== undefined) {
    ui.print(noticeCell("The diff is being computed already", ui.cellContext));
    return;
  }
  const work = new SideWork("computing the diff");
  ui.sideWork = work;
  try {
    const diff = await chat.workTreeDiff(work.signal);
    if (work.signal.aborted) ui.print(failedCell("The diff was cancelled", ui.cellContext));
    else printFound(diff, { ui, view });
  } finally {
    ui.sideWork = undefined;
  }
}

function printFound(diff: WorkTreeDiff, { ui, view }: Omit<DiffHost, "chat">): void {
  const { cellContext } = ui;
  if (diff.kind === "diff") {
    const { text, isCut } = diff;
    if (text === "") {
      const nothing = "git diff of the work tree is empty, and there are no untracked files";
      ui.print(noticeCell(nothing, cellContext));
      return;
    }
    printDiff({ title: WHOLE_TREE, text, isCut }, { ui, view });
    return;
  }
  const isFailure = diff.kind === "failed";
  if (isFailure) ui.print(failedCell(`Cannot show ${WHOLE_TREE}: ${diff.reason}`, cellContext));
  if (view.turnDiff !== "") {
    printDiff(
      { title: "Patches of the last turn", text: view.turnDiff, isCut: false },
      { ui, view },
    );
    return;
  }
  const none = "the patches of the last turn have changed nothing";
  const text = isFailure ? none : `This directory is in no git repository, and ${none}`;
  ui.print(noticeCell(`${text.slice(0, 1).toUpperCase()}${text.slice(1)}`, cellContext));
}

interface ShownDiff {
  readonly title: string;
  readonly text: string;
  /** There is more of it, which nobody has. */
  readonly isCut: boolean;
}

function printDiff({ title, text, isCut }: ShownDiff, { ui, view }: Omit<DiffHost, "chat">): void {
  const { cellContext } = ui;
  const { width } = cellContext;
  view.transcript.add(title, isCut ? `${text}\n(${CUT} here)` : text, "verbatim");
  const rows = diffTextRows(text, width);
  const more = moreText(rows.length - MAX_ROWS, isCut, cellContext);
  const rest: readonly Row[] = more === "" ? [] : wrapWords([span(more, DIM)], { width });
  ui.print([row(title, DIM), ...rows.slice(0, MAX_ROWS), ...rest]);
}

/** "" when everything is on the screen. */
function moreText(rows: number, isCut: boolean, context: CellContext): string {
  const { marks, fullView = "Ctrl-T" } = context;
  const hidden = rows > 0 ? `+${rows} rows (${fullView})` : "";
  const parts = [hidden, isCut ? CUT : ""].filter((part) => part !== "");
  return parts.length === 0 ? "" : `${marks.ellipsis} ${parts.join("; ")}`;
}
