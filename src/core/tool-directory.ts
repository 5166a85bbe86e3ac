/**
 * A directory with this program under its other names, for the PATH of commands: a script that
 * calls `apply_patch` then finds it.
 */
import { linkSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { ensureCodexHome, PRIVATE_DIRECTORY_MODE } from "../config/codex-home.ts";
import { makeDirectories } from "../runtime/make-directories.ts";

const APPLY_PATCH = "apply_patch";
const NAMES = [APPLY_PATCH, "applypatch"];

export interface ToolDirectory {
  readonly path: string;
  readonly applyPatchProgram: string;
}

/**
 * `$CODEX_HOME/bin`, which commands in a sandbox cannot change. Null when it cannot be made.
 * `program` is the absolute path of our executable.
 */
export function makeToolDirectory(
  codexHome: string,
  program: string,
  platform: NodeJS.Platform = process.platform,
): ToolDirectory | null {
  const path = join(codexHome, "bin");
  const isWindows = platform === "win32";
  const fileOf = (name: string): string => join(path, isWindows ? `${name}.exe` : name);
  try {
    ensureCodexHome(codexHome);
    makeDirectories(path, PRIVATE_DIRECTORY_MODE);
    for (const name of NAMES) (isWindows ? hardLink : link)(fileOf(name), program);
    return { path, applyPatchProgram: fileOf(APPLY_PATCH) };
  } catch {
    return null;
  }
}

/** Symbolic links need a privilege on Windows. */
function hardLink(path: string, program: string): void {
  if (isSameFile(path, program)) return;
  rmSync(path, { force: true });
  linkSync(program, path);
}

function isSameFile(path: string, program: string): boolean {
  const [one, other] = [path, program].map((file) =>
    statSync(file, { bigint: true, throwIfNoEntry: false }),
  );
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
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
