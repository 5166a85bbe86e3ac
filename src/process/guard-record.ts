/** What a guard has recorded, as bytes and back. */
import { byteStringFromBytes, type ByteString } from "../runtime/byte-string.ts";
import type { GuardRecord } from "./place-guard.ts";
import type { Tree, TreeEntry } from "./place-tree.ts";

/** Numbers have four bytes, little-endian; texts and lists begin with their length. */
export class RecordWriter {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  /** 0 to 2^32 - 1. */
  number(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeUInt32LE(value, this.#length);
  }

  text(value: ByteString): void {
    this.number(value.length);
    this.#reserve(value.length);
    this.#length += this.#buffer.write(value, this.#length, "latin1");
  }

  blob(value: Buffer): void {
    this.number(value.length);
    this.#reserve(value.length);
    this.#length += value.copy(this.#buffer, this.#length);
  }

  list<Item>(items: readonly Item[], write: (item: Item) => void): void {
    this.number(items.length);
    for (const item of items) write(item);
  }

  optional<Value>(value: Value | undefined, write: (value: Value) => void): void {
    this.number(value === undefined ? 0 : 1);
    if (value !== undefined) write(value);
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

const FIRST_BYTES = 16_384;

/** Errors: RangeError where the bytes end early. */
export class RecordReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  number(): number {
    const value = this.#buffer.readUInt32LE(this.#at);
    this.#at += 4;
    return value;
  }

  text(): ByteString {
    return byteStringFromBytes(this.blob());
  }

  blob(): Buffer {
    const length = this.number();
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#buffer.length) throw new RangeError("A record ends early");
    return this.#buffer.subarray(start, this.#at);
  }

  list<Item>(read: () => Item): readonly Item[] {
    const items: Item[] = [];
    for (let left = this.number(); left > 0; left -= 1) items.push(read());
    return items;
  }

  optional<Value>(read: () => Value): Value | undefined {
    return this.number() === 0 ? undefined : read();
  }
}

export function writeRecord(writer: RecordWriter, record: GuardRecord): void {
  const texts = (values: readonly ByteString[]): void =>
    writer.list(values, (value) => writer.text(value));
  texts(record.directories);
  texts(record.searched);
  writer.optional(record.codexHome, (path) => writer.text(path));
  texts(record.sealed);
  texts(record.included);
  texts(record.bare);
  for (const places of [record.before, record.nestedPlaces]) {
    writer.list([...places], ([path, tree]) => {
      writer.text(path);
      writer.optional(tree, (entries) => writeTreeTo(writer, entries));
    });
  }
  texts([...record.nestedUnread]);
}

export function readRecord(reader: RecordReader): GuardRecord {
  const texts = (): readonly ByteString[] => reader.list(() => reader.text());
  const places = (): ReadonlyMap<ByteString, Tree | undefined> =>
    new Map(
      reader.list(() => [reader.text(), reader.optional(() => readTreeFrom(reader))] as const),
    );
  return {
    directories: texts(),
    searched: texts(),
    codexHome: reader.optional(() => reader.text()),
    sealed: texts(),
    included: texts(),
    bare: texts(),
    before: places(),
    nestedPlaces: places(),
    nestedUnread: new Set(texts()),
  };
}

const KINDS = ["directory", "file", "link", "other"] as const;

function writeTreeTo(writer: RecordWriter, tree: Tree): void {
  writer.list([...tree], ([path, entry]) => {
    writer.text(path);
    writer.number(KINDS.indexOf(entry.kind));
    if (entry.kind === "directory" || entry.kind === "file") writer.number(entry.mode);
    if (entry.kind === "file") writer.blob(entry.content);
    if (entry.kind === "link") writer.text(entry.target);
  });
}

function readTreeFrom(reader: RecordReader): Tree {
  return new Map(reader.list(() => [reader.text(), readEntry(reader)] as const));
}

function readEntry(reader: RecordReader): TreeEntry {
  const kind = KINDS[reader.number()] ?? "other";
  switch (kind) {
    case "directory":
      return { kind, mode: reader.number() };
    case "file":
      return { kind, mode: reader.number(), content: reader.blob() };
    case "link":
      return { kind, target: reader.text() };
    case "other":
      return { kind };
  }
}
