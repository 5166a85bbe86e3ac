/**
 * The one place that creates a child process.
 *
 * A child gets exactly the environment and the descriptors that its request names. node's module
 * for this takes 9 ms to load, so it is loaded by the first start, or ahead of it by
 * `loadSpawning`. Children are started from the main thread only: the parent-death signal that the
 * sandbox helper asks for follows the thread that started it (prctl(2)).
 */
import type * as childProcess from "node:child_process";
import type { Socket } from "node:net";

import type { ProcessEnd } from "./exit-status.ts";

export interface SpawnRequest {
  /** A path; nothing is looked up in PATH. */
  readonly program: string;
  /** argv[0], when it is to differ from `program`. */
  readonly argv0?: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The child's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * What becomes the child's descriptors 0, 1, 2 and so on: the null device, one of ours, or the
   * other end of a pipe that node makes, which is in the child's `pipes` then.
   */
  readonly descriptors: readonly ("null" | "pipe" | number)[];
  /** Windows: `args` are joined by blanks and nothing is quoted. */
  readonly isVerbatim?: boolean;
  /** Stay in our session and process group, with our terminal. Without it the child leads its own. */
  readonly sharesTerminal?: boolean;
}

/** No process could be created. A command that ran and failed is a result, not this error. */
export class SpawnError extends Error {
  override readonly name = "SpawnError";
  /** What could not be used: the program, or the directory to start in. */
  readonly subject: "program" | "directory";
  readonly path: string;
  /** Symbolic: "ENOENT", "EACCES", "EAGAIN". */
  readonly errno: string;

  constructor(subject: "program" | "directory", path: string, errno: string, cause?: unknown) {
    const action = subject === "program" ? "start" : "enter directory";
    super(`Cannot ${action} ${JSON.stringify(path)}: ${errnoWords[errno] ?? errno}`, { cause });
    this.subject = subject;
    this.path = path;
    this.errno = errno;
  }
}

const errnoWords: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory (ENOENT)",
  ENOTDIR: "not a directory (ENOTDIR)",
  EACCES: "permission denied (EACCES)",
  EAGAIN: "too many processes (EAGAIN)",
  EMFILE: "too many open files (EMFILE)",
};

/** A process that was created. Unless it shares our terminal, it leads a session: its id is `pid`. */
export interface Child {
  readonly pid: number;
  /** How it ended, once it has. */
  readonly ended: ProcessEnd | undefined;
  /** Resolves when it ended; never rejects. */
  readonly end: Promise<ProcessEnd>;
  /** Our ends, by the child's descriptor. */
  readonly pipes: ReadonlyMap<number, Socket>;
  /** Whether a running child keeps this program from ending by itself. It does at first. */
  setHolding(holds: boolean): void;
}

const living = new Set<number>();

/** Whether this is a child that was started here and has not ended. */
export function isOwnChild(pid: number): boolean {
  return living.has(pid);
}

/** For children that come about in another way. */
export function addOwnChild(pid: number): void {
  living.add(pid);
}

export function removeOwnChild(pid: number): void {
  living.delete(pid);
}

/** Sessions of templates, in which nothing is but helpers that wait. */
const templates = new Set<number>();

export function noteTemplate(pid: number, isLiving: boolean): void {
  if (isLiving) templates.add(pid);
  else templates.delete(pid);
}

export function isTemplateSession(session: number): boolean {
  return templates.has(session);
}

/** Loads what starting a child needs, so that the first start need not wait for it. */
export async function loadSpawning(): Promise<void> {
  await childProcessModule();
}

/** Errors: SpawnError. */
export async function spawnChild(request: SpawnRequest): Promise<Child> {
  const { spawn } = await childProcessModule();
  let child: childProcess.ChildProcess;
  try {
    child = spawn(request.program, [...request.args], {
      ...(request.argv0 === undefined ? {} : { argv0: request.argv0 }),
      cwd: request.cwd,
      env: wholeEnvironment(request.environment),
      stdio: request.descriptors.map((fd) => (fd === "null" ? "ignore" : fd)),
      // setsid(2); on Windows it would open a window instead.
      detached: request.sharesTerminal !== true && process.platform !== "win32",
      windowsHide: true,
      windowsVerbatimArguments: request.isVerbatim === true,
    });
  } catch (error) {
    throw new SpawnError("program", request.program, errnoOf(error), error);
  }
  const end = new Promise<ProcessEnd>((resolve) => {
    child.once("exit", (code, signal) => {
      handle.ended = { code, signal };
      living.delete(handle.pid);
      resolve(handle.ended);
    });
  });
  const { pid } = child;
  if (pid === undefined) {
    const error = await new Promise<Error>((resolve) => child.once("error", resolve));
    throw new SpawnError("program", request.program, errnoOf(error), error);
  }
  living.add(pid);
  child.on("error", () => undefined); // a failed kill; there is no process to speak of then
  const handle: { -readonly [Key in keyof Child]: Child[Key] } = {
    pid,
    ended: undefined,
    end,
    pipes: pipesOf(child),
    setHolding(holds) {
      if (holds) child.ref();
      else child.unref();
    },
  };
  return handle;
}

/**
 * Runs a program of the system to its end, for moments in which nothing can be awaited, and gives
 * what it printed; undefined when it failed or took too long.
 */
export function runNow(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): string | undefined {
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const { status, stdout } = spawnSync(program, [...args], {
    cwd: process.platform === "win32" ? undefined : "/",
    env: wholeEnvironment(environment),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    timeout: LONGEST_RUN_MS,
    maxBuffer: MOST_PRINTED,
    windowsHide: true,
  });
  return status === 0 ? stdout : undefined;
}

const LONGEST_RUN_MS = 2_000;
const MOST_PRINTED = 16 * 1024 * 1024;

function pipesOf(child: childProcess.ChildProcess): ReadonlyMap<number, Socket> {
  const pipes = new Map<number, Socket>();
  const { Socket: NetSocket } = process.getBuiltinModule("node:net");
  for (const [descriptor, stream] of child.stdio.entries()) {
    if (stream instanceof NetSocket) pipes.set(descriptor, stream);
  }
  return pipes;
}

type ChildProcessModule = typeof childProcess;

let loading: Promise<ChildProcessModule> | undefined;

function childProcessModule(): Promise<ChildProcessModule> {
  loading ??= import("node:child_process");
  return loading;
}

/** spawn() itself adds our NODE_V8_COVERAGE to an environment that does not name it. */
function wholeEnvironment(environment: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { NODE_V8_COVERAGE: undefined, ...environment };
}

function errnoOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    return error.code;
  }
  return error instanceof Error ? error.message : String(error);
}
