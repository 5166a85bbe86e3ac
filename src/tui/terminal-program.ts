/** A program of the user's own that takes the terminal for a while: an editor, a pager. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Environment } from "../config/codex-home.ts";
import { shellExitCode } from "../process/exit-status.ts";
import { listProcesses } from "../process/process-list.ts";
import { membersOf } from "../process/process-tree.ts";
import { spawnChild } from "../process/spawn.ts";

export interface Lending {
  readonly env: Environment;
  readonly cwd: string;
  /** Aborted when the session ends: so does the program then. */
  readonly signal: AbortSignal;
}

/** How it went. */
export interface LentEnd {
  /** One line, if something went wrong. */
  readonly problem?: string;
  /** Killed, it has put nothing of the terminal back. */
  readonly leftBehind?: boolean;
}

/** Source: POSIX sh, which answers with 128 and the number of a signal. */
const FIRST_SIGNAL_CODE = 129;
/** Editors save what is not saved yet. */
const GRACE_MS = 1000;
const LOOK_AGAIN_MS = 20;

/**
 * The variable may hold options too, so a shell takes it apart, as other programs do. Ctrl-C reaches
 * the shell as well, and is not for it. A program that was killed has not put the terminal back.
 */
const SCRIPT = (program: string): string =>
  [
    "trap : INT",
    "saved=$(stty -g 2>/dev/null)",
    `${program} "$1"`,
    "code=$?",
    `[ $code -lt ${FIRST_SIGNAL_CODE} ] || [ -z "$saved" ] || stty "$saved"`,
    "exit $code",
  ].join("\n");

/**
 * Runs it with one file as its argument; the exit code. The terminal must have been handed over.
 * Errors: SpawnError.
 */
export async function runOnTerminal(
  program: string,
  file: string,
  { env, cwd, signal }: Lending,
): Promise<number> {
  const child = await spawnChild({
    program: "/bin/sh",
    args: ["-c", SCRIPT(program), "sh", file],
    cwd,
    environment: Object.fromEntries(
      Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
    descriptors: [0, 1, 2],
    sharesTerminal: true,
  });
  let ending: Promise<void> | undefined;
  const stop = (): void => {
    ending = endProgram(child.pid);
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return shellExitCode(await child.end);
  } finally {
    signal.removeEventListener("abort", stop);
    await ending;
  }
}

/** It was ended by a signal, and has left the terminal as it was then. */
export function wasKilled(exitCode: number): boolean {
  return exitCode >= FIRST_SIGNAL_CODE;
}

/** With what it has started, which is in our process group as the shell is. */
async function endProgram(pid: number): Promise<void> {
  const known = new Map<number, number>();
  const members = () => membersOf(new Set([pid]), known, listProcesses());
  const send = (signal: NodeJS.Signals): void => {
    for (const { pid: member, startTicks } of members()) {
      known.set(member, startTicks);
      try {
        process.kill(member, signal);
      } catch {
        // It has ended meanwhile.
      }
    }
  };
  send("SIGTERM");
  const deadline = performance.now() + GRACE_MS;
  while (members().length > 0 && performance.now() < deadline) await sleep(LOOK_AGAIN_MS);
  send("SIGKILL");
}
