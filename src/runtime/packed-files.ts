/**
 * The form in which files travel inside the executable: all in one.
 *
 * Node copies its whole table of assets each time one is asked for; with two hundred of them, the
 * five that a sandbox helper reads took a twentieth of its start.
 *
 * Layout: 32-bit length of the index, little endian; the index, a line "NAME OFFSET LENGTH" for each
 * file, ASCII, with decimal offsets from the end of the index; the files, each at a multiple of
 * eight bytes, since V8 copies a code cache that lies otherwise.
 */

/** Name of the one asset. */
export const PACKED_FILES = "packed-files";

const ALIGNMENT = 8;
const LENGTH_BYTES = 4;

/** Finds one file's bytes, which are a view of the whole; undefined when no file has that name. */
export type FindPackedFile = (name: string) => Uint8Array | undefined;

export function openPackedFiles(buffer: ArrayBuffer): FindPackedFile {
  const indexBytes = new DataView(buffer).getUint32(0, true);
  const index = Buffer.from(buffer, LENGTH_BYTES, indexBytes).toString("latin1");
  const start = LENGTH_BYTES + indexBytes;
  return (name) => {
    const at = index.indexOf(`\n${name} `);
    if (at === -1) return undefined;
    const line = index.slice(at + name.length + 2, index.indexOf("\n", at + 1));
    const [offset, length] = line.split(" ").map(Number);
    return new Uint8Array(buffer, start + (offset ?? 0), length ?? 0);
  };
}

/** Errors: a name that the index cannot hold. */
export function packFiles(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  let offset = 0;
  const placed = [...files].map(([name, bytes]) => {
    if (!/^[!-~]+$/.test(name)) throw new Error(`Cannot pack "${name}": not a plain ASCII name`);
    const file = { offset, bytes, line: `${name} ${offset} ${bytes.length}\n` };
    offset = aligned(offset + bytes.length);
    return file;
  });
  const lines = `\n${placed.map(({ line }) => line).join("")}`;
  // The files begin where the index ends, so it is the index that has to be aligned.
  const index = lines.padEnd(aligned(LENGTH_BYTES + lines.length) - LENGTH_BYTES, "\n");
  const whole = new Uint8Array(LENGTH_BYTES + index.length + offset);
  new DataView(whole.buffer).setUint32(0, index.length, true);
  whole.set(Buffer.from(index, "latin1"), LENGTH_BYTES);
  for (const file of placed) whole.set(file.bytes, LENGTH_BYTES + index.length + file.offset);
  return whole;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
