/** The rows of the live region from top to bottom, as far as there is room for them. */
import type { ApprovalDialog } from "./approval-dialog.ts";
import type { Composer, Message } from "./composer.ts";
import type { Frame } from "./live-region.ts";
import type { Marks } from "./marks.ts";
import { sanitizeLine } from "./sanitize.ts";
import { cutRow, DIM, type Row, row } from "./styled.ts";
import { shorten } from "./width.ts";

export interface LiveRoom {
  /** The last column stays empty: a terminal may break a row that reaches it. */
  readonly width: number;
  readonly rows: number;
  /** For what takes keys: the dialog, the menu, the composer. */
  readonly inputRows: number;
  /** For the draft alone. */
  readonly draftRows: number;
  /** There is nothing but what takes keys. */
  readonly isTiny: boolean;
}

const MIN_COLUMNS = 20;
const MIN_ROWS = 4;

export function liveRoom(columns: number, screenRows: number): LiveRoom {
  const isTiny = columns < MIN_COLUMNS || screenRows < MIN_ROWS;
  const rows = Math.max(1, screenRows - 2);
  return {
    width: Math.max(1, columns - 1),
    rows,
    inputRows: isTiny ? 1 : rows - 1,
    draftRows: isTiny ? 1 : Math.max(1, Math.floor(screenRows / 3)),
    isTiny,
  };
}

export interface LiveParts {
  readonly input: Frame;
  readonly queued: readonly Row[];
  /** The status line, or a hint in its place; undefined where a question needs its row. */
  readonly last: Row | undefined;
  /** What still runs, in so many rows at most. */
  readonly running: (room: number) => readonly Row[];
}

export function stackLive(room: LiveRoom, parts: LiveParts): Frame {
  const frame = room.isTiny ? parts.input : wholeFrame(room, parts);
  const dropped = Math.max(0, frame.rows.length - room.rows);
  const { cursor } = frame;
  return {
    // A row that the terminal would break is two, and every later frame would be one row off.
    rows: frame.rows.slice(dropped).map((cells) => cutRow(cells, room.width)),
    cursor:
      cursor === undefined
        ? undefined
        : { row: Math.max(0, cursor.row - dropped), column: Math.min(cursor.column, room.width) },
  };
}

function wholeFrame(room: LiveRoom, { input, queued, last, running }: LiveParts): Frame {
  const lasts = last === undefined ? [] : [last];
  const free = room.rows - input.rows.length - queued.length - lasts.length - 1;
  const live = running(free);
  const above: readonly Row[] = [...(free > 0 ? live : []), ...(free >= 0 ? [[]] : []), ...queued];
  const { cursor } = input;
  return {
    rows: [...above, ...input.rows, ...lasts],
    cursor: cursor === undefined ? undefined : { ...cursor, row: cursor.row + above.length },
  };
}

export interface OpenQuestion {
  readonly dialog: ApprovalDialog;
  /** "1 of 3"; empty when there is only one. */
  readonly position: string;
  readonly isGuarded: boolean;
}

const DRAFT_ROWS_BESIDE_QUESTION = 3;
/** What is asked, about what, the choice, and the keys: it comes before the draft and the status. */
const QUESTION_ROWS = 4;

/** There is no row for the status line below a question. */
export function isRoomForQuestionOnly({ rows }: LiveRoom): boolean {
  return rows <= QUESTION_ROWS;
}

/** A question, and below it the draft: to it go the keys while the question is guarded. */
export function questionFrame(
  { dialog, position, isGuarded }: OpenQuestion,
  composer: Composer,
  { width, inputRows }: LiveRoom,
  marks: Marks,
): Frame {
  const most = Math.min(DRAFT_ROWS_BESIDE_QUESTION, inputRows - QUESTION_ROWS - 1);
  const isDraftShown = most > 0 && (isGuarded || !composer.isEmpty);
  const draft = isDraftShown ? composer.view(width, most, most, "") : undefined;
  const draftRows = draft === undefined ? [] : [[], ...draft.rows];
  const room = inputRows - draftRows.length;
  const asked = dialog.view(width, room, { position, marks, isGuarded });
  const cursor =
    isGuarded && draft !== undefined
      ? { row: asked.rows.length + 1 + draft.cursor.row, column: draft.cursor.column }
      : asked.cursor;
  return { rows: [...asked.rows, ...draftRows], cursor };
}

const MAX_QUEUED_ROWS = 3;

export function queuedRows(
  queue: readonly Message[],
  width: number,
  { ellipsis }: Marks,
): readonly Row[] {
  const rows = queue.slice(0, MAX_QUEUED_ROWS).map(({ text, imagePaths }) => {
    const pictures = imagePaths.map((path) => `[Image ${path.split("/").at(-1) ?? path}]`);
    const shown = sanitizeLine([...pictures, text].join(" "));
    return row(shorten(`queued: ${shown}`, width, ellipsis), DIM);
  });
  const more = queue.length - rows.length;
  return more > 0 ? [...rows, row(`${ellipsis} ${more} more`, DIM)] : rows;
}
