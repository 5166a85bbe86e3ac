/**
 * Where protected places cannot be sealed: records them before a command, and puts back afterwards
 * what it changed. Also for what does not exist yet, which no mount can seal.
 */
import {
  findProtectedPlaces,
  workspaceDirectories,
  type DiskFacts,
  type ProtectedPlaces,
} from "../protocol/protected-places.ts";
import { policyWithBytePaths } from "../linux-sandbox/arguments.ts";
import { diskOfBytes } from "../linux-sandbox/seal-places.ts";
import type { SandboxPolicy } from "../protocol/sandbox-policy.ts";
import { resolveWritableRoots } from "../protocol/writable-roots.ts";
import { brand, bytesOf, byteStringFromText, type ByteString } from "../runtime/byte-string.ts";
import { differOnlyHarmlessly, keepHarmlessSettings } from "./git-config-lines.ts";
import { HeldDirectory, readTree, sameEntry, writeTree, type Tree } from "./place-tree.ts";

/** A change to a protected place. `undone` false: it stands, and must be told. */
export interface PlaceChange {
  readonly path: ByteString;
  readonly what: "changed" | "created" | "removed";
  readonly undone: boolean;
  /** Why it stands, or which settings were taken out. */
  readonly detail?: string;
}

export interface GuardInput {
  /** From workspaceDirectories, byte strings. */
  readonly directories: readonly string[];
  readonly codexHome: ByteString | undefined;
  readonly disk: DiskFacts;
}

/** The command that may change them, in text but for its environment. */
export interface GuardedCommand {
  readonly policy: SandboxPolicy;
  readonly policyCwd: string;
  readonly environment: readonly ByteString[];
  readonly codexHome: string | undefined;
}

/** A guard over everything such a command could write to; undefined when it may write nowhere. */
export function guardWritablePlaces(command: GuardedCommand): PlaceGuard | undefined {
  const { codexHome } = command;
  return guardBytePlaces({
    policy: policyWithBytePaths(command.policy),
    policyCwd: byteStringFromText(command.policyCwd),
    environment: command.environment,
    codexHome: codexHome === undefined ? undefined : byteStringFromText(codexHome),
  });
}

/** The same, with all paths as byte strings. */
export function guardBytePlaces(command: {
  readonly policy: SandboxPolicy;
  readonly policyCwd: ByteString;
  readonly environment: readonly ByteString[];
  readonly codexHome: ByteString | undefined;
}): PlaceGuard | undefined {
  if (command.policy.mode !== "workspace-write") return undefined;
  const valueOf = (name: string): string | undefined =>
    command.environment.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  const writable = resolveWritableRoots(command.policy, {
    cwd: command.policyCwd,
    tmpdir: valueOf("TMPDIR"),
    home: valueOf("HOME"),
    realpath: diskOfBytes.realpath,
    readlink: diskOfBytes.readlink,
  });
  return new PlaceGuard({
    directories: workspaceDirectories(writable),
    codexHome: command.codexHome,
    disk: diskOfBytes,
  });
}

/** Whether a mount namespace, where one can be had, would leave anything for a guard to do. */
export function isFullySealable({ sealed, unborn, pointers }: ProtectedPlaces): boolean {
  if (unborn.length > 0 || pointers.length > 0) return false;
  return sealed.every(({ kind }) => kind === "directory" || kind === "file");
}

export class PlaceGuard {
  readonly #input: GuardInput;
  readonly #before = new Map<string, Tree | undefined>();
  #placesBefore: ProtectedPlaces;

  constructor(input: GuardInput) {
    this.#input = input;
    this.#placesBefore = this.record();
  }

  /** Reads every protected place. A tree too large to keep is remembered as such. */
  record(): ProtectedPlaces {
    this.#before.clear();
    this.#placesBefore = this.#find();
    const { sealed, pointers } = this.#placesBefore;
    for (const path of [...sealed.map((place) => place.path), ...pointers]) {
      this.#before.set(path, this.#read(path));
    }
    return this.#placesBefore;
  }

  /** As they are at this moment. */
  get places(): ProtectedPlaces {
    return this.#find();
  }

  /** Compares, puts back, and says what it did. Everything the command started should have ended. */
  putBack(): readonly PlaceChange[] {
    const found = this.#find();
    const newlyBare = found.bare.filter((path) => !this.#placesBefore.bare.includes(path));
    const disbanded = newlyBare.flatMap((path) => disband(brand(path)));
    const after = newlyBare.length === 0 ? found : this.#find();
    const sealed = [...this.#placesBefore.sealed, ...after.sealed].map(({ path }) => path);
    // A worktree that is gone has taken its pointer along, which is nothing to undo.
    const paths = new Set([...sealed, ...after.pointers]);
    return [...disbanded, ...[...paths].flatMap((path) => this.#restore(brand(path)))];
  }

  /**
   * The same when the command is over and others may have been at work, such as the user with git
   * in another terminal: settings that cannot run anything are taken over.
   */
  putBackLate(): readonly PlaceChange[] {
    for (const [path, before] of this.#before) {
      const after = path.endsWith("/config") && before !== undefined ? this.#read(path) : undefined;
      const [old, now] = [before?.get(brand("")), after?.get(brand(""))];
      if (old?.kind !== "file" || now?.kind !== "file" || old.mode !== now.mode) continue;
      if (differOnlyHarmlessly(old.content.toString("latin1"), now.content.toString("latin1"))) {
        this.#before.set(path, after);
      }
    }
    return this.putBack();
  }

  #find(): ProtectedPlaces {
    const { directories, codexHome, disk } = this.#input;
    return findProtectedPlaces(directories, codexHome, disk);
  }

  #read(path: string): Tree | undefined {
    const { parent, name } = splitPath(path);
    using held = HeldDirectory.open(parent);
    if (held === undefined) return new Map();
    try {
      return readTree(held, name, this.#ignoredIn(path));
    } catch {
      return undefined;
    }
  }

  #ignoredIn(path: string): ReadonlySet<string> | undefined {
    return path === this.#input.codexHome ? ownWritings : undefined;
  }

  #restore(path: ByteString): readonly PlaceChange[] {
    const recorded = this.#before.has(path);
    const before = this.#before.get(path);
    const after = this.#read(path);
    if (recorded && before !== undefined && after !== undefined && sameTree(before, after))
      return [];
    if (!recorded) return cleanNewPlace(path);
    const what = whatHappened(before, after);
    if (before === undefined) {
      return after === undefined
        ? []
        : [{ path, what, undone: false, detail: "it was too large to record" }];
    }
    const { parent, name } = splitPath(path);
    using held = HeldDirectory.openForRepair(parent);
    // With its directory gone or a link, nothing at this path can be run; a link is told about.
    if (held === undefined) {
      return before.size === 0
        ? []
        : [{ path, what, undone: false, detail: "its directory is gone" }];
    }
    try {
      if (before.size === 0) held.remove(name);
      else writeTree(held, name, before, this.#ignoredIn(path));
      return [{ path, what, undone: true }];
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return [{ path, what, undone: false, detail }];
    }
  }
}

/** Written by this program itself while a command runs. */
const ownWritings: ReadonlySet<string> = new Set(["sessions", "log", "history.jsonl"]);

/** A workspace that has become a repository by files of its own: without HEAD it is none. */
function disband(path: ByteString): readonly PlaceChange[] {
  return cleanNewPlace(brand(`${path}/HEAD`));
}

/** Hooks and settings of a repository that the command made itself. */
function cleanNewPlace(path: ByteString): readonly PlaceChange[] {
  const { parent, name } = splitPath(path);
  using held = HeldDirectory.openForRepair(parent);
  if (held === undefined) return [];
  try {
    if (name === "hooks") return removeHooks(path, held, name);
    if (name === "config" || name === "config.worktree") return cleanConfig(path, held, name);
    if (held.kindOf(name) === undefined) return [];
    if (name === "commondir" && staysInRepository(held, name)) return [];
  } catch {
    // What cannot be looked at is no work of git's.
  }
  try {
    held.remove(name);
    return [{ path, what: "created", undone: true }];
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return [{ path, what: "created", undone: false, detail }];
  }
}

/** What `git worktree add` writes: the repository is two directories above. */
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
  for (const hook of active) hooks?.remove(hook);
  return active.map((hook) => ({ path: brand(`${path}/${hook}`), what: "created", undone: true }));
}

function cleanConfig(
  path: ByteString,
  parent: HeldDirectory,
  name: ByteString,
): readonly PlaceChange[] {
  const tree = readTree(parent, name);
  const entry = tree.get(brand(""));
  if (entry === undefined) return [];
  if (entry.kind !== "file") {
    parent.remove(name);
    return [{ path, what: "created", undone: true }];
  }
  const { kept, removed } = keepHarmlessSettings(entry.content.toString("latin1"));
  if (removed.length === 0) return [];
  writeTree(parent, name, new Map([[brand(""), { ...entry, content: bytesOf(brand(kept)) }]]));
  return [{ path, what: "changed", undone: true, detail: `removed: ${removed.join("; ")}` }];
}

function whatHappened(before: Tree | undefined, after: Tree | undefined): PlaceChange["what"] {
  if (before?.size === 0) return "created";
  return after?.size === 0 ? "removed" : "changed";
}

function sameTree(before: Tree, after: Tree): boolean {
  if (before.size !== after.size) return false;
  return [...before].every(([path, entry]) => sameEntry(entry, after.get(path)));
}

function splitPath(path: string): { readonly parent: ByteString; readonly name: ByteString } {
  const end = path.lastIndexOf("/");
  return { parent: brand(path.slice(0, end)), name: brand(path.slice(end + 1)) };
}
