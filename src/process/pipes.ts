/**
 * Pipes to and from a child, on Linux made by pipe2(2).
 *
 * Node's own "pipe" for a child is a pair of sockets, which programs notice on Linux: /dev/stdout
 * cannot be opened then, and writes do not raise SIGPIPE in the same way. Reading uses one fixed
 * buffer, so that a flood of output leaves no garbage behind. Elsewhere there is no pipe2 to call
 * (runtime/native-addon.ts), and Node's own have to do: opening /dev/stdout works with them on
 * macOS, where that is dup(2).
 */
import { closeSync, writeSync } from "node:fs";
import type { Socket } from "node:net";

import type { Libc } from "../linux-sandbox/libc.ts";

/** Two descriptors that a child does not get unless a request names them. */
export interface Pipe {
  readonly readFd: number;
  readonly writeFd: number;
}

/** Errors: SyscallError, for example EMFILE. */
export function createPipe(libc: Libc): Pipe {
  const descriptors = new Uint8Array(8); // int[2]
  libc.must("pipe2", "pipe2", descriptors, O_CLOEXEC);
  const view = new DataView(descriptors.buffer);
  return { readFd: view.getInt32(0, true), writeFd: view.getInt32(4, true) };
}

/** The reading end of a pipe. It owns its descriptor, or its socket. */
export class PipeReader {
  readonly #socket: Socket;
  /** Resolves when every writer is gone, or when this end was closed. Never rejects. */
  readonly end: Promise<void>;
  hasEnded = false;

  /** `onBytes` gets memory that is only valid until it returns; it must not throw. */
  constructor(source: number | Socket, onBytes: (bytes: Uint8Array) => void) {
    this.#socket = typeof source === "number" ? socketOf(source, onBytes) : source;
    if (typeof source !== "number") source.on("data", onBytes);
    this.end = new Promise((resolve) => {
      this.#socket.once("close", () => {
        this.hasEnded = true;
        resolve();
      });
    });
    this.#socket.on("error", () => undefined); // "close" follows
    this.#socket.resume();
  }

  setHolding(holds: boolean): void {
    if (holds) this.#socket.ref();
    else this.#socket.unref();
  }

  close(): void {
    this.#socket.destroy();
  }
}

function socketOf(fd: number, onBytes: (bytes: Uint8Array) => void): Socket {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const { Socket } = process.getBuiltinModule("node:net");
  return new Socket({
    fd,
    readable: true,
    writable: false,
    onread: {
      buffer,
      callback: (length) => {
        onBytes(buffer.subarray(0, length));
        return true;
      },
    },
  });
}

/** The writing end of a pipe. It owns its descriptor. A reader that is gone is no error. */
export class PipeWriter {
  readonly #fd: number;
  #written = 0;
  /** For what the pipe may not take at once. */
  #socket: Socket | undefined;
  #isOpen = true;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(bytes: Uint8Array): void {
    if (!this.#isOpen) return;
    this.#written += bytes.length;
    if (this.#written <= PIPE_BUF) {
      writeAtOnce(this.#fd, bytes);
      return;
    }
    if (this.#socket === undefined) {
      const { Socket } = process.getBuiltinModule("node:net");
      this.#socket = new Socket({ fd: this.#fd, readable: false, writable: true });
      this.#socket.on("error", () => undefined);
    }
    this.#socket.write(bytes);
  }

  /** Closes it when all is written. */
  end(): void {
    if (!this.#isOpen) return;
    if (this.#socket === undefined) this.close();
    else this.#socket.end();
    this.#isOpen = false;
  }

  /** Closes it now; what the pipe has not taken yet is not written. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (this.#socket === undefined) closeSync(this.#fd);
    else this.#socket.destroy();
  }
}

/** An empty pipe takes that much without waiting for its reader, and in one piece. pipe(7). */
const PIPE_BUF = 4096;

function writeAtOnce(fd: number, bytes: Uint8Array): void {
  try {
    writeSync(fd, bytes);
  } catch {
    // The reader is gone.
  }
}

/** Closes descriptors that are surely open. */
export function closeAll(descriptors: readonly number[]): void {
  for (const fd of descriptors) closeSync(fd);
}

const O_CLOEXEC = 0o2000000;
const READ_BYTES = 65_536; // the default size of a pipe
