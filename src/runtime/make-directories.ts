/** Like `mkdir -p`. Node's own recursive form never returns where the kernel refuses with ENOENT, as below /proc. */
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** `mode` is for each directory that is made. Errors: those of mkdir(2) for the one that cannot be. */
export function makeDirectories(path: string, mode = 0o777): void {
  const missing: string[] = [];
  let existing = path;
  while (statSync(existing, { throwIfNoEntry: false }) === undefined) {
    missing.push(existing);
    if (dirname(existing) === existing) break;
    existing = dirname(existing);
  }
  // mkdir tells of a path that leads through a file, and of a last name that is one.
  if (missing.length === 0) missing.push(path);
  for (const directory of missing.toReversed()) makeOne(directory, mode);
}

function makeOne(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // It was there, or another process was quicker.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}
