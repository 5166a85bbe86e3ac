/** Single steps on the disk that can all be taken back. */
import {
  type BigIntStats,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { posix } from "node:path";
import { type DirectoryAccess, reach } from "./directory-access.ts";
import { type FileAttributes, type FileIdentity, identityOf, sameIdentity } from "./file-view.ts";
import { PatchError } from "./patch-error.ts";
import type { PlannedDirectory, PlannedRemoval, PlannedWrite } from "./plan-edits.ts";
import type { PathInPatch } from "./staged-files.ts";
import { describeFsError, errnoOf } from "./system-error.ts";
import { encodeDirectoryList, removeQuietly, TemporaryNames } from "./temporary-files.ts";

/** A planned write whose content lies complete beside its place. */
export interface PreparedWrite {
  readonly write: PlannedWrite;
  readonly temporaryPath: string;
}

/** The reverse of one step. `realPath` names what is not as it was when `run` fails. */
interface UndoStep {
  readonly realPath: string;
  readonly run: () => void;
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const CHANGED = "it changed while the patch was being applied";

/** Steps throw PatchError and have then changed nothing. The caller ends with `removeTemporaryFiles`. */
export class Transaction {
  readonly #names = new TemporaryNames();
  readonly #temporaryPaths: string[] = [];
  readonly #undoSteps: UndoStep[] = [];
  readonly #keepsBackups: boolean;
  readonly #access: DirectoryAccess;

  /** `keepsBackups` false: there is one step, which either happens or not. */
  constructor(keepsBackups: boolean, access: DirectoryAccess) {
    this.#keepsBackups = keepsBackups;
    this.#access = access;
  }

  /** Leaves word in `cwd` where temporary files will be. Without it (not writable) we go on. */
  announce(cwd: string, directories: readonly string[]): void {
    if (directories.length === 0) return;
    const path = this.#temporaryPath(cwd, "list");
    try {
      const fd = openSync(this.#at(path), NEW_FILE, 0o600);
      try {
        writeFileSync(fd, encodeDirectoryList(directories));
      } finally {
        closeSync(fd);
      }
    } catch {
      this.#discard(path);
    }
  }

  /** One directory whose parent exists; mkdir's recursive form can hang below /proc. */
  createDirectory(directory: PlannedDirectory): void {
    const { realPath } = directory;
    step("create-directories", directory, () => {
      try {
        mkdirSync(this.#at(realPath));
      } catch (error) {
        if (errnoOf(error) === "EEXIST" && lstatSync(this.#at(realPath)).isDirectory()) return;
        throw error;
      }
      this.#undoSteps.push({ realPath, run: () => rmdirSync(this.#at(realPath)) });
    });
  }

  /** Writes the content beside its place. Refuses where the file itself may not be written. */
  prepare(write: PlannedWrite): PreparedWrite {
    const temporaryPath = this.#temporaryPath(posix.dirname(write.realPath), "new");
    const { attributes, content, realPath, replaces } = write;
    step("write", write, () => {
      mustBeAs(this.#at(realPath), replaces);
      if (attributes !== undefined && replaces !== undefined) mustBeWritable(this.#at(realPath));
      // Undone like the rest, so that a new directory is empty when its turn comes.
      this.#undoSteps.push({ realPath: temporaryPath, run: () => this.#discard(temporaryPath) });
      const mode = attributes === undefined ? 0o666 : 0o600;
      const fd = openSync(this.#at(temporaryPath), NEW_FILE, mode);
      try {
        writeFileSync(fd, content);
        if (attributes !== undefined) giveAttributes(fd, attributes);
      } finally {
        closeSync(fd);
      }
    });
    return { write, temporaryPath };
  }

  /** The moment the new content is there. */
  replace({ write, temporaryPath }: PreparedWrite): void {
    const { realPath, replaces } = write;
    step("write", write, () => {
      mustBeAs(this.#at(realPath), replaces);
      const backup = replaces === undefined ? undefined : this.#backUp(realPath);
      this.#rename(temporaryPath, realPath);
      const run = (): void => {
        if (backup === undefined) unlinkSync(this.#at(realPath));
        else this.#rename(backup, realPath);
      };
      if (replaces === undefined || backup !== undefined) this.#undoSteps.push({ realPath, run });
    });
  }

  remove(removal: PlannedRemoval): void {
    const { realPath } = removal;
    step("delete", removal, () => {
      mustBeAs(this.#at(realPath), removal.identity);
      const backup = this.#temporaryPath(posix.dirname(realPath), "old");
      this.#rename(realPath, backup);
      this.#undoSteps.push({ realPath, run: () => this.#rename(backup, realPath) });
    });
  }

  /** Takes every step back, the last one first. Throws PatchError "not-undone" if one stays. */
  undo(cause: unknown): void {
    const left: string[] = [];
    for (const { realPath, run } of this.#undoSteps.toReversed()) {
      try {
        run();
      } catch {
        left.push(realPath);
      }
    }
    if (left.length === 0) return;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new PatchError({ kind: "not-undone", cause: message, left }, { cause });
  }

  removeTemporaryFiles(): void {
    // The list is the first of them and must be the last to go.
    for (const path of this.#temporaryPaths.toReversed()) this.#discard(path);
  }

  #at(path: string): string {
    return reach(this.#access, path);
  }

  /** From one name to another in the same directory. */
  #rename(from: string, to: string): void {
    const directory = this.#access.enter(posix.dirname(from));
    renameSync(
      posix.join(directory, posix.basename(from)),
      posix.join(directory, posix.basename(to)),
    );
  }

  #discard(path: string): void {
    try {
      removeQuietly(this.#at(path));
    } catch {
      // What is on the way to it now is not ours.
    }
  }

  #temporaryPath(directory: string, purpose: "new" | "old" | "list"): string {
    const path = this.#names.next(directory, purpose);
    this.#temporaryPaths.push(path);
    return path;
  }

  /** A second name of the same file costs nothing; where there are no hard links, a copy. */
  #backUp(realPath: string): string | undefined {
    if (!this.#keepsBackups) return undefined;
    const backup = this.#temporaryPath(posix.dirname(realPath), "old");
    const directory = this.#access.enter(posix.dirname(realPath));
    const from = posix.join(directory, posix.basename(realPath));
    const to = posix.join(directory, posix.basename(backup));
    try {
      linkSync(from, to);
    } catch {
      copyFileSync(from, to, constants.COPYFILE_EXCL);
    }
    return backup;
  }
}

/** Owner and group as far as we may set them; a new owner must not keep others out, so mode last. */
function giveAttributes(fd: number, attributes: FileAttributes): void {
  const { uid, gid } = fstatSync(fd);
  if (uid !== attributes.uid || gid !== attributes.gid) {
    try {
      fchownSync(fd, attributes.uid, attributes.gid);
    } catch (error) {
      if (errnoOf(error) !== "EPERM") throw error;
    }
  }
  fchmodSync(fd, attributes.mode);
}

/** Replacing needs no right to the file itself, but changing it does. Nothing is written here. */
function mustBeWritable(path: string): void {
  const flags = constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    closeSync(openSync(path, flags));
  } catch (error) {
    if (errnoOf(error) !== "ETXTBSY") throw error; // A running program can be replaced.
  }
}

/** Nobody else may have been there since the patch was planned. */
function mustBeAs(path: string, planned: FileIdentity | undefined): void {
  const found = identityAt(path);
  if (found === undefined && planned === undefined) return;
  if (found === undefined || planned === undefined) throw new Error(CHANGED);
  if (!sameIdentity(found, planned)) throw new Error(CHANGED);
}

function identityAt(path: string): FileIdentity | undefined {
  const stats: BigIntStats | undefined = lstatSync(path, {
    bigint: true,
    throwIfNoEntry: false,
  });
  return stats === undefined ? undefined : identityOf(stats);
}

function step(
  kind: "create-directories" | "delete" | "write",
  at: PathInPatch,
  action: () => void,
): void {
  try {
    action();
  } catch (error) {
    const { path, patchLine } = at;
    const reason = describeFsError(error);
    throw new PatchError({ kind, path, patchLine, reason }, { cause: error });
  }
}
