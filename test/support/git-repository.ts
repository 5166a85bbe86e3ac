import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A repository without hooks: there is nothing that a mount could seal. */
export function repositoryIn(directory: string): string {
  mkdirSync(join(directory, ".git/objects"), { recursive: true });
  mkdirSync(join(directory, ".git/refs"));
  writeFileSync(join(directory, ".git/HEAD"), "ref: refs/heads/main\n");
  writeFileSync(join(directory, ".git/config"), "[core]\n");
  return directory;
}
