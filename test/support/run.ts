/** Starts a real process, waits for its end within a deadline, and gives back all it did. */
import { spawn, type StdioOptions } from "node:child_process";

export interface RunResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunBytes {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment; without it the process gets ours. */
  readonly env?: NodeJS.ProcessEnv;
  /** argv[0], when it is to differ from the file that is started. */
  readonly argv0?: string;
  /** Bytes for stdin, or a descriptor to become it. Without it stdin is empty. */
  readonly stdin?: string | Uint8Array | number;
  /** Descriptors that become 3, 4 and so on. */
  readonly inherited?: readonly number[];
  /** Milliseconds until SIGKILL; the run is then an error. */
  readonly deadlineMs?: number;
  /** A process group of its own, so that no signal or terminal of ours reaches it. */
  readonly detached?: boolean;
}

const DEFAULT_DEADLINE_MS = 30_000;

/** The process did not end in time. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

export type Command = readonly string[];

export async function run(command: Command, options: RunOptions = {}): Promise<RunResult> {
  const { code, signal, stdout, stderr } = await runBytes(command, options);
  return { code, signal, stdout: stdout.toString("utf8"), stderr: stderr.toString("utf8") };
}

export async function runBytes(command: Command, options: RunOptions = {}): Promise<RunBytes> {
  const [program, ...args] = command;
  if (program === undefined) throw new TypeError("Cannot run an empty command");
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: standardStreams(options),
    detached: options.detached ?? false,
    ...(options.argv0 === undefined ? {} : { argv0: options.argv0 }),
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
  if (child.stdin !== null && typeof options.stdin !== "number") {
    child.stdin.on("error", () => undefined); // a reader may close early, as head(1) does
    child.stdin.end(options.stdin ?? "");
  }
  const deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      child.stdout?.destroy();
      child.stderr?.destroy();
      const seen = Buffer.concat([...stdout, ...stderr]).toString("utf8");
      reject(new DeadlineError(`"${command.join(" ")}" ran over ${deadlineMs} ms: ${seen}`));
    }, deadlineMs);
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) });
    });
  });
}

function standardStreams(options: RunOptions): StdioOptions {
  const stdin = typeof options.stdin === "number" ? options.stdin : "pipe";
  return [stdin, "pipe", "pipe", ...(options.inherited ?? [])];
}
