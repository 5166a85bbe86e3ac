/** A file that was just patched, for the lines around its changes. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

/** Nobody waits for larger ones. */
const MAX_BYTES = 2 * 1024 * 1024;

/** Undefined: it cannot be read at once, or is no file any more. */
export function readPatchedFile(path: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const stats = fstatSync(descriptor);
    return stats.isFile() && stats.size <= MAX_BYTES ? readFileSync(descriptor, "utf8") : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}
