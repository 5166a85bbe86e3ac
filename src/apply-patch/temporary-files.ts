/** Names of the files a run needs for a moment, and how a later run knows those of a dead one. */
import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  unlinkSync,
} from "node:fs";
import { posix } from "node:path";
import type { DirectoryAccess } from "./directory-access.ts";
import { errnoOf } from "./system-error.ts";

/**
 * `.codex-apply-patch.<pid>.<start time>.<serial>.<purpose>.<check>`: the check is over all before
 * it, so no name that somebody chose for a file of his own passes for one of these.
 */
const NAME = /^(\.codex-apply-patch\.(\d+)\.(\d+)\.\d+\.(new|old|list))\.([0-9a-f]{16})$/u;
const MAX_LIST_BYTES = 1024 * 1024;

export type TemporaryPurpose =
  /** Content on its way to its place. */
  | "new"
  /** What was in that place, until the run has succeeded. */
  | "old"
  /** The other directories that hold temporary files of the run. */
  | "list";

/** Makes names that no other file has, dead or alive, as far as names can say. */
export class TemporaryNames {
  readonly #owner: string;
  #serial = 0;

  constructor() {
    this.#owner = `${process.pid}.${startTime(process.pid) ?? "0"}`;
  }

  next(directory: string, purpose: TemporaryPurpose): string {
    this.#serial += 1;
    const name = `.codex-apply-patch.${this.#owner}.${this.#serial}.${purpose}`;
    return posix.join(directory, `${name}.${checkOf(name)}`);
  }
}

/** Directories named in it are swept too: for `removeLeftovers` of a later run. */
export function encodeDirectoryList(directories: readonly string[]): string {
  return `${directories.join("\0")}\0`;
}

/**
 * Removes what killed runs left in `directories`, and in those that their lists name.
 * Files of runs that still live stay. Never throws: what cannot be removed stays.
 */
export function removeLeftovers(directories: Iterable<string>): void {
  const pending = [...directories];
  const seen = new Set<string>();
  const lists: string[] = [];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    if (seen.has(directory)) continue;
    seen.add(directory);
    for (const leftover of leftoversIn(directory)) {
      if (leftover.purpose === "list") {
        lists.push(leftover.path);
        pending.push(...readDirectoryList(leftover.path));
      } else removeQuietly(leftover.path);
    }
  }
  // Last, so that a run that is killed in here leaves them to the next one.
  for (const list of lists) removeQuietly(list);
}

/** The same in `directory` only: lists stay, for a run that may go where they say. */
export function removeLeftoversIn(access: DirectoryAccess, directory: string): void {
  let path: string;
  try {
    path = access.enter(directory);
  } catch {
    return; // not there yet, or no longer what it was, which the edits will meet
  }
  for (const { path: file, purpose } of leftoversIn(path)) {
    if (purpose !== "list") removeQuietly(file);
  }
}

export function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or not ours to remove; the next run tries again.
  }
}

interface Leftover {
  readonly path: string;
  readonly purpose: string;
}

function leftoversIn(directory: string): readonly Leftover[] {
  let names: readonly string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const [, named, pid, start, purpose, check] = NAME.exec(name) ?? [];
    if (named === undefined || pid === undefined || purpose === undefined) return [];
    if (check !== checkOf(named) || isAlive(Number(pid), start)) return [];
    return [{ path: posix.join(directory, name), purpose }];
  });
}

/** A list is only as good as its writer: names in it are looked at, never trusted further. */
function readDirectoryList(path: string): readonly string[] {
  try {
    const stats = lstatSync(path);
    if (!stats.isFile() || stats.size > MAX_LIST_BYTES) return [];
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const fd = openSync(path, flags);
    try {
      const listed = readFileSync(fd, "utf8").split("\0").slice(0, -1);
      return listed.filter((directory) => directory.startsWith("/"));
    } finally {
      closeSync(fd);
    }
  } catch {
    return [];
  }
}

function isAlive(pid: number, start: string | undefined): boolean {
  const now = startTime(pid);
  if (now !== undefined) return now === start;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== "ESRCH";
  }
}

/**
 * Clock ticks since boot, which tell a process from a later one of the same id; "dead" for one that
 * nobody has waited for. undefined where /proc does not say. Source: proc_pid_stat(5), 3 and 22.
 */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? "dead" : fields[19];
  } catch {
    return undefined;
  }
}

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

/** FNV-1a, 64 bits, in hexadecimal: against chance, not against malice. */
function checkOf(name: string): string {
  let hash = FNV_OFFSET;
  for (const byte of Buffer.from(name)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME);
  }
  return hash.toString(16).padStart(16, "0");
}
