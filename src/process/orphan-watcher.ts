/**
 * The program that outlives a codex that was killed, to end what its commands had started.
 *
 * A parent-death signal reaches a command itself, not the command's children. So this process
 * stands outside of every sandbox, holds the reading end of a pipe, and when the pipe ends, which
 * is when codex has ended in whatever way, it kills the sessions that it was told last. It reads
 * in one blocking call and does nothing else: no event loop turns, nothing is loaded.
 */
import { readSync } from "node:fs";

import { ProcessTree } from "./process-tree.ts";

/** argv[0] under which this executable is the watcher. */
export const WATCHER_NAME = "codex-orphan-watcher";

export const LIFELINE_FD = 3;

/** A line with all sessions, which replaces the one before. */
export function formatSessions(sessions: readonly number[]): string {
  return `${sessions.join(" ")}\n`;
}

/** The sessions of the last complete line. */
export function parseSessions(text: string): readonly number[] {
  const lines = text.split("\n");
  const last = lines.at(-2) ?? "";
  return last.split(" ").flatMap((word) => (/^[1-9][0-9]{0,9}$/.test(word) ? [Number(word)] : []));
}

/** Resolves with the exit code when codex has ended and nothing is left. */
export async function runOrphanWatcher(): Promise<number> {
  const sessions = parseSessions(readLastLine());
  const own = process.pid;
  await new ProcessTree(sessions.filter((session) => session !== own)).kill();
  return 0;
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
