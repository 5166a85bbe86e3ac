/** How the steps of a patch get at the directories they change. */
import { lstatSync, statSync } from "node:fs";
import { posix } from "node:path";
import { NOT_AS_SHOWN } from "./approved-edits.ts";

export interface DirectoryAccess {
  /** A path to `directory` that is good until the next call. Errors: those of looking at it. */
  readonly enter: (directory: string) => string;
}

/** By its path, which the kernel follows through whatever is there at that moment. */
export const byPath: DirectoryAccess = { enter: (directory) => directory };

/**
 * Name by name from the top, without following a link: for what no sandbox confines, while a
 * process in the background may put a link in the way. From the current directory on, the kernel
 * has no name left to look up but that of the file.
 *
 * Not a sandbox around the patch: that opens whole directories, and looks their paths up once more
 * itself. Not paths below /proc/self/fd: macOS has none. The current directory is the one handle of
 * a directory that Node can give to every call everywhere, and changes for the whole process, so
 * this is for a process that does nothing else.
 */
export class WalkedAccess implements DirectoryAccess {
  readonly #changeDirectory: (path: string) => void;

  constructor(changeDirectory: (path: string) => void = (path) => process.chdir(path)) {
    this.#changeDirectory = changeDirectory;
  }

  /** `directory` is absolute and without links. Answers ".". */
  enter(directory: string): string {
    this.#changeDirectory("/");
    let path = "/";
    for (const name of directory.split("/").filter((part) => part !== "")) {
      path = posix.join(path, name);
      const expected = lstatSync(`./${name}`, { bigint: true, throwIfNoEntry: false });
      if (expected?.isDirectory() !== true) throw notAsShown(path);
      this.#changeDirectory(`./${name}`);
      const entered = statSync(".", { bigint: true });
      if (entered.dev !== expected.dev || entered.ino !== expected.ino) throw notAsShown(path);
    }
    return ".";
  }
}

/** Of a file in a directory: as `enter`. */
export function reach(access: DirectoryAccess, path: string): string {
  return posix.join(access.enter(posix.dirname(path)), posix.basename(path));
}

function notAsShown(path: string): Error {
  return new Error(`"${path}" ${NOT_AS_SHOWN}`);
}
