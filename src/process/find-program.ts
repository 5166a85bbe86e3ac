/** Where a command's program is, on systems with a PATH as Unix has it. */
import { accessSync, constants, statSync } from "node:fs";

import { candidatePaths } from "../linux-sandbox/exec-program.ts";
import { brand, bytesOf, quoted, type ByteString } from "../runtime/byte-string.ts";

export type FoundProgram =
  | { readonly path: ByteString }
  | { readonly exitCode: 126 | 127; readonly message: string };

/**
 * Looks beforehand where execvp(3) would, because sandbox-exec answers 71 with a text of its own
 * when a program is missing; a shell, and we on Linux, answer 127 or 126. Relative paths are those
 * of `cwd`, or of this process without it.
 */
export function findProgram(
  program: ByteString,
  environment: readonly ByteString[],
  cwd?: ByteString,
): FoundProgram {
  if (program === "") return { exitCode: 127, message: 'Cannot run "": the program name is empty' };
  let refused: ByteString | undefined;
  for (const candidate of candidatePaths(program, environment)) {
    const path =
      cwd === undefined || candidate.startsWith("/") ? candidate : within(cwd, candidate);
    if (isExecutable(path)) return { path };
    if (exists(path)) refused ??= path;
  }
  if (refused === undefined) {
    return { exitCode: 127, message: `Cannot run ${quoted(program)}: not found` };
  }
  return { exitCode: 126, message: `Cannot run ${quoted(program)}: it is not executable` };
}

function within(directory: ByteString, path: ByteString): ByteString {
  return brand(`${directory}/${path}`);
}

function isExecutable(path: ByteString): boolean {
  try {
    accessSync(bytesOf(path), constants.X_OK);
    return statSync(bytesOf(path)).isFile();
  } catch {
    return false;
  }
}

function exists(path: ByteString): boolean {
  try {
    accessSync(bytesOf(path), constants.F_OK);
    return true;
  } catch {
    return false;
  }
}
