/**
 * Protected places that were not there before a command: nothing of them is put back, but what git
 * would run is taken out, so that a clone or a new repository stays one.
 */
import { posix } from "node:path";

import { brand, bytesOf, type ByteString } from "../runtime/byte-string.ts";
import { keepHarmlessSettings } from "./git-config-lines.ts";
import type { NestedLook } from "./nested-repositories.ts";
import { messageOf, type PlaceChange } from "./place-change.ts";
import { forEachInSpite, HeldDirectory, readTree, splitPath, writeTree } from "./place-tree.ts";

/** A workspace that has become a repository by files of its own: without HEAD it is none. */
export function disband(path: ByteString): readonly PlaceChange[] {
  const facts = { workTrees: () => new Map<string, string>(), isSealed: () => false };
  return cleanNewPlace(brand(`${path}/HEAD`), facts);
}

export type WorkTrees = NestedLook["workTrees"];

export interface RepositoryFacts {
  readonly workTrees: () => WorkTrees;
  readonly isSealed: (path: string) => boolean;
}

/** Hooks and settings of a repository that the command made itself. */
export function cleanNewPlace(path: ByteString, facts: RepositoryFacts): readonly PlaceChange[] {
  const { parent, name } = splitPath(path);
  using held = HeldDirectory.openForRepair(parent);
  if (held === undefined) return [];
  try {
    if (name === "hooks") return removeHooks(path, held, name);
    if (name === "config" || name === "config.worktree") {
      return cleanConfig(path, held, name, (target) => {
        const workTree = facts.workTrees().get(parent);
        return workTree !== undefined && posix.resolve(parent, target) === workTree;
      });
    }
    if (held.kindOf(name) === undefined) return [];
    const repository = posix.resolve(parent, "../..");
    const isGuarded = facts.isSealed(`${repository}/config`);
    if (name === "commondir" && isGuarded && staysInRepository(held, name)) return [];
  } catch {
    // What cannot be looked at is no work of git's.
  }
  try {
    held.remove(name);
    return [{ path, what: "created", undone: true }];
  } catch (error) {
    return [{ path, what: "created", undone: false, detail: messageOf(error) }];
  }
}

/**
 * What `git worktree add` writes: the repository is two directories above. There must be one, or
 * anything of the project that is called "config" would be git's settings.
 */
function staysInRepository(parent: HeldDirectory, name: ByteString): boolean {
  const entry = readTree(parent, name).get(brand(""));
  return entry?.kind === "file" && entry.content.toString("latin1").trim() === "../..";
}

/** git's templates end in ".sample" and are never run. */
function removeHooks(
  path: ByteString,
  parent: HeldDirectory,
  name: ByteString,
): readonly PlaceChange[] {
  const kind = parent.kindOf(name);
  if (kind === undefined) return [];
  if (kind !== "directory") {
    parent.remove(name);
    return [{ path, what: "created", undone: true }];
  }
  using hooks = parent.enter(name);
  const active = hooks?.names().filter((hook) => !hook.endsWith(".sample")) ?? [];
  forEachInSpite(active, (hook) => hooks?.remove(hook));
  return active.map((hook) => ({ path: brand(`${path}/${hook}`), what: "created", undone: true }));
}

/** `isItsWorkTree`: whether a value of core.worktree names the one that points to this repository. */
function cleanConfig(
  path: ByteString,
  parent: HeldDirectory,
  name: ByteString,
  isItsWorkTree: (value: string) => boolean,
): readonly PlaceChange[] {
  const tree = readTree(parent, name);
  const entry = tree.get(brand(""));
  if (entry === undefined) return [];
  if (entry.kind !== "file") {
    parent.remove(name);
    return [{ path, what: "created", undone: true }];
  }
  const { kept, removed } = keepHarmlessSettings(entry.content.toString("latin1"), isItsWorkTree);
  if (removed.length === 0) return [];
  writeTree(parent, name, new Map([[brand(""), { ...entry, content: bytesOf(brand(kept)) }]]));
  return [{ path, what: "changed", undone: true, detail: `removed: ${removed.join("; ")}` }];
}
