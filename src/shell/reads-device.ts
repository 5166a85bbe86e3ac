/**
 * Does a word name a device, or another process's files? Opening those is not just reading:
 * /dev/watchdog restarts the machine, a terminal or a FIFO waits for ever.
 *
 * Judged by names alone, so a symbolic link in the workspace is not seen through; the sandbox and
 * the time limit hold there.
 */
import { posix } from "node:path";
import type { PlainWord } from "./plain-words.ts";

/** Stands for a directory that cannot be known from the script, such as the home directory. */
export const SOMEWHERE = "/?";

/** Whether `word`, as an operand or as the value of an option, may name a device below one of `directories`. */
export function mayNameDevice(word: PlainWord, directories: readonly string[]): boolean {
  if (word.expansion.kind === "tilde") return isDevice(`${SOMEWHERE}${word.text.slice(1)}`);
  if (word.expansion.kind === "glob")
    return mayMatchDevice(word.text, word.expansion.prefix, directories);
  return pathsIn(word.text).some((path) =>
    directories.some((directory) => isDevice(posix.resolve(directory, path))),
  );
}

/** Whether a directory is one of those whose entries are devices or processes. */
export function isDeviceDirectory(directory: string): boolean {
  return isDevice(posix.resolve("/", directory, "entry"));
}

/** `--file=/dev/x` and `-f/dev/x` name a path, too. */
function pathsIn(text: string): readonly string[] {
  const paths = [text];
  if (text.startsWith("-")) paths.push(text.slice(2));
  const equals = text.indexOf("=");
  if (equals !== -1) paths.push(text.slice(equals + 1));
  return paths;
}

/** Whatever the pattern becomes lies below the directory that stands before its first wildcard. */
function mayMatchDevice(pattern: string, prefix: string, directories: readonly string[]): boolean {
  // Unless it climbs out again: `x*/../../dev/tty`, or `.*/dev/tty`, where ".*" matches "..".
  if (
    /\/\.\.(?:\/|$)/u.test(pattern.slice(prefix.length)) ||
    /(?:^|\/)\.[^/]*[*?[][^/]*\//u.test(pattern)
  ) {
    return true;
  }
  return pathsIn(prefix).some((path) =>
    directories.some((directory) => {
      const base = posix.resolve(directory, path.slice(0, path.lastIndexOf("/") + 1));
      return base === "/" || base === "/proc" || isDevice(posix.join(base, "entry"));
    }),
  );
}

const harmless = new Set(["/dev/null", "/dev/stdin"]);

function isDevice(path: string): boolean {
  const normal = posix.normalize(path);
  if (harmless.has(normal)) return false;
  const [first, second, ...rest] = normal.slice(1).split("/");
  if (first === "dev" || first === "sys") return second !== undefined;
  if (first !== "proc" || second === undefined) return false;
  // Facts about the machine, such as /proc/cpuinfo, are plain text; what lies deeper is a process.
  return rest.length > 0 || second === "kmsg" || second === "kcore";
}
