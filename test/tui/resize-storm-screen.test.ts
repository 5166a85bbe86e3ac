/**
 * Storms of resizes while an answer streams. The hard case is a frame that was on its way when the
 * terminal changed its size: it was made for the old size and is shown in the new one.
 */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { needsBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  COMPLETED,
  CREATED,
  needsLoopback,
  startModelServer,
  textDelta,
} from "../support/model-server.ts";
import { firstReason } from "../support/skip-reasons.ts";
import { makePlace, sequence, sessionLog, TerminalScreen } from "../support/terminal-screen.ts";

const skip = firstReason(needsBinary, needsLoopback);

const STORMS = 10;
const RESIZES = 50;
const SECTIONS = 400;
/** Wider than the narrowest of the sizes, so that a terminal breaks its rows. */
const PROSE = "and more words of it that fill some of a row ".repeat(4);

type Size = readonly [columns: number, rows: number];

/** No row of the live region is broken in any of these. */
const WIDE_SIZES: readonly Size[] = [
  [100, 32],
  [120, 20],
  [101, 12],
  [140, 40],
  [110, 10],
  [105, 36],
];

const ALL_SIZES: readonly Size[] = [
  [100, 32],
  [61, 20],
  [43, 12],
  [120, 40],
  [80, 10],
  [50, 36],
  [99, 24],
];

interface Streaming {
  readonly screen: TerminalScreen;
  /** The session holds what was asked and answered, and one request was enough. */
  readonly assertKept: () => void;
}

async function startStream(t: TestContext, sections: readonly string[]): Promise<Streaming> {
  const text = sections.join("");
  const half = (section: string): number => Math.ceil(section.length / 2);
  const pieces = sections.flatMap((section) => [
    textDelta(section.slice(0, half(section))),
    25,
    textDelta(section.slice(half(section))),
    25,
  ]);
  const server = await startModelServer(t, [
    { stream: [CREATED, ...pieces, assistantMessage(text), COMPLETED] },
  ]);
  const place = makePlace(t, server);
  const screen = new TerminalScreen(t, { place, columns: 100, rows: 32 });
  await screen.waitFor("Ask for something");
  screen.send("go");
  await screen.waitFor(/Section 0\b/u);
  const assertKept = (): void => {
    assert.deepEqual(sessionLog(place), ["user: go", `assistant: ${text}`]);
    assert.equal(server.requests.length, 1);
  };
  return { screen, assertKept };
}

/** Every sixth change is told to the program only after it has drawn for the old size once more. */
async function storm(screen: TerminalScreen, round: number, sizes: readonly Size[]): Promise<void> {
  for (let index = 0; index < RESIZES; index += 1) {
    const [columns, rows] = sizes[(index * (round + 1) + round) % sizes.length] ?? [100, 24];
    const before = screen.raw.length;
    screen.resizeSilently(columns, rows);
    if (index % 6 === 0) await hasWritten(screen, before);
    screen.tellSize();
    if (index % 2 === 0) await hasWritten(screen, before);
  }
}

/** Where the machine is slower than the stream, the turn is over and there is no frame to wait for. */
async function hasWritten(screen: TerminalScreen, before: number): Promise<void> {
  await screen.waitUntil(() => screen.raw.length > before || isIdle(screen), "the next frame");
}

function isIdle(screen: TerminalScreen): boolean {
  return screen.rows().join("\n").includes("Ask for something");
}

/** What is there, not what is gone: half of a frame may have come, in which the status is not. */
async function endOfTurn(screen: TerminalScreen, lastWords: RegExp): Promise<void> {
  await screen.waitFor(`Section ${SECTIONS - 1}`, 60_000);
  await screen.waitUntil(() => isIdle(screen), "the end of the turn");
  await screen.waitFor(lastWords);
}

const NUMBERS = Array.from({ length: SECTIONS }, (_, index) => index);

test("ten storms of fifty resizes: every section once and in order", { skip }, async (t) => {
  const { screen, assertKept } = await startStream(
    t,
    NUMBERS.map((index) => `Section ${index}\n\n- point ${index}\n\n`),
  );
  for (let round = 0; round < STORMS; round += 1) await storm(screen, round, WIDE_SIZES);
  screen.resize(100, 32);
  await endOfTurn(screen, /- point 399$/mu);
  for (const pattern of [/^Section (\d+)$/gmu, /^- point (\d+)$/gmu]) {
    const shown = [...screen.text().matchAll(pattern)].map((match) => Number(match[1]));
    assert.deepEqual(shown, NUMBERS);
  }
  assert.doesNotMatch(screen.raw, sequence(String.raw`\[[23]J`));
  assertKept();
});

test("rows that the terminal breaks may stay behind, but none is lost", { skip }, async (t) => {
  const { screen, assertKept } = await startStream(
    t,
    NUMBERS.map((index) => `Section ${index} ${PROSE}end ${index}\n\n`),
  );
  for (let round = 0; round < STORMS; round += 1) await storm(screen, round, ALL_SIZES);
  screen.resize(100, 32);
  await endOfTurn(screen, /end\s+399/u);
  // A row that was printed for a wide terminal is broken inside of words.
  const text = withoutBlanks(screen.text());
  const lost = NUMBERS.filter(
    (index) => !text.includes(withoutBlanks(`Section ${index} ${PROSE}end ${index}`)),
  );
  assert.deepEqual(lost, []);
  assertKept();
});

function withoutBlanks(text: string): string {
  return text.replaceAll(/\s+/gu, "");
}
