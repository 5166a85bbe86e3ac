/** A directory of a test's own, canonical, removed when the test ends. */
import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

export function tempDir(t: Pick<TestContext, "after">, parent: string = tmpdir()): string {
  const directory = makeTempDir(parent);
  t.after(() => removeDir(directory));
  return directory;
}

/**
 * One that neither /tmp nor TMPDIR grants. In /var/tmp, or where a sandbox around the tests does not
 * allow that, beside the build's output.
 */
export function tempDirBesideTmp(t: Pick<TestContext, "after">): string {
  try {
    return tempDir(t, "/var/tmp");
  } catch {
    return tempDir(t, join(import.meta.dirname, "../../dist"));
  }
}

/** For what a whole file of tests shares; remove it with removeDir. */
export function makeTempDir(parent: string = tmpdir()): string {
  const directory = realpathSync(mkdtempSync(join(parent, "codex-test-")));
  chmodSync(directory, 0o755); // other users enter it in tests that change the user
  return directory;
}

export function removeDir(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}
