/** The painter against a terminal: what is drawn over what was there is what a first drawing is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import headless from "@xterm/headless";
import { type Frame, LiveRegion } from "../../src/tui/live-region.ts";
import { SynchronizedOutput } from "../../src/tui/synchronized-output.ts";
import {
  BOLD,
  CYAN,
  cutRow,
  DIM,
  PLAIN,
  type Row,
  rowText,
  span,
  type Style,
  toAnsi,
} from "../../src/tui/styled.ts";

const COLUMNS = 40;
const ROWS = 12;
const STYLES: readonly Style[] = [PLAIN, BOLD, DIM, { color: CYAN }, { color: CYAN, bold: true }];
const WORDS = ["a", "word", "longer words", "  ", "界", "e\u0301", "│ ", "1.", "…"];

/** Numbers from 0 up to 1, the same ones for a seed. A linear congruential generator. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const ansi = (cells: Row): string => toAnsi(cells, true);

async function written(terminal: headless.Terminal, text: string): Promise<void> {
  await new Promise<void>((resolve) => terminal.write(text, resolve));
}

/** All rows, styles as the letters of what xterm says of a cell. */
function rowsOf(terminal: headless.Terminal): readonly string[] {
  const buffer = terminal.buffer.active;
  return Array.from({ length: buffer.length }, (_, index) => {
    const line = buffer.getLine(index);
    let out = "";
    for (let column = 0; column < COLUMNS; column += 1) {
      const cell = line?.getCell(column);
      if (cell === undefined || cell.getWidth() === 0) continue;
      const style = `${cell.isBold() > 0 ? "b" : ""}${cell.isDim() > 0 ? "d" : ""}${cell.getFgColor()}`;
      const text = cell.getChars();
      out += text === "" || (text === " " && style === "-1") ? " " : `${text}${style}`;
    }
    return out.trimEnd();
  });
}

test("any frame over any other looks as if it was drawn first", async () => {
  for (let seed = 1; seed <= 6; seed += 1) {
    const random = seededRandom(seed);
    const pick = <Value>(values: readonly Value[], otherwise: Value): Value =>
      values[Math.floor(random() * values.length)] ?? otherwise;
    const randomRow = (): Row =>
      Array.from({ length: Math.floor(random() * 5) }, () =>
        span(pick(WORDS, ""), pick(STYLES, PLAIN)),
      );
    // Mostly rows that grow, shrink or change somewhere, as an answer and its composer do.
    const changed = (cells: Row): Row => {
      const what = random();
      if (what < 0.3) return cells;
      if (what < 0.6) return [...cells, span(pick(WORDS, ""), cells.at(-1)?.style ?? PLAIN)];
      if (what < 0.75) return cells.slice(0, -1);
      if (what < 0.85) {
        return cells.map(({ text, style }) => span(text + pick(WORDS, ""), style));
      }
      return randomRow();
    };
    let bytes = "";
    const live = new LiveRegion((text) => (bytes += text), true, new SynchronizedOutput(true));
    const options = { cols: COLUMNS, rows: ROWS, scrollback: 5000, allowProposedApi: true };
    const terminal = new headless.Terminal(options);
    const printed: Row[] = [];
    let rows: readonly Row[] = [];
    for (let step = 0; step < 40; step += 1) {
      const count = Math.max(0, Math.min(ROWS - 2, rows.length + Math.floor(random() * 5) - 2));
      const next = Array.from({ length: count }, (_, index) => changed(rows[index] ?? randomRow()));
      rows = next.map((cells) => cutRow(cells, COLUMNS - 1));
      const above = random() < 0.3 ? [cutRow(randomRow(), COLUMNS - 1)] : [];
      printed.push(...above);
      const row = Math.floor(random() * count);
      const cursor =
        count > 0 && random() < 0.7 ? { row, column: Math.floor(random() * 9) } : undefined;
      const frame: Frame = { rows, cursor };
      live.draw(above.map((cells) => `${ansi(cells)}\r\n`).join(""), frame);
      await written(terminal, bytes);
      bytes = "";

      const fresh = new headless.Terminal(options);
      const all = [...printed, ...rows].map(ansi).join("\r\n");
      await written(fresh, rows.length === 0 && printed.length > 0 ? `${all}\r\n` : all);
      const isBlank = (line: string): boolean => line === "";
      const shown = rowsOf(terminal);
      const expected = rowsOf(fresh);
      assert.deepEqual(
        shown.slice(0, shown.findLastIndex((line) => !isBlank(line)) + 1),
        expected.slice(0, expected.findLastIndex((line) => !isBlank(line)) + 1),
        `seed ${seed}, step ${step}: ${rows.map(rowText).join(" / ")}`,
      );
      if (cursor !== undefined) {
        const { cursorX, cursorY, baseY } = terminal.buffer.active;
        assert.deepEqual([baseY + cursorY, cursorX], [printed.length + cursor.row, cursor.column]);
      }
      fresh.dispose();
    }
    terminal.dispose();
  }
});
