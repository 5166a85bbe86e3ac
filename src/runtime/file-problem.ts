/** Why a file cannot be used, in words for people. Source: errno(3). */
import { getSystemErrorMessage } from "node:util";

/** Of what a function of node:fs has thrown. Our own words, else those of the system. */
export function describeFileProblem(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error)) return "unknown error";
  const code = String(error.code);
  const errno = "errno" in error && typeof error.errno === "number" ? error.errno : undefined;
  return DESCRIPTIONS.get(code) ?? (errno === undefined ? code : getSystemErrorMessage(errno));
}

const DESCRIPTIONS = new Map([
  ["ENOTDIR", "what stands before the last / is not a directory"],
  ["EEXIST", "something else has this name"],
  ["EISDIR", "it is a directory"],
  ["ELOOP", "too many symbolic links"],
  ["ENAMETOOLONG", "the name is too long"],
  ["ENOSPC", "no space left on the device"],
]);
