/**
 * Writing to the descriptors directly. `process.stdout` and its like set modes on what a command
 * shares with us, and load code that most runs do not need.
 */
import { writeSync } from "node:fs";
import { describeFileProblem } from "../runtime/file-problem.ts";

const STDOUT = 1;
const STDERR = 2;

/** Errors: EPIPE when nobody reads any more, which the entry takes as an end; else one for people. */
export function print(text: string): void {
  try {
    writeAll(STDOUT, text);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EPIPE") throw error;
    const reason = describeFileProblem(error);
    throw new Error(`Cannot write to standard output: ${reason}`, { cause: error });
  }
}

/** One line for people. A closed stderr leaves the exit code to speak. */
export function complain(message: string): void {
  printError(`codex: ${message}\n`);
}

export function printError(text: string): void {
  try {
    writeAll(STDERR, text);
  } catch {
    // As above.
  }
}

const RETRY_AFTER_MS = 5;

function writeAll(descriptor: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    const written = writeSome(descriptor, rest);
    rest = rest.subarray(written);
    if (written === 0) waitMs(RETRY_AFTER_MS);
  }
}

/** 0 when the reader has to catch up first: somebody has made the pipe non-blocking. */
function writeSome(descriptor: number, bytes: Buffer): number {
  try {
    return writeSync(descriptor, bytes);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") return 0;
    throw error;
  }
}

function waitMs(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
