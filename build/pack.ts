/**
 * `node build/pack.ts [executable system]`: dist/codex → dist/codex-SYSTEM.tar.xz, in which the
 * program is called codex, and dist/codex-SYSTEM.tar.xz.sha256, as sha256sum(1) checks it.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const root = dirname(import.meta.dirname);
const [executable = join(root, "dist/codex"), system = `${process.platform}-${process.arch}`] =
  process.argv.slice(2);
const archiveName = `codex-${system}.tar.xz`;
const archive = join(root, "dist", archiveName);

const directory = mkdtempSync(join(tmpdir(), "codex-pack-"));
try {
  copyFileSync(executable, join(directory, "codex"));
  chmodSync(join(directory, "codex"), 0o755);
  for (const name of ["LICENSE", "README.md"])
    copyFileSync(join(root, name), join(directory, name));
  // Both GNU's and a Mac's tar know these flags.
  execFileSync("tar", ["-cJf", archive, "-C", directory, "codex", "LICENSE", "README.md"]);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
const sum = createHash("sha256").update(readFileSync(archive)).digest("hex");
writeFileSync(`${archive}.sha256`, `${sum}  ${archiveName}\n`);
console.log(`pack: dist/${archiveName}, SHA-256 ${sum}`);
