/** The built-in pager: prose is broken at blanks, code and output at the edge alone, in any width. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  functionCall,
  needsLoopback,
  respond,
  startModelServer,
} from "../support/model-server.ts";
import { firstReason, needsSandbox } from "../support/skip-reasons.ts";
import { IDLE, KEY, makePlace, TerminalScreen } from "../support/terminal-screen.ts";

/** Words of which no part is another one. */
const words = (letter: string): string =>
  Array.from({ length: 24 }, (_, index) => `${letter}${"abcdefg".repeat(1 + (index % 2))}.`).join(
    " ",
  );

const CODE = "if (one)    then    two;    // blanks   that   count   in   a   line   of   code";
const OUTPUT = "x=1    y=2    z=3    blanks   that   count   in   a   line   of   output   too";
const ANSWER = `${words("P")}\n\n- ${words("L")}\n\n\`\`\`js\n${CODE}\n\`\`\`\n\n${words("Q")}`;

/** Broken at the edge, as the rows of a screen are read. */
function pieces(text: string, width: number): readonly string[] {
  const count = Math.ceil(text.length / width);
  return Array.from({ length: count }, (_, index) =>
    text.slice(index * width, (index + 1) * width).trimEnd(),
  );
}

/** The terminal of these tests keeps what is right of its edge after it has become narrower. */
function rowsOf(screen: TerminalScreen, columns: number): readonly string[] {
  return screen.rows().map((row) => row.slice(0, columns).trimEnd());
}

function assertBroken(screen: TerminalScreen, columns: number): void {
  const rows = rowsOf(screen, columns);
  const text = `${rows.join("\n")}\n`;
  for (const letter of ["Y", "P", "L", "Q"]) {
    const own = rows.filter((row) => new RegExp(`^(?:- |  )?${letter}abcdefg`, "u").test(row));
    assert.ok(own.length > 2, `${letter} takes several rows of\n${text}`);
    const indented = own.map((row) => row.replace(/^(?:- | {2})/u, ""));
    assert.equal(indented.join(" "), words(letter), "no word is broken, and none is lost");
    assert.ok(own.every((row) => row.length < columns));
  }
  assert.match(text, /^- Labc.*\n {2}Labc/mu, "what goes on with an item stands below it");
  for (const line of [CODE, OUTPUT]) {
    assert.ok(text.includes(`\n${pieces(line, columns - 1).join("\n")}\n`), `${line} in\n${text}`);
  }
}

test(
  "prose is broken between words, code and output where the row ends, also after a resize",
  { skip: firstReason(needsBinary, needsLoopback, needsSandbox) },
  async (t) => {
    const server = await startModelServer(t, [
      respond(functionCall("shell", { command: ["printf", "%s\n", OUTPUT] })),
      respond(assistantMessage(ANSWER)),
    ]);
    const screen = new TerminalScreen(t, { place: makePlace(t, server), columns: 60, rows: 60 });
    await screen.waitFor("Ask for something");
    screen.send(words("Y"));
    await screen.waitFor("Qabcdefg");
    await screen.waitForRows(IDLE);
    screen.type(KEY.control("t"));
    await screen.waitForRows(/── You\n[^]*── Codex\n[^]*q leaves/u);
    assertBroken(screen, 60);
    screen.resize(52, 60);
    const [first = ""] = pieces(CODE, 51);
    await screen.waitUntil(() => {
      const rows = rowsOf(screen, 52);
      return rows.includes(first) && (rows.at(-1) ?? "").startsWith(" Transcript");
    }, "the pager in the new width");
    assertBroken(screen, 52);
    screen.type("q");
    await screen.waitForRows(IDLE);
  },
);
