/** System errors in the words and numbers people know from other programs. */
import { constants } from "node:os";

/** The C library's words and number for what a node:fs call threw. */
export function describeFsError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, errno } = systemErrorFields(error);
  if (code === "ERR_INVALID_ARG_VALUE") return "the path has a NUL character";
  if (code === undefined || errno === undefined) return error.message;
  return `${WORDS.get(code) ?? code} (os error ${Math.abs(errno)})`;
}

/** As `describeFsError`, for an errno that is ours to report. */
export function strerror(code: "EISDIR" | "ELOOP" | "ENOENT" | "ENOTDIR"): string {
  return `${WORDS.get(code) ?? code} (os error ${constants.errno[code]})`;
}

/** The symbolic errno, for example "ENOENT"; undefined for anything that is no system error. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errno } = systemErrorFields(error);
  return errno === undefined ? undefined : code;
}

function systemErrorFields(error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  return error;
}

const WORDS: ReadonlyMap<string, string> = new Map([
  ["EACCES", "Permission denied"],
  ["EBUSY", "Device or resource busy"],
  ["EEXIST", "File exists"],
  ["EINVAL", "Invalid argument"],
  ["EIO", "Input/output error"],
  ["EISDIR", "Is a directory"],
  ["ELOOP", "Too many levels of symbolic links"],
  ["ENAMETOOLONG", "File name too long"],
  ["ENOENT", "No such file or directory"],
  ["ENOSPC", "No space left on device"],
  ["ENOTDIR", "Not a directory"],
  ["ENXIO", "No such device or address"],
  ["EPERM", "Operation not permitted"],
  ["EROFS", "Read-only file system"],
  ["EXDEV", "Invalid cross-device link"],
]);
