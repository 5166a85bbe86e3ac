/**
 * A command that is started as it is, where no helper stands between: under sandbox-exec on macOS,
 * and without a sandbox on macOS and Windows.
 *
 * What can be foreseen is looked at before the start, because the launcher, and node, tell a
 * missing program from a missing directory by no number of their own.
 */
import { accessSync, constants, statSync } from "node:fs";
import type { Socket } from "node:net";

import type { CapturedOutput } from "./output-capture.ts";
import { byteStringFromText, textOf, type ByteString } from "../runtime/byte-string.ts";
import { launcherFailure } from "../sandbox/seatbelt.ts";
import { outcomeOfEnd, type ExecOutcome } from "./exec-outcome.ts";
import type { ProcessEnd } from "./exit-status.ts";
import { findProgram } from "./find-program.ts";
import type { CommandProcess } from "./helper-process.ts";
import type { OutputListener, OutputStream } from "./output-deltas.ts";
import { PipeReader } from "./pipes.ts";
import { spawnChild, SpawnError, type Child, type SpawnRequest } from "./spawn.ts";
import { findWindowsCommand } from "./windows-command.ts";
import { describeWindowsExit, windowsExitCode } from "./windows-exit.ts";

export interface DirectCommand {
  readonly argv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly environment: readonly ByteString[];
}

/** No process was made, for a reason that a shell answers with a number. */
export interface NotStarted {
  readonly exitCode: 126 | 127;
  /** One line for people. */
  readonly message: string;
}

/** The file to start, and what it is told. */
type Start = Pick<SpawnRequest, "program" | "argv0" | "args" | "isVerbatim">;

/**
 * `launcher` stands before the command's words; it may be empty. `listener` gets the output and
 * must not throw.
 *
 * Errors: SpawnError when no process could be made or `cwd` cannot be entered.
 */
export async function startDirectly(
  launcher: readonly string[],
  command: DirectCommand,
  listener: OutputListener,
  input: "null" | "pipe" = "null",
): Promise<DirectProcess | NotStarted> {
  requireDirectory(command.cwd);
  const environment = asRecord(command.environment);
  const start =
    process.platform === "win32"
      ? findWindowsCommand(command.argv, { cwd: command.cwd, environment, isFile })
      : findUnixCommand(launcher, command);
  if ("exitCode" in start) return start;
  try {
    return new DirectProcess(await spawn(start, command.cwd, environment, input), listener);
  } catch (error) {
    return notStarted(command.argv, error);
  }
}

/** What came of a command that nobody ended from outside. */
export function judgeDirectEnd(
  launcher: readonly string[],
  end: ProcessEnd,
  stderr: CapturedOutput,
): ExecOutcome {
  if (process.platform === "win32" && end.code !== null) {
    return { kind: "exited", exitCode: windowsExitCode(end.code) };
  }
  const outcome = outcomeOfEnd(end);
  if (launcher.length === 0 || outcome.kind !== "exited") return outcome;
  const said = Buffer.from(stderr.head).toString("utf8");
  const failure = launcherFailure(outcome.exitCode, said);
  if (failure === undefined) return outcome;
  if (failure === 127) return { kind: "exited", exitCode: failure };
  const line = said.slice(0, MAX_MESSAGE).split("\n")[0] ?? "";
  return { kind: "could-not-confine", message: `Cannot confine the command: ${line}` };
}

const MAX_MESSAGE = 500;

/** What the number alone does not say; undefined when it is the program's own. */
export function explainDirectEnd({ code }: ProcessEnd): string | undefined {
  return process.platform === "win32" && code !== null ? describeWindowsExit(code) : undefined;
}

class DirectProcess implements CommandProcess {
  readonly child: Child;
  readonly #readers: readonly PipeReader[];
  /** The writing end of its standard input, where one was asked for. */
  readonly input: Socket | undefined;
  receivedBytes = 0;

  constructor(child: Child, listener: OutputListener) {
    this.child = child;
    this.input = child.pipes.get(0);
    const receive = (stream: OutputStream) => (bytes: Uint8Array) => {
      this.receivedBytes += bytes.length;
      listener(stream, bytes);
    };
    const streams = [
      [1, "stdout"],
      [2, "stderr"],
    ] as const;
    this.#readers = streams.flatMap(([descriptor, stream]) => {
      const pipe = child.pipes.get(descriptor);
      return pipe === undefined ? [] : [new PipeReader(pipe, receive(stream))];
    });
  }

  get isOutputOpen(): boolean {
    return this.#readers.some((reader) => !reader.hasEnded);
  }

  async outputEnd(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.end));
  }

  close(): void {
    for (const reader of this.#readers) reader.close();
    this.child.setHolding(false);
  }
}

/** A text file without "#!" is given to /bin/sh, as execvp(3) does. */
async function spawn(
  start: Start,
  cwd: string,
  environment: Readonly<Record<string, string>>,
  input: "null" | "pipe",
): Promise<Child> {
  const descriptors = [input, "pipe", "pipe"] as const;
  try {
    return await spawnChild({ ...start, cwd, environment, descriptors });
  } catch (error) {
    if (!(error instanceof SpawnError) || error.errno !== "ENOEXEC") throw error;
    const args = [start.program, ...start.args];
    return spawnChild({ program: "/bin/sh", args, cwd, environment, descriptors });
  }
}

function findUnixCommand(
  [launcher, ...launcherArgs]: readonly string[],
  { argv, cwd, environment }: DirectCommand,
): Start | NotStarted {
  const [program = "", ...args] = argv;
  const found = findProgram(byteStringFromText(program), environment, byteStringFromText(cwd));
  if ("exitCode" in found) return found;
  if (launcher !== undefined) return { program: launcher, args: [...launcherArgs, ...argv] };
  return { program: textOf(found.path), argv0: program, args };
}

/** Errors: SpawnError. */
function requireDirectory(cwd: string): void {
  try {
    if (!statSync(cwd).isDirectory()) throw new SpawnError("directory", cwd, "ENOTDIR");
    accessSync(cwd, constants.X_OK);
  } catch (error) {
    if (error instanceof SpawnError) throw error;
    throw new SpawnError("directory", cwd, errnoOf(error), error);
  }
}

/** Errors: the given one, when it is about this machine and not about the program. */
function notStarted([program = ""]: readonly string[], error: unknown): NotStarted {
  const errno = error instanceof SpawnError ? error.errno : "";
  const known = startErrors[errno];
  if (known === undefined) throw error;
  const [exitCode, reason] = known;
  return { exitCode, message: `Cannot run ${JSON.stringify(program)}: ${reason}` };
}

const startErrors: Readonly<Record<string, readonly [126 | 127, string]>> = {
  ENOENT: [127, "its interpreter or loader was not found"],
  EACCES: [126, "it is not executable, or its directory may not be entered (EACCES)"],
  E2BIG: [126, "the arguments and environment are too long (E2BIG)"],
  ENAMETOOLONG: [126, "the arguments and environment are too long (ENAMETOOLONG)"],
  EBADARCH: [126, "it is not a program for this machine (EBADARCH)"],
  ETXTBSY: [126, "it is open for writing (ETXTBSY)"],
  EPERM: [126, "the operating system refused (EPERM)"],
  UNKNOWN: [126, "the operating system refused it"],
};

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** As node's spawn takes it: text, each name once. The first entry of a name counts, as for getenv(3). */
function asRecord(entries: readonly ByteString[]): Readonly<Record<string, string>> {
  const record: Record<string, string> = {};
  for (const entry of entries.map(textOf)) {
    // Windows keeps the directory of each drive in names like "=C:".
    const end = entry.indexOf("=", 1);
    if (end > 0) record[entry.slice(0, end)] ??= entry.slice(end + 1);
  }
  return record;
}

function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "EACCES";
}
