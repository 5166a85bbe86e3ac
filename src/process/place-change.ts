/** What a command did to protected places, and what became of it. */
import { isWithin } from "../protocol/writable-roots.ts";
import { brand, type ByteString } from "../runtime/byte-string.ts";
import { splitPath } from "./place-tree.ts";

/** A change to a protected place. `undone` false: it stands, and must be told. */
export interface PlaceChange {
  readonly path: ByteString;
  readonly what: "changed" | "created" | "removed";
  readonly undone: boolean;
  /** Why it stands, or which settings were taken out. */
  readonly detail?: string;
  /** Its directory is gone, or something else stands in the place of that. */
  readonly isDirectoryGone?: true;
}

/**
 * A repository that is gone has taken hooks and settings along, and those of its submodules: that is
 * one change, not several. So is what the command put in its place, such as a pointer to another.
 */
export function tellRepositoriesOnce(changes: readonly PlaceChange[]): readonly PlaceChange[] {
  const lost = changes.filter(({ isDirectoryGone }) => isDirectoryGone === true);
  const has = (path: string): boolean => lost.some((each) => each.path === path);
  const repositories = lost
    .map(({ path }) => splitPath(path).parent)
    .filter((parent) => has(`${parent}/hooks`) && has(`${parent}/config`));
  const gone = [...new Set(repositories)].filter(
    (path) => !repositories.some((other) => other !== path && isWithin(path, other)),
  );
  const isPart = ({ path, isDirectoryGone }: PlaceChange, repository: string): boolean =>
    path === repository || (isDirectoryGone === true && isWithin(path, repository));
  return [
    ...gone.map((path) => goneRepository(brand(path), changes)),
    ...changes.filter((change) => !gone.some((path) => isPart(change, path))),
  ];
}

function goneRepository(path: ByteString, changes: readonly PlaceChange[]): PlaceChange {
  const successor = changes.find((change) => change.path === path);
  const detail = "the repository is gone, with its hooks and settings";
  if (successor === undefined) return { path, what: "removed", undone: false, detail };
  const fate = successor.undone
    ? "what was put in its place was removed"
    : `what was put in its place stays: ${successor.detail ?? "unknown error"}`;
  return { path, what: "changed", undone: false, detail: `${detail}; ${fate}` };
}

/** For `detail`. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
