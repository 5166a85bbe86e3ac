/**
 * `history.jsonl`: what users have typed, in all conversations, one JSON object a line. For going
 * back to earlier prompts in front ends.
 */
import {
  closeSync,
  fchmodSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { ensureCodexHome, historyFile, PRIVATE_FILE_MODE } from "../config/codex-home.ts";
import type { Config } from "../config/config.ts";
import { type HistoryEntry, historyEntrySchema } from "../protocol/event.ts";
import { decodeJsonWith } from "../protocol/decode.ts";
import { describeFileProblem } from "../runtime/file-problem.ts";

export interface MessageHistoryMark {
  /** Identifies the file: entries are counted in this one and no other. 0: there is none. */
  readonly logId: number;
  readonly entryCount: number;
}

export class MessageHistory {
  readonly #codexHome: string;
  readonly #file: string;
  readonly #isKept: boolean;
  readonly #maxBytes: number | undefined;

  constructor({ codexHome, history }: Pick<Config, "codexHome" | "history">) {
    this.#codexHome = codexHome;
    this.#file = historyFile(codexHome);
    this.#isKept = history.persistence === "save-all";
    this.#maxBytes = history.maxBytes;
  }

  mark(): MessageHistoryMark {
    const read = this.#read();
    if (read === null) return { logId: 0, entryCount: 0 };
    let entryCount = 0;
    for (let at = read.text.indexOf("\n"); at !== -1; at = read.text.indexOf("\n", at + 1)) {
      entryCount += 1;
    }
    return { logId: read.logId, entryCount };
  }

  /** Null, or why it could not be stored. */
  add(sessionId: string, text: string): string | null {
    if (!this.#isKept) return null;
    const entry: HistoryEntry = { session_id: sessionId, ts: Math.floor(Date.now() / 1000), text };
    try {
      ensureCodexHome(this.#codexHome);
      const line = `${JSON.stringify(entry)}\n`;
      if (this.#maxBytes === undefined) this.#append(line);
      else this.#appendAndTrim(line, this.#maxBytes);
      return null;
    } catch (error) {
      return `Cannot write "${this.#file}": ${describeFileProblem(error)}`;
    }
  }

  /** Without `entry` when the file is another one than `logId` says, or is shorter. */
  entry(logId: number, offset: number): { readonly entry?: HistoryEntry } {
    const read = this.#read();
    if (read === null || read.logId !== logId || offset < 0) return {};
    const line = read.text.split("\n")[offset];
    if (line === undefined || line === "") return {};
    const decoded = decodeJsonWith(historyEntrySchema, line, "history entry");
    return decoded.ok ? { entry: decoded.value } : {};
  }

  #read(): { readonly text: string; readonly logId: number } | null {
    let descriptor: number;
    try {
      descriptor = openSync(this.#file, "r");
    } catch {
      return null;
    }
    try {
      const status = fstatSync(descriptor);
      if (!status.isFile()) return null;
      return { text: readFileSync(descriptor, "utf8"), logId: status.ino };
    } catch {
      return null;
    } finally {
      closeSync(descriptor);
    }
  }

  /** One write to a file opened for appending: the kernel lets lines of several processes not mix. */
  #append(line: string): void {
    const descriptor = openSync(this.#file, "a", PRIVATE_FILE_MODE);
    try {
      const status = fstatSync(descriptor);
      // Some people link it to /dev/null, which is everybody's.
      const isOpen = status.isFile() && (status.mode & OTHERS) !== 0;
      if (isOpen) fchmodSync(descriptor, PRIVATE_FILE_MODE);
      writeFileSync(descriptor, line);
    } finally {
      closeSync(descriptor);
    }
  }

  /** What another process appended while the file is replaced would be lost, so both take a lock. */
  #appendAndTrim(line: string, limit: number): void {
    const lock = `${this.#file}.lock`;
    const isLocked = takeLock(lock);
    try {
      this.#append(line);
      if (isLocked) this.#trim(limit);
    } finally {
      if (isLocked) rmSync(lock, { force: true });
    }
  }

  /** The oldest lines go when the file is larger than `history.max_bytes`. */
  #trim(limit: number): void {
    if (statSync(this.#file).size <= limit) return;
    const bytes = readFileSync(this.#file);
    const firstKept = bytes.indexOf("\n", Math.max(0, bytes.length - limit - 1)) + 1;
    if (firstKept === 0 || firstKept >= bytes.length) return;
    const unfinished = `${this.#file}.${randomBytes(6).toString("hex")}.tmp`;
    try {
      writeFileSync(unfinished, bytes.subarray(firstKept), { mode: PRIVATE_FILE_MODE, flag: "wx" });
      renameSync(unfinished, this.#file);
    } finally {
      rmSync(unfinished, { force: true });
    }
  }
}

/** Of group and others. */
const OTHERS = 0o077;
/** Holding it takes some milliseconds; whoever holds it longer has died. */
const STALE_LOCK_MS = 2000;
const MAX_WAIT_MS = 500;
const TRY_EVERY_MS = 2;

/** False: somebody else has it all the time. It is the holder's to remove. */
function takeLock(path: string): boolean {
  const deadline = Date.now() + MAX_WAIT_MS;
  for (;;) {
    try {
      closeSync(openSync(path, "wx", PRIVATE_FILE_MODE));
      return true;
    } catch (error) {
      const isTaken = error instanceof Error && "code" in error && error.code === "EEXIST";
      if (!isTaken || Date.now() > deadline) return false;
    }
    const takenAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (takenAt !== undefined && Date.now() - takenAt > STALE_LOCK_MS)
      rmSync(path, { force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TRY_EVERY_MS);
  }
}
