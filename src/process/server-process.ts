/**
 * A program that this one speaks with over pipes for as long as it likes: an MCP server. Until it is
 * closed, it keeps this program from ending by itself.
 *
 * It starts as a command of the user's does, on Linux through a helper that confines nothing: only a
 * helper can ask for the parent-death signal. It gets a session of its own, so that the whole tree
 * can be ended. The orphan watcher knows of it as of any command.
 */
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import type { ByteString } from "../runtime/byte-string.ts";
import { wrap } from "../sandbox/sandbox.ts";
import type { ProcessEnd } from "./exit-status.ts";
import type { HelperPool } from "./helper-pool.ts";
import type { CommandProcess } from "./helper-process.ts";
import type { OutputListener } from "./output-deltas.ts";
import { ProcessTree } from "./process-tree.ts";
import { addServer, removeServer } from "./running-commands.ts";
import { SpawnError } from "./spawn.ts";

export interface ServerRequest {
  /** Program and arguments; a program without a slash is looked for in the environment's PATH. */
  readonly argv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** The server's whole environment. */
  readonly environment: readonly ByteString[];
  readonly helpers: HelperPool;
  /** What it prints; the bytes are only valid until it returns. Must not throw. */
  readonly onStdout: (bytes: Uint8Array) => void;
}

/** What remains of what a server says on its standard error. */
const KEPT_STDERR_BYTES = 4_096;
const INPUT_END_GRACE_MS = 300;
const TERM_GRACE_MS = 500;
const UNENDING_MS = 1_000;

export class ServerProcess {
  readonly pid: number;
  /** Resolves when the server's own process has ended, and what it had printed is read. */
  readonly end: Promise<ProcessEnd>;
  readonly #running: CommandProcess;
  readonly #input: Socket;
  readonly #stderr: StderrTail;

  /** Errors: SpawnError when no process can be made, or the directory cannot be entered. */
  static async start(request: ServerRequest): Promise<ServerProcess> {
    const { argv, cwd, environment, helpers } = request;
    const [program = ""] = argv;
    if ([...argv, ...environment].some((word) => word.includes("\0"))) {
      throw new SpawnError("program", program, "EINVAL");
    }
    const command = { argv, cwd, policyCwd: cwd, policy: FULL_ACCESS, environment };
    const wrapped = wrap(
      process.platform,
      { ...command, codexHome: undefined },
      helpers.softOpenFiles,
    );
    if (wrapped.kind === "cannot-confine") throw new SpawnError("program", program, "ENOSYS");
    const stderr = new StderrTail(KEPT_STDERR_BYTES);
    const listener: OutputListener = (stream, bytes) => {
      if (stream === "stdout") request.onStdout(bytes);
      else stderr.add(bytes);
    };
    if (wrapped.kind === "direct") {
      const { startDirectly } = await import("./direct-process.ts");
      const started = await startDirectly(wrapped.launcher, request, listener, "pipe");
      if ("exitCode" in started) {
        throw new SpawnError("program", program, started.exitCode === 127 ? "ENOENT" : "EACCES");
      }
      const server = new ServerProcess(started, requireInput(started.input, program), stderr);
      helpers.noteStart();
      return server;
    }
    const helper = await helpers.startWithInput();
    const server = new ServerProcess(
      helper,
      requireInput(inputSocket(helper.takeInput()), program),
      stderr,
    );
    helper.handOver(wrapped.message, listener);
    helper.letBegin();
    helpers.noteStart();
    const status = await helper.handOverStatus();
    if (status?.kind !== "no-directory") return server;
    await server.close();
    throw new SpawnError("directory", cwd, status.errno);
  }

  private constructor(running: CommandProcess, input: Socket, stderr: StderrTail) {
    this.#input = input;
    this.#input.on("error", () => undefined); // the server's end tells
    this.#running = running;
    this.#stderr = stderr;
    this.pid = running.child.pid;
    addServer(this.pid);
    this.end = this.#watch();
  }

  /** The last of what it said on its standard error. */
  get stderrTail(): string {
    return this.#stderr.text();
  }

  /** Resolves when the system has taken the bytes. Errors: those of write(2). */
  write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#input.write(text, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }

  /** The end of its input asks the server to end; then SIGTERM, then SIGKILL to its whole tree. */
  async close(): Promise<void> {
    this.#input.end();
    const { child } = this.#running;
    await Promise.race([child.end, sleep(INPUT_END_GRACE_MS, undefined, { ref: false })]);
    await new ProcessTree([this.pid]).end(TERM_GRACE_MS);
    await Promise.race([this.end, sleep(UNENDING_MS, undefined, { ref: false })]);
  }

  async #watch(): Promise<ProcessEnd> {
    const end = await this.#running.child.end;
    this.#input.destroy();
    // What it started must not live on without it, nor hold the pipes open.
    await new ProcessTree([this.pid]).kill();
    await Promise.race([this.#running.outputEnd(), sleep(DRAIN_MS, undefined, { ref: false })]);
    this.#running.close();
    removeServer(this.pid);
    return end;
  }
}

function inputSocket(fd: number | undefined): Socket | undefined {
  const { Socket: NetSocket } = process.getBuiltinModule("node:net");
  return fd === undefined ? undefined : new NetSocket({ fd, readable: false, writable: true });
}

function requireInput(input: Socket | undefined, program: string): Socket {
  if (input === undefined) throw new SpawnError("program", program, "EBADF");
  return input;
}

const DRAIN_MS = 200;
const FULL_ACCESS = { mode: "danger-full-access" } as const;

class StderrTail {
  readonly #maxBytes: number;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(bytes: Uint8Array): void {
    const last = bytes.subarray(Math.max(0, bytes.length - this.#maxBytes));
    const room = this.#maxBytes - last.length;
    const kept = this.#bytes.subarray(Math.max(0, this.#bytes.length - room));
    this.#bytes = Buffer.concat([kept, last]);
  }

  text(): string {
    return this.#bytes.toString("utf8").trim();
  }
}
