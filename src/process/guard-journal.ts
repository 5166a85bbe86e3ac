/**
 * What the guards of commands have recorded, for whoever outlives this program when it is killed.
 *
 * It is kept in an anonymous file in memory. Only this program and the orphan watcher, which is
 * started with it, hold a descriptor; commands can reach neither (Landlock keeps them away from the
 * descriptors of others). A file takes a record in one call that waits for nobody, and the kernel
 * keeps it however this program ends, also in the middle of a write: then the last entry is
 * incomplete and does not count. Source: memfd_create(2).
 */
import { fstatSync, ftruncateSync, readSync, writeSync } from "node:fs";

import type { Libc } from "../linux-sandbox/libc.ts";
import { byteStringFromText, textOf } from "../runtime/byte-string.ts";
import type { ApprovedFile } from "./approved-files.ts";
import type { GuardRecord, PlaceGuard } from "./place-guard.ts";
import { readRecord, RecordReader, RecordWriter, writeRecord } from "./guard-record.ts";

/** What there was to put back at the end; guards in the order of their commands. */
export interface JournalContents {
  /** Of commands that are over, and that have left something running. */
  readonly standing: readonly GuardRecord[];
  /** Of commands that ran. */
  readonly active: readonly GuardRecord[];
  /** Files of an approved patch that was being written. */
  readonly writing: readonly ApprovedFile[];
}

export class GuardJournal {
  /** For the watcher; it closes with this program. */
  readonly fd: number;
  readonly #guards = new Map<PlaceGuard, { readonly id: number; revision: number }>();
  #isWriting = false;
  #lastId = 0;
  #end = 0;
  #lastRecord: Buffer | undefined;
  /** Whether it is the first entry. */
  #isLastFirst = false;
  #isBroken = false;

  /** Undefined where the system gives no such file: then nobody puts back after a kill. */
  static open(libc: Libc): GuardJournal | undefined {
    const name = Buffer.from("codex-protected-places\0");
    const made = libc.call("memfd_create", name, MFD_CLOEXEC);
    return made.ok ? new GuardJournal(made.value) : undefined;
  }

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** What the guard knows now. A new one is that of a command that runs. */
  note(guard: PlaceGuard): void {
    const known = this.#guards.get(guard);
    if (this.#isBroken || known?.revision === guard.revision) return;
    const { id } = known ?? { id: (this.#lastId += 1) };
    this.#guards.set(guard, { id, revision: guard.revision });
    const writer = new RecordWriter();
    writeRecord(writer, guard.recorded);
    const record = writer.bytes();
    if (this.#lastRecord?.equals(record) !== true) {
      this.#isLastFirst = this.#end === 0;
      this.#lastRecord = record;
      this.#append(RECORD, record);
    }
    this.#append(GUARD, numberBytes(id));
  }

  /** Its command is over, and has left something running. */
  noteStanding(guard: PlaceGuard): void {
    const known = this.#guards.get(guard);
    if (known !== undefined) this.#append(STANDING, numberBytes(known.id));
  }

  /** There is nothing more to put back by it. */
  remove(guard: PlaceGuard): void {
    const known = this.#guards.get(guard);
    if (known === undefined) return;
    this.#guards.delete(guard);
    if (this.#isWriting || this.#guards.size > 0) this.#append(GONE, numberBytes(known.id));
    else this.#empty();
  }

  noteWriting(files: readonly ApprovedFile[]): void {
    this.#isWriting = true;
    const writer = new RecordWriter();
    writer.list(files, ({ path, content, mode }) => {
      writer.text(byteStringFromText(path));
      writer.optional(content, (text) => writer.text(byteStringFromText(text)));
      writer.optional(mode, (bits) => writer.number(bits));
    });
    this.#append(WRITING, writer.bytes());
  }

  noteWritten(): void {
    this.#isWriting = false;
    if (this.#guards.size > 0) this.#append(WRITTEN, Buffer.alloc(0));
    else this.#empty();
  }

  /** All has been put back. */
  clear(): void {
    this.#guards.clear();
    this.#lastRecord = undefined;
    this.#empty();
  }

  /** But for one record: most commands find what the one before them has found. */
  #empty(): void {
    const length = this.#isLastFirst ? (this.#lastRecord?.length ?? 0) : 0;
    const isKept = length > 0 && length <= MOST_KEPT_BYTES;
    if (!isKept) this.#lastRecord = undefined;
    this.#end = isKept ? HEADER_BYTES + length : 0;
    ftruncateSync(this.fd, this.#end);
  }

  #append(kind: number, payload: Buffer): void {
    if (this.#isBroken) return;
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt8(kind, 0);
    header.writeUInt32LE(payload.length, 1);
    const entry = Buffer.concat([header, payload]);
    try {
      for (let offset = 0; offset < entry.length;) {
        offset += writeSync(this.fd, entry, offset, entry.length - offset, this.#end + offset);
      }
      this.#end += entry.length;
    } catch {
      // Memory is short. What is left must not undo what was approved since, so nothing is left.
      this.#isBroken = true;
      this.clear();
    }
  }
}

/** What the journal of a program that has ended says. Errors: those of read(2). */
export function readJournal(fd: number): JournalContents {
  const bytes = readAll(fd);
  const standing = new Map<number, GuardRecord>();
  const active = new Map<number, GuardRecord>();
  let last: GuardRecord | undefined;
  let writing: readonly ApprovedFile[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length;) {
    const kind = bytes.readUInt8(at);
    const start = at + HEADER_BYTES;
    at = start + bytes.readUInt32LE(at + 1);
    if (at > bytes.length) break; // it was killed while it wrote this one
    const reader = new RecordReader(bytes.subarray(start, at));
    switch (kind) {
      case RECORD:
        last = readRecord(reader);
        break;
      case GUARD: {
        const id = reader.number();
        if (last !== undefined) (standing.has(id) ? standing : active).set(id, last);
        break;
      }
      case STANDING: {
        const id = reader.number();
        const record = active.get(id);
        if (record !== undefined) standing.set(id, record);
        active.delete(id);
        break;
      }
      case GONE: {
        const id = reader.number();
        standing.delete(id);
        active.delete(id);
        break;
      }
      case WRITING:
        writing = reader.list(() => ({
          path: textOf(reader.text()),
          content: reader.optional(() => textOf(reader.text())),
          mode: reader.optional(() => reader.number()),
        }));
        break;
      case WRITTEN:
        writing = [];
        break;
      default:
        throw new RangeError(`Not an entry of a journal: ${kind}`);
    }
  }
  return { standing: [...standing.values()], active: [...active.values()], writing };
}

const MFD_CLOEXEC = 1;
const MOST_KEPT_BYTES = 1024 * 1024;

/** Each entry: its kind, the length of what follows, and that. */
const HEADER_BYTES = 5;
/** A record that the guards named after it have. */
const RECORD = 1;
const GUARD = 2;
const STANDING = 3;
const GONE = 4;
const WRITING = 5;
const WRITTEN = 6;

function numberBytes(value: number): Buffer {
  const writer = new RecordWriter();
  writer.number(value);
  return writer.bytes();
}

function readAll(fd: number): Buffer {
  const bytes = Buffer.alloc(fstatSync(fd).size);
  let length = 0;
  while (length < bytes.length) {
    const count = readSync(fd, bytes, length, bytes.length - length, length);
    if (count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}
