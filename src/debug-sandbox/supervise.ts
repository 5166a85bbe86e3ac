/**
 * Stays beside the command, when somebody has to look at the protected places after it.
 *
 * The command is a child in our own session and process group, so the terminal, its signals and
 * job control are the command's. What is sent to this process alone is passed on. At the end the
 * exit status is repeated as ours.
 */
import {
  BEGIN,
  END_OF_MESSAGE,
  formatHelperMessage,
  HELPER_NAME,
  waitArguments,
} from "../linux-sandbox/arguments.ts";
import type { ConfinedCommand } from "../linux-sandbox/confine.ts";
import { parseHelperStatus, type HelperStatus } from "../linux-sandbox/helper-status.ts";
import type { Reporter } from "../linux-sandbox/become-command.ts";
import { bindLibc, type Libc } from "../linux-sandbox/libc.ts";
import { hostArchitecture } from "../linux-sandbox/architecture.ts";
import { placeChangeNotice } from "../process/confinement-notices.ts";
import { describeEnd, type ProcessEnd } from "../process/exit-status.ts";
import { GuardJournal } from "../process/guard-journal.ts";
import { minimalEnvironment, OWN_EXECUTABLE } from "../process/helper-process.ts";
import { closeAll, createPipe, PipeReader, PipeWriter } from "../process/pipes.ts";
import { guardBytePlaces, type PlaceGuard } from "../process/place-guard.ts";
import { spawnChild } from "../process/spawn.ts";
import { WatcherProcess } from "../process/watcher-process.ts";
import { brand } from "../runtime/byte-string.ts";
import { anonymousFileDirectories, loadNativeAddon } from "../runtime/native-addon.ts";

/**
 * Runs the command to its end, puts protected places back and tells what it undid.
 * Returns the exit code; when a signal ended the command, the same signal ends this process.
 * Errors: SpawnError, SyscallError, NativeAddonError when the command could not be started.
 */
export async function superviseCommand(
  command: Omit<ConfinedCommand, "parentPid">,
  reporter: Reporter & { readonly complain: (message: string) => void },
): Promise<number> {
  const architecture = hostArchitecture(process.arch);
  if (architecture === undefined) throw new TypeError(`No system calls for ${process.arch}`);
  const libc = bindLibc(loadNativeAddon(anonymousFileDirectories(process.env)), architecture);
  const message = createPipe(libc);
  const status = createPipe(libc);
  const child = await spawnChild({
    program: OWN_EXECUTABLE,
    argv0: HELPER_NAME,
    args: waitArguments(process.pid),
    cwd: HERE,
    environment: minimalEnvironment(process.env),
    descriptors: [0, 1, 2, message.readFd, status.writeFd],
    sharesTerminal: true,
  });
  closeAll([message.readFd, status.writeFd]);
  const release = passSignalsTo(child.pid);
  const statusBytes: Uint8Array[] = [];
  const reader = new PipeReader(status.readFd, (bytes) => statusBytes.push(bytes.slice()));
  const writer = new PipeWriter(message.writeFd);
  // While the helper starts and confines itself. The command begins when it is told to.
  writer.write(formatHelperMessage({ ...command, cwd: HERE }));
  writer.write(Buffer.from(END_OF_MESSAGE, "latin1"));
  const guard = guardBytePlaces(command);
  const watcher = guard === undefined ? undefined : await watchOver(libc, guard, child.pid);
  writer.write(Buffer.from(BEGIN, "latin1"));
  writer.end();
  await reader.end;
  const answer = parseHelperStatus(Buffer.concat(statusBytes));
  if (answer?.kind === "starting" && answer.confinement !== undefined) {
    reporter.tell(answer.confinement);
  }
  const end = await child.end;
  release();
  const failure = startFailure(answer, end);
  if (failure !== undefined) reporter.complain(failure);
  for (const change of guard?.putBack() ?? []) reporter.complain(placeChangeNotice(change));
  watcher?.dismiss([]);
  return repeatEnd(end);
}

/**
 * Somebody who puts back in our place when this process is killed. Where there cannot be anybody,
 * the command runs all the same.
 */
async function watchOver(
  libc: Libc,
  guard: PlaceGuard,
  pid: number,
): Promise<WatcherProcess | undefined> {
  const journal = GuardJournal.open(libc);
  if (journal === undefined) return undefined;
  journal.note(guard);
  const program = { path: OWN_EXECUTABLE, environment: minimalEnvironment(process.env) };
  try {
    const watcher = await WatcherProcess.start(program, journal);
    watcher.tell([pid]);
    return watcher;
  } catch {
    return undefined;
  }
}

/** The directory of whoever looks, also when it was removed and has no other name. */
const HERE = brand("/proc/self/cwd");

function startFailure(answer: HelperStatus | undefined, end: ProcessEnd): string | undefined {
  switch (answer?.kind) {
    case "starting":
      return undefined;
    case "cannot-confine":
      return answer.message;
    case "no-directory":
      return `Cannot enter the working directory: ${answer.errno}`;
    case undefined:
      return `Cannot confine the command: the sandbox helper ended early (${describeEnd(end)})`;
  }
}

/**
 * The terminal sends SIGINT and SIGQUIT to the whole group, the command included, so they are not
 * passed on when there is a terminal; everything else reaches this process only.
 */
function passSignalsTo(pid: number): () => void {
  const fromTerminal: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT"];
  const others: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"];
  const passOn = (signal: NodeJS.Signals): void => {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended; its status is on the way.
    }
  };
  const ignore = (): void => undefined;
  const hasTerminal = hasControllingTerminal();
  for (const signal of fromTerminal) process.on(signal, hasTerminal ? ignore : passOn);
  for (const signal of others) process.on(signal, passOn);
  return () => {
    for (const signal of fromTerminal) process.off(signal, hasTerminal ? ignore : passOn);
    for (const signal of others) process.off(signal, passOn);
  };
}

/** Field 7 of /proc/self/stat, tty_nr; 0 is none. Source: proc_pid_stat(5). */
function hasControllingTerminal(): boolean {
  try {
    const stat = process.getBuiltinModule("node:fs").readFileSync("/proc/self/stat", "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[4] !== "0";
  } catch {
    return false;
  }
}

async function repeatEnd({ code, signal }: ProcessEnd): Promise<number> {
  if (signal === null) return code ?? 1;
  process.kill(process.pid, signal);
  // The signal ends this process; where it is blocked, the shell's number has to do.
  await new Promise((resolve) => setImmediate(resolve));
  const { constants } = process.getBuiltinModule("node:os");
  return 128 + constants.signals[signal];
}
