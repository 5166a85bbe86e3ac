/** Why a file that the command line names cannot be used, for people. */

export function describeFileProblem(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  return DESCRIPTIONS.get(code) ?? code;
}

const DESCRIPTIONS = new Map([
  ["ENOENT", "no such file or directory"],
  ["ENOTDIR", "what stands before the last / is not a directory"],
  ["EISDIR", "it is a directory"],
  ["EACCES", "permission denied"],
  ["EROFS", "read-only file system"],
  ["ENOSPC", "no space left on the device"],
]);
