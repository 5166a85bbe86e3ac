/**
 * Which file a program's name means on Windows. Pure: the disk is asked through `isFile`.
 *
 * Unlike cmd.exe and CreateProcess, the current directory is no part of the search: a repository
 * could bring a git.exe of its own. Source: the search rules of CreateProcess and of PATHEXT.
 */
import { win32 } from "node:path";

export interface WindowsSearch {
  /** Absolute; for names with a separator or a drive in them. */
  readonly cwd: string;
  readonly path: string | undefined;
  readonly pathExt: string | undefined;
  readonly isFile: (path: string) => boolean;
}

/** Batch files are run by cmd.exe, which reads its command line by rules of its own. */
export interface WindowsProgram {
  readonly path: string;
  readonly kind: "executable" | "batch";
}

/** Undefined when nothing of that name can be run. */
export function findWindowsProgram(
  name: string,
  search: WindowsSearch,
): WindowsProgram | undefined {
  if (name === "" || name.includes("\0")) return undefined;
  const extensions = extensionsOf(search.pathExt);
  for (const directory of directoriesFor(name, search)) {
    for (const path of candidates(win32.resolve(directory, name), extensions)) {
      if (search.isFile(path)) return { path, kind: kindOf(path) };
    }
  }
  return undefined;
}

const DEFAULT_PATHEXT = ".COM;.EXE;.BAT;.CMD";

function extensionsOf(pathExt: string | undefined): readonly string[] {
  const list = (pathExt ?? "").split(";").filter((extension) => /^\.[^\\/:.]+$/.test(extension));
  return list.length > 0 ? list : DEFAULT_PATHEXT.split(";");
}

/** Only absolute directories of PATH count; a relative one is the current directory again. */
function directoriesFor(name: string, { cwd, path }: WindowsSearch): readonly string[] {
  if (/[\\/]/.test(name) || /^[a-z]:/i.test(name)) return [cwd];
  return (path ?? "")
    .split(";")
    .map((directory) => directory.replaceAll('"', ""))
    .filter((directory) => /^(?:[a-z]:[\\/]|\\\\)/i.test(directory));
}

/** A name that ends in one of the extensions is tried as it is first. */
function candidates(path: string, extensions: readonly string[]): readonly string[] {
  const appended = extensions.map((extension) => path + extension.toLowerCase());
  const own = win32.extname(path).toLowerCase();
  return extensions.some((extension) => extension.toLowerCase() === own)
    ? [path, ...appended]
    : appended;
}

function kindOf(path: string): WindowsProgram["kind"] {
  return /\.(?:bat|cmd)$/i.test(path) ? "batch" : "executable";
}
