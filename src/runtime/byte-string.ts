/**
 * Byte strings: what the kernel hands over as argv, environment and paths, kept byte for byte.
 *
 * Linux strings are bytes without an encoding; decoding them as UTF-8 loses invalid ones. A
 * ByteString holds one byte per UTF-16 unit (0-255, "latin1"), so that ASCII text work such as
 * splitting at "=" or "/" stays ordinary string work and nothing is mangled on the way through.
 */
import { readFileSync } from "node:fs";

declare const byteStringBrand: unique symbol;
export type ByteString = string & { readonly [byteStringBrand]: true };

/** Takes text as this program's own UTF-8 strings are and gives its bytes. */
export function byteStringFromText(text: string): ByteString {
  return brand(Buffer.from(text, "utf8").toString("latin1"));
}

export function byteStringFromBytes(bytes: Uint8Array): ByteString {
  return brand(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1"));
}

export function bytesOf(value: ByteString): Buffer {
  return Buffer.from(value, "latin1");
}

/** As text; invalid UTF-8 becomes U+FFFD, so use it for showing and for lookups, not for passing on. */
export function textOf(value: ByteString): string {
  return bytesOf(value).toString("utf8");
}

/** For one line of a message: quoted, with control characters and quotes escaped as in JSON. */
export function quoted(value: ByteString | string): string {
  return JSON.stringify(isLatin1(value) ? textOf(brand(value)) : value);
}

const procLists = new Map<string, readonly ByteString[]>();

/**
 * The NUL-separated list in a /proc/self file ("cmdline" or "environ"), byte for byte as the
 * kernel got it. Undefined when /proc is not there. Source: proc(5).
 *
 * Read once: it is what this process was started with, and a start asks several times.
 */
export function readProcList(file: "cmdline" | "environ"): readonly ByteString[] | undefined {
  const known = procLists.get(file);
  if (known !== undefined) return known;
  let text: string;
  try {
    text = readLatin1(`/proc/self/${file}`);
  } catch {
    return undefined;
  }
  const words = (text.endsWith("\0") ? text.slice(0, -1) : text).split("\0");
  const list = text === "" ? [] : words.map(brand);
  procLists.set(file, list);
  return list;
}

/** Node reads UTF-8 in one step of its own, in half the time; for ASCII that comes to the same. */
function readLatin1(path: string): string {
  const text = readFileSync(path, "utf8");
  return Buffer.byteLength(text) === text.length ? text : readFileSync(path, "latin1");
}

/** The value in the first "name=value" entry of that name, as getenv(3) finds it. */
export function valueInEntries(
  entries: readonly ByteString[],
  name: string,
): ByteString | undefined {
  const entry = entries.find((each) => each.startsWith(`${name}=`));
  return entry === undefined ? undefined : brand(entry.slice(name.length + 1));
}

/** The two parts of a ByteString operation keep it one. */
export function brand(latin1: string): ByteString {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand has no run-time form
  return latin1 as ByteString;
}

function isLatin1(value: string): boolean {
  for (let index = 0; index < value.length; index += 1) {
    if (value.charCodeAt(index) > 0xff) return false;
  }
  return true;
}
