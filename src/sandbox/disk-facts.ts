/** The disk as it is, for rules that only take facts. Paths are text, and absolute. */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
} from "node:fs";
import { posix } from "node:path";

import type { DiskFacts } from "../protocol/protected-places.ts";

const MAX_TEXT_BYTES = 256 * 1024;

export const realDisk: DiskFacts = {
  kindOf(path) {
    const entry = attempt(() => lstatSync(path));
    if (entry === undefined) return undefined;
    if (entry.isSymbolicLink()) return "link";
    if (entry.isDirectory()) return "directory";
    return entry.isFile() ? "file" : "other";
  },
  readText: (path) => attempt(() => readRegularFile(path)),
  namesIn: (directory) => attempt(() => readdirSync(directory)) ?? [],
  realpath: (path) => attempt(() => realpathSync.native(path)),
  readlink: (path) => attempt(() => readlinkSync(path)),
};

/** The canonical path; of one that does not exist, as far as it does. */
export function canonical(path: string, disk: Pick<DiskFacts, "realpath">): string {
  const real = disk.realpath(path);
  const parent = posix.dirname(path);
  if (real !== undefined || parent === path) return real ?? path;
  return posix.join(canonical(parent, disk), posix.basename(path));
}

function readRegularFile(path: string): string | undefined {
  // A pipe with nobody at its other end would keep a blocking open waiting.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const entry = fstatSync(descriptor);
    if (!entry.isFile() || entry.size > MAX_TEXT_BYTES) return undefined;
    const bytes = Buffer.alloc(entry.size);
    return bytes.toString("utf8", 0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}

function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
