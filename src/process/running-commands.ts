/** The commands that run at this moment, and how to end them all before this program ends. */
import type { StopCause } from "./exec-outcome.ts";
import { findOrphans } from "./orphans.ts";
import { ProcessTree, type ProcessFacts } from "./process-tree.ts";

export interface RunningCommand {
  /** The command's process, which leads its session. */
  readonly pid: number;
  /** Ends the command; what waits for it then resolves. */
  readonly stop: (cause: StopCause, graceMs: number) => void;
  /** Resolves when the command is over. */
  readonly over: Promise<void>;
}

const running = new Set<RunningCommand>();

export function addRunning(command: RunningCommand): void {
  running.add(command);
}

export function removeRunning(command: RunningCommand): void {
  running.delete(command);
}

export function countRunning(): number {
  return running.size;
}

/** Sessions of running commands and processes that are left of earlier ones. */
export function sessionsToEnd(): readonly number[] {
  const orphans = findOrphans().filter(({ isZombie }) => !isZombie);
  return [...new Set([...[...running].map(({ pid }) => pid), ...orphans.map(idOfSession)])];
}

/**
 * Ends all commands with all their descendants, and what earlier ones left behind. For the exit
 * paths of front ends: SIGTERM, SIGHUP, the end of input. SIGTERM first, SIGKILL after `graceMs`.
 * Resolves when nothing is left; the results of the commands are "aborted".
 */
export async function endAllCommands(graceMs: number = DEFAULT_GRACE_MS): Promise<void> {
  const commands = [...running];
  for (const command of commands) command.stop({ kind: "aborted" }, graceMs);
  await Promise.all([leftBehind().end(graceMs), ...commands.map(({ over }) => over)]);
}

/** The same with SIGKILL and without waiting: for a handler of the process's "exit" event. */
export function killAllCommandsNow(): void {
  leftBehind([...running].map(({ pid }) => pid)).killNow();
}

const DEFAULT_GRACE_MS = 250;

function leftBehind(roots: readonly number[] = []): ProcessTree {
  return new ProcessTree(roots, (all) => findOrphans(all).map(({ pid }) => pid));
}

// A session whose leader has ended still names all that is in it.
function idOfSession({ session }: ProcessFacts): number {
  return session;
}
