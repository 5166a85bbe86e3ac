/**
 * The commands that run at this moment, and those that left processes behind: what has to be ended
 * before this program ends.
 */
import type { StopCause } from "./exec-outcome.ts";
import { ProcessTree, readProcess } from "./process-tree.ts";

export interface RunningCommand {
  /** The command's process, which leads its session. */
  readonly pid: number;
  /** Ends the command; what it is doing then resolves. */
  readonly stop: (cause: StopCause, graceMs: number) => void;
  /** Resolves when the command is over. */
  readonly over: Promise<void>;
}

const running = new Set<RunningCommand>();

/** Process ids of sessions whose leader, the command, has ended. */
const leftBehind = new Set<number>();

export function addRunning(command: RunningCommand): void {
  running.add(command);
}

/** Also looks whether the command left processes in its group. */
export function removeRunning(command: RunningCommand): void {
  running.delete(command);
  leftBehind.add(command.pid);
  for (const pid of leftBehind) if (!isGroupAlive(pid)) leftBehind.delete(pid);
}

/**
 * Ends all commands with all their descendants, and what earlier ones left behind. For the exit
 * paths of front ends: SIGTERM, SIGHUP, the end of input. SIGTERM first, SIGKILL after `graceMs`.
 * Resolves when nothing is left; the results of the commands are "aborted".
 */
export async function endAllCommands(graceMs: number = DEFAULT_GRACE_MS): Promise<void> {
  const commands = [...running];
  for (const command of commands) command.stop({ kind: "aborted" }, graceMs);
  const rest = new ProcessTree(takeLeftBehind());
  await Promise.all([rest.end(graceMs), ...commands.map(({ over }) => over)]);
}

/** The same with SIGKILL and without waiting: for a handler of the process's "exit" event. */
export function killAllCommandsNow(): void {
  const roots = [...running].map(({ pid }) => pid);
  new ProcessTree([...roots, ...takeLeftBehind()]).killNow();
}

const DEFAULT_GRACE_MS = 250;

function takeLeftBehind(): readonly number[] {
  // A leader that is alive is a later process with the same number: the command's own has ended.
  const roots = [...leftBehind].filter((pid) => readProcess(pid) === undefined);
  leftBehind.clear();
  return roots;
}

function isGroupAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
