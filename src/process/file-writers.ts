/**
 * Who else has a file open. The kernel keeps this list: nobody can leave an entry behind, however it
 * ends, which a lock file cannot promise.
 * Source: proc_pid_fd(5), proc_pid_fdinfo(5); lsof(8) of macOS, which shows no /proc.
 */
import {
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
} from "node:fs";
import { basename } from "node:path";

import { runNow } from "./spawn.ts";

/**
 * The id of another process that has the file open for writing. Undefined when there is none, or
 * nobody tells: on Windows, and of processes of other users and containers.
 * Errors: those of stat(2) for the path.
 */
export function findOtherWriter(path: string): number | undefined {
  if (process.platform === "win32") return undefined;
  return process.platform === "linux" ? findInProc(path) : findWithLsof(path);
}

/** Exported for tests, which run it on Linux too. */
export function findWithLsof(path: string): number | undefined {
  const program = ["/usr/sbin/lsof", "/usr/bin/lsof"].find((each) => existsSync(each));
  if (program === undefined) return undefined;
  const text = runNow(program, ["-w", "-F", "pa", "--", path], { LC_ALL: "C" });
  return parseLsof(text ?? "").find((pid) => pid !== process.pid);
}

/** `pPID`, then for each of its descriptors `fNUMBER` and `aMODE`, every one on a line. */
export function parseLsof(text: string): readonly number[] {
  const writers = new Set<number>();
  let pid = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith("p")) pid = Number(line.slice(1));
    else if ((line === "aw" || line === "au") && pid > 0) writers.add(pid);
  }
  return [...writers];
}

function findInProc(path: string): number | undefined {
  const file = statSync(path);
  // The kernel shows its own name, whatever links lead to it; of several, any.
  const ending = file.nlink > 1 ? "" : `/${basename(realpathSync(path))}`;
  for (const name of namesIn("/proc")) {
    if (!/^[0-9]+$/u.test(name) || Number(name) === process.pid) continue;
    for (const descriptor of namesIn(`/proc/${name}/fd`)) {
      try {
        // The name first: asking for the file itself may hang where a network disk is gone.
        const link = `/proc/${name}/fd/${descriptor}`;
        if (!readlinkSync(link).endsWith(ending)) continue;
        const { dev, ino } = statSync(link);
        if (dev !== file.dev || ino !== file.ino) continue;
        if (isForWriting(readFileSync(`/proc/${name}/fdinfo/${descriptor}`, "latin1"))) {
          return Number(name);
        }
      } catch {
        // Closed meanwhile.
      }
    }
  }
  return undefined;
}

function isForWriting(info: string): boolean {
  const flags = Number.parseInt(/^flags:\s*([0-7]+)$/mu.exec(info)?.[1] ?? "0", 8);
  return (flags & (constants.O_WRONLY | constants.O_RDWR)) !== 0;
}

/** None of a process that has ended, or is somebody else's. */
function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
