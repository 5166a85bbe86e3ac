/** How our own apply_patch program gets a patch. */
import { rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { PRIVATE_DIRECTORY_MODE, PRIVATE_FILE_MODE } from "../../config/codex-home.ts";
import { makeDirectories } from "../../runtime/make-directories.ts";

/** One word of a command may have 128 KiB on Linux (MAX_ARG_STRLEN, execve(2)). */
const MAX_ARGUMENT_BYTES = 100_000;

/**
 * `words` go before the patch. To be disposed of when the command is over. Errors: those of writing
 * a file in the home.
 */
export function patchCommand(
  program: string,
  words: readonly string[],
  patch: string,
  codexHome: string,
): Disposable & { readonly argv: readonly string[] } {
  if (Buffer.byteLength(patch) <= MAX_ARGUMENT_BYTES) {
    return { argv: [program, ...words, patch], [Symbol.dispose]: () => undefined };
  }
  const directory = join(codexHome, "tmp");
  const file = join(directory, `patch-${randomBytes(8).toString("hex")}`);
  makeDirectories(directory, PRIVATE_DIRECTORY_MODE);
  writeFileSync(file, patch, { mode: PRIVATE_FILE_MODE, flag: "wx" });
  return {
    argv: ["/bin/sh", "-c", 'file=$1; shift; exec "$0" "$@" <"$file"', program, file, ...words],
    [Symbol.dispose]: () => rmSync(file, { force: true }),
  };
}
