/** Where the draft and its cursor are on the screen. */
import type { Row } from "./styled.ts";
import { CYAN, span } from "./styled.ts";
import { type Cell, visibleTextOf } from "./text-editor.ts";
import { textWidth } from "./width.ts";

export interface DraftLayout {
  readonly rows: readonly Row[];
  readonly cursorRow: number;
  /** In columns, from the start of the row. */
  readonly cursorColumn: number;
  /** The position between cells where each row begins. */
  readonly rowStarts: readonly number[];
}

/** Breaks only where the width is used up, so that typing never moves a word that stands. */
export function layoutDraft(cells: readonly Cell[], cursor: number, width: number): DraftLayout {
  const columns = Math.max(2, width);
  const rows: { text: string; isAtom: boolean }[][] = [[]];
  const rowStarts = [0];
  let column = 0;
  let place = { row: 0, column: 0 };
  for (const [index, cell] of cells.entries()) {
    const text = visibleTextOf(cell);
    const isBreak = cell.kind === "grapheme" && text === "\n";
    const cellWidth = isBreak ? 0 : Math.min(textWidth(text), columns);
    if (!isBreak && column + cellWidth > columns) {
      rows.push([]);
      rowStarts.push(index);
      column = 0;
    }
    if (index === cursor) place = { row: rows.length - 1, column };
    if (isBreak) {
      rows.push([]);
      rowStarts.push(index + 1);
      column = 0;
    } else {
      rows.at(-1)?.push({ text, isAtom: cell.kind === "atom" });
      column += cellWidth;
    }
  }
  if (cursor >= cells.length) {
    if (column >= columns) {
      rows.push([]);
      rowStarts.push(cells.length);
      column = 0;
    }
    place = { row: rows.length - 1, column };
  }
  return {
    rows: rows.map((parts) =>
      mergeText(parts).map(({ text, isAtom }) =>
        isAtom ? span(text, { color: CYAN }) : span(text),
      ),
    ),
    cursorRow: place.row,
    cursorColumn: place.column,
    rowStarts,
  };
}

/** The position in the row above (-1) or below (1), in about the same column; undefined at the edge. */
export function moveByRow(
  cells: readonly Cell[],
  cursor: number,
  width: number,
  direction: -1 | 1,
): number | undefined {
  const layout = layoutDraft(cells, cursor, width);
  const target = layout.cursorRow + direction;
  const start = layout.rowStarts[target];
  if (start === undefined) return undefined;
  const next = layout.rowStarts[target + 1] ?? cells.length + 1;
  let column = 0;
  let index = start;
  while (index < Math.min(next, cells.length)) {
    const cell = cells[index];
    if (cell === undefined || (cell.kind === "grapheme" && cell.text === "\n")) break;
    const after = column + textWidth(visibleTextOf(cell));
    if (after > layout.cursorColumn || index + 1 === next) break;
    column = after;
    index += 1;
  }
  return index;
}

function mergeText(parts: readonly { readonly text: string; readonly isAtom: boolean }[]) {
  const merged: { text: string; isAtom: boolean }[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (last !== undefined && !last.isAtom && !part.isAtom) last.text += part.text;
    else merged.push({ ...part });
  }
  return merged;
}
