/**
 * The program that outlives a codex that was killed, to end what its commands had started and to
 * put back what they have changed in protected places.
 *
 * A parent-death signal reaches a command itself, not the command's children. So this process
 * stands outside of every sandbox, holds the reading end of a pipe, and when the pipe ends, which
 * is when codex has ended in whatever way, it kills the sessions that it was told last. It reads
 * in one blocking call and does nothing else: no event loop turns, nothing is loaded.
 *
 * Then it reads the journal of the guards (guard-journal.ts), which it holds as well, and goes on
 * as codex itself would have at its end.
 */
import { fstatSync, readSync } from "node:fs";

import { ProcessTree } from "./process-tree.ts";

/** argv[0] under which this executable is the watcher. */
export const WATCHER_NAME = "codex-orphan-watcher";

export const LIFELINE_FD = 3;
/** The journal; something else than a file when there is none. */
export const JOURNAL_FD = 4;

/** A line with all sessions, which replaces the one before. */
export function formatSessions(sessions: readonly number[]): string {
  return `${sessions.join(" ")}\n`;
}

/** The same as the last words of a codex that looks after protected places itself. */
export function formatFarewell(sessions: readonly number[]): string {
  return `${FAREWELL} ${formatSessions(sessions)}`;
}

const FAREWELL = "farewell";

/** The sessions of the last complete line. */
export function parseSessions(text: string): readonly number[] {
  return lastLine(text)
    .split(" ")
    .flatMap((word) => (/^[1-9][0-9]{0,9}$/.test(word) ? [Number(word)] : []));
}

function lastLine(text: string): string {
  return text.split("\n").at(-2) ?? "";
}

/** Resolves with the exit code when codex has ended and nothing is left. */
export async function runOrphanWatcher(): Promise<number> {
  const text = readLastLine();
  const own = process.pid;
  await new ProcessTree(parseSessions(text).filter((session) => session !== own)).kill();
  // Only now: what still ran would have written again.
  if (!lastLine(text).startsWith(FAREWELL) && hasJournal()) await putBackByJournal();
  return 0;
}

function hasJournal(): boolean {
  try {
    const stats = fstatSync(JOURNAL_FD);
    return stats.isFile() && stats.size > 0;
  } catch {
    return false; // started by a program without guards
  }
}

async function putBackByJournal(): Promise<void> {
  const [{ readJournal }, { putBackOfAll, takeOver }] = await Promise.all([
    import("./guard-journal.ts"),
    import("./left-behind.ts"),
  ]);
  takeOver(readJournal(JOURNAL_FD));
  putBackOfAll(); // nobody is left to be told
}

function readLastLine(): string {
  const buffer = Buffer.allocUnsafe(4_096);
  let text = "";
  for (;;) {
    const length = readSync(LIFELINE_FD, buffer);
    if (length === 0) return text;
    text += buffer.toString("latin1", 0, length);
    // Keep the last complete line and what follows it.
    const end = text.lastIndexOf("\n");
    if (end > 0) text = text.slice(text.lastIndexOf("\n", end - 1) + 1);
  }
}
