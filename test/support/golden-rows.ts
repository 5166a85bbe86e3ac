/**
 * Rows of the screen as readable text in test/fixtures/golden. With UPDATE_GOLDEN=1 the files are
 * written anew: read the difference before you keep it.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Row, rowText, rowWidth } from "../../src/tui/styled.ts";
import { projectRoot } from "./codex-binary.ts";

export const GOLDEN_WIDTHS = [20, 40, 80, 200] as const;

/** `rows` gives what is laid out for a width; no row may be wider than that. */
export interface GoldenCase {
  readonly name: string;
  readonly rows: (width: number) => readonly Row[] | Promise<readonly Row[]>;
}

export async function assertGolden(file: string, cases: readonly GoldenCase[]): Promise<void> {
  const path = join(projectRoot, "test/fixtures/golden", file);
  const parts: string[] = [];
  for (const { name, rows } of cases) {
    for (const width of GOLDEN_WIDTHS) {
      const laidOut = await rows(width);
      for (const row of laidOut) {
        assert.ok(rowWidth(row) <= width, `${name} at ${width} has ${rowWidth(row)}: ${show(row)}`);
      }
      parts.push(
        `=== ${name}, ${width} columns\n${laidOut.map((row) => `${show(row)}\n`).join("")}`,
      );
    }
  }
  const text = parts.join("\n");
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  assert.ok(existsSync(path), `${path} is missing: run this test with UPDATE_GOLDEN=1`);
  // Part by part, so that a failure shows the cell and not the whole file.
  const expected = readFileSync(path, "utf8").split(/\n(?==== )/u);
  const actual = text.split(/\n(?==== )/u);
  for (const [index, part] of actual.entries()) assert.equal(part, expected[index]);
  assert.equal(actual.length, expected.length);
}

/** Blanks at the end would be invisible in the file. */
function show(row: Row): string {
  return rowText(row).replace(/ +$/u, (blanks) => "·".repeat(blanks.length));
}
