/** Replacing a file of the home in one step. */
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { PRIVATE_FILE_MODE } from "./codex-home.ts";

/**
 * Readers see the old file or the whole new one, never a part. A link at `path` is replaced, not
 * followed. The folder has to exist.
 *
 * Errors: those of the system calls; nothing is left behind then.
 */
export function replaceFile(path: string, content: string, mode: number = PRIVATE_FILE_MODE): void {
  // The global one loads when it is used; "node:crypto" would be a part of every start.
  const random = Buffer.from(crypto.getRandomValues(new Uint8Array(6))).toString("hex");
  const unfinished = `${path}.${random}.tmp`;
  try {
    writeNewFile(unfinished, content, mode);
    renameSync(unfinished, path);
  } catch (error) {
    removeIfThere(unfinished);
    throw error;
  }
}

function writeNewFile(path: string, content: string, mode: number): void {
  // "wx" neither follows a link nor opens a file that somebody else has put there.
  const descriptor = openSync(path, "wx", PRIVATE_FILE_MODE);
  try {
    fchmodSync(descriptor, mode); // whatever the umask says
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The failure before this one is what the user has to know.
  }
}
