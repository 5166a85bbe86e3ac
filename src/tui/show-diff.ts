/** `/diff`: what git sees in the work tree; where it sees nothing, the patches of the last turn. */
import { failedCell, noticeCell } from "./cells.ts";
import type { Chat } from "./chat.ts";
import type { ConversationView } from "./conversation-view.ts";
import { diffTextRows } from "./diff-text-rows.ts";
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
const WHOLE_TREE = "git diff of the work tree, with untracked files";

export async function showDiff({ ui, chat, view }: DiffHost): Promise<void> {
  const diff = await chat.workTreeDiff();
  const { cellContext } = ui;
  if (diff.kind === "diff") {
    if (diff.text === "") {
      const text = "git diff of the work tree is empty, and there are no untracked files";
      ui.print(noticeCell(text, cellContext));
      return;
    }
    const text = diff.isCut ? `${diff.text}\n(more than 1 MiB: cut here)` : diff.text;
    printDiff(text, WHOLE_TREE, { ui, view });
    return;
  }
  const isFailure = diff.kind === "failed";
  if (isFailure) ui.print(failedCell(`Cannot show ${WHOLE_TREE}: ${diff.reason}`, cellContext));
  if (view.turnDiff !== "") {
    printDiff(view.turnDiff, "Patches of the last turn", { ui, view });
    return;
  }
  const none = "the patches of the last turn have changed nothing";
  const text = isFailure ? none : `This directory is in no git repository, and ${none}`;
  ui.print(noticeCell(`${text.slice(0, 1).toUpperCase()}${text.slice(1)}`, cellContext));
}

function printDiff(text: string, title: string, { ui, view }: Omit<DiffHost, "chat">): void {
  const { cellContext } = ui;
  const { width, marks, fullView = "Ctrl-T" } = cellContext;
  view.transcript.add(title, text, "verbatim");
  const rows = diffTextRows(text, width);
  const more = rows.length - MAX_ROWS;
  const rest: readonly Row[] =
    more > 0
      ? wrapWords([span(`${marks.ellipsis} +${more} rows (${fullView})`, DIM)], { width })
      : [];
  ui.print([row(title, DIM), ...rows.slice(0, MAX_ROWS), ...rest]);
}
