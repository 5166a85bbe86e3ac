/**
 * The commands that run at this moment, and how to end them all before this program ends. Servers
 * are among what must not outlive this program, but only their owner ends them before.
 */
import { writeSync } from "node:fs";
import { placeChangeNotice } from "./confinement-notices.ts";
import type { StopCause } from "./exec-outcome.ts";
import { putBackBehindCommands, putBackOfAll } from "./left-behind.ts";
import { findOrphans } from "./orphans.ts";
import type { PlaceChange } from "./place-change.ts";
import { ProcessTree } from "./process-tree.ts";

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

/** Processes of servers, each the leader of its session. */
const servers = new Set<number>();

export function addServer(pid: number): void {
  servers.add(pid);
}

export function removeServer(pid: number): void {
  servers.delete(pid);
}

/** The processes of running commands and servers. */
export function runningRoots(): readonly number[] {
  return [...[...running].map(({ pid }) => pid), ...servers];
}

/** The sessions of everything that commands and servers have started and that lives. */
export function sessionsToEnd(): readonly number[] {
  if (runningRoots().length === 0 && findOrphans().length === 0) return [];
  return [
    ...new Set(
      everything()
        .members()
        .map(({ session }) => session),
    ),
  ];
}

/**
 * Ends all commands with all their descendants, and what earlier ones left behind. For the exit
 * paths of front ends: SIGTERM, SIGHUP, the end of input. SIGTERM first, SIGKILL after `graceMs`.
 * Resolves when nothing is left; the results of the commands are "aborted".
 */
export async function endAllCommands(graceMs: number = DEFAULT_GRACE_MS): Promise<void> {
  const commands = [...running];
  for (const command of commands) command.stop({ kind: "aborted" }, graceMs);
  await Promise.all([orphanTree().end(graceMs), ...commands.map(({ over }) => over)]);
  tellLateChanges(putBackBehindCommands());
}

/**
 * The same with SIGKILL and without waiting: for a handler of the process's "exit" event. Nobody
 * else puts back any more what the killed commands have changed.
 */
export function killAllCommandsNow(): void {
  everything().killNow();
  tellLateChanges(putBackOfAll());
}

/** No event reaches anybody any more, and silence would hide what was tried. */
function tellLateChanges(changes: readonly PlaceChange[]): void {
  for (const change of changes) {
    try {
      writeSync(2, `codex: ${placeChangeNotice(change)}\n`);
    } catch {
      return; // nobody reads it
    }
  }
}

const DEFAULT_GRACE_MS = 250;

function everything(): ProcessTree {
  return orphanTree(runningRoots());
}

function orphanTree(roots: readonly number[] = []): ProcessTree {
  return new ProcessTree(roots, (all) => findOrphans(all).map(({ pid }) => pid));
}
