/** A server that is a program: its process, the bytes it sends, and how it ended. */
import type { StdioServer } from "../config/mcp-servers.ts";
import { describeEnd, type ProcessEnd } from "../process/exit-status.ts";
import type { HelperPool } from "../process/helper-pool.ts";
import { ServerProcess } from "../process/server-process.ts";
import { SpawnError } from "../process/spawn.ts";
import type { ByteString } from "../runtime/byte-string.ts";
import { McpServerError, oneLine } from "./mcp-server-error.ts";
import { serverEnvironment } from "./server-environment.ts";

export interface PipeContext {
  /** The whole environment of this program. */
  readonly inherited: readonly ByteString[];
  readonly helpers: () => Promise<HelperPool>;
}

export class ServerPipe {
  readonly #process: ServerProcess;
  readonly #inbox: Inbox;
  #closing: Promise<void> | undefined;

  /** Errors: McpServerError. */
  static async start(server: StdioServer, context: PipeContext): Promise<ServerPipe> {
    const inbox = new Inbox();
    try {
      const process = await ServerProcess.start({
        argv: [server.command, ...server.args],
        cwd: server.cwd,
        environment: serverEnvironment(context.inherited, server.env),
        helpers: await context.helpers(),
        onStdout: (bytes) => inbox.put(bytes),
      });
      return new ServerPipe(process, inbox);
    } catch (error) {
      if (!(error instanceof SpawnError)) throw error;
      throw new McpServerError(error.message, { cause: error });
    }
  }

  private constructor(process: ServerProcess, inbox: Inbox) {
    this.#process = process;
    this.#inbox = inbox;
  }

  /** The bytes from the start on; valid until it returns. To be called once. */
  read(onBytes: (bytes: Uint8Array) => void): void {
    this.#inbox.open(onBytes);
  }

  /** Errors: those of write(2). */
  write(text: string): Promise<void> {
    return this.#process.write(text);
  }

  /** Resolves with what happened, for people. */
  async ended(): Promise<string> {
    return describeServerEnd(await this.#process.end, this.#process.stderrTail);
  }

  /** With a colon in front, or nothing. */
  get lastWords(): string {
    return quotedTail(this.#process.stderrTail);
  }

  close(): Promise<void> {
    this.#closing ??= this.#process.close();
    return this.#closing;
  }
}

/** What the helper says when there is no such program. */
const NOT_STARTED = /^codex-linux-sandbox: (Cannot run .*)$/m;

export function describeServerEnd(end: ProcessEnd, stderrTail: string): string {
  const notStarted = NOT_STARTED.exec(stderrTail)?.[1];
  if (notStarted !== undefined && (end.code === 126 || end.code === 127)) return notStarted;
  return `it ended with ${describeEnd(end)}${quotedTail(stderrTail)}`;
}

const MAX_TAIL_CHARACTERS = 1_000;

function quotedTail(stderrTail: string): string {
  const line = oneLine(stderrTail);
  if (line === "") return "";
  const cut = line.length > MAX_TAIL_CHARACTERS;
  return `: ${cut ? `...${line.slice(-MAX_TAIL_CHARACTERS)}` : line}`;
}

/** A server is not to speak before it is spoken to. */
const MAX_EARLY_BYTES = 1024 * 1024;

/** Keeps what comes before anybody reads. */
class Inbox {
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #reader: ((bytes: Uint8Array) => void) | undefined;

  put(bytes: Uint8Array): void {
    if (this.#reader !== undefined) return this.#reader(bytes);
    this.#earlyBytes += bytes.length;
    if (this.#earlyBytes <= MAX_EARLY_BYTES) this.#early.push(bytes.slice());
  }

  open(reader: (bytes: Uint8Array) => void): void {
    this.#reader = reader;
    for (const bytes of this.#early.splice(0)) reader(bytes);
  }
}
