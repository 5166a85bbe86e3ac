/** Directories outside of the writable roots that patches may write in, for the session, as the user has allowed. */
import { dirname } from "node:path";
import { isWithin } from "../protocol/writable-roots.ts";

/** Granting a directory says nothing about what configures this program in it. */
const OWN_SETTINGS = /\/\.codex(?:\/|$)/iu;

/** `path` and `roots` are canonical. */
export function isGranted(path: string, roots: readonly string[]): boolean {
  return roots.some(
    (root) => isWithin(path, root) && !OWN_SETTINGS.test(path.slice(root.length).normalize("NFKC")),
  );
}

export interface GrantFacts {
  /** Of the patch, canonical. */
  readonly targets: readonly string[];
  readonly writableRoots: readonly string[];
  readonly cwd: string;
  readonly codexHome: string;
}

/**
 * The directory that may be granted with a patch: the one in which everything lies that it writes
 * outside of the roots. Undefined when that is more than one, or so much that nobody means it: a
 * directory above the workspace or above our own settings.
 */
export function grantableRoot({
  targets,
  writableRoots,
  cwd,
  codexHome,
}: GrantFacts): string | undefined {
  const outside = targets.filter((path) => !writableRoots.some((root) => isWithin(path, root)));
  const [directory, ...others] = new Set(outside.map((path) => dirname(path)));
  if (directory === undefined || others.length > 0) return undefined;
  const isAbove = directory !== cwd && isWithin(cwd, directory);
  if (isAbove || isWithin(codexHome, directory) || OWN_SETTINGS.test(directory)) return undefined;
  return directory;
}
