/**
 * A directory with this program under its other names, for the PATH of commands: a script that
 * calls `apply_patch` then finds it.
 */
import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { ensureCodexHome, PRIVATE_DIRECTORY_MODE } from "../config/codex-home.ts";

const NAMES = ["apply_patch", "applypatch"];

/**
 * `$CODEX_HOME/bin`, which commands in a sandbox cannot change. Null when it cannot be made.
 * `program` is the absolute path of our executable.
 */
export function makeToolDirectory(codexHome: string, program: string): string | null {
  const directory = join(codexHome, "bin");
  try {
    ensureCodexHome(codexHome);
    mkdirSync(directory, { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
    for (const name of NAMES) link(join(directory, name), program);
    return directory;
  } catch {
    return null;
  }
}

function link(path: string, program: string): void {
  if (targetOf(path) === program) return;
  // Another session may do the same at this moment: whoever is last replaces a whole link.
  const unfinished = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    symlinkSync(program, unfinished);
    renameSync(unfinished, path);
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
