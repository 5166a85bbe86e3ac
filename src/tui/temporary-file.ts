/** A text in a file, for a program of the user's. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * The file is the user's alone, in a directory of its own; both are removed when `use` is done.
 * Errors: those of node:fs, and of `use`.
 */
export async function withTemporaryFile<Result>(
  { kind, name, text }: { readonly kind: string; readonly name: string; readonly text: string },
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), `codex-${kind}-`));
  try {
    const path = join(directory, name);
    writeFileSync(path, text, { mode: 0o600, flag: "wx" });
    return await use(path);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
