/**
 * Where protected places cannot be sealed: records them before a command, and puts back afterwards
 * what it changed. Also for what does not exist yet, which no mount can seal.
 */
import {
  findProtectedPlaces,
  MAX_PLACES,
  workspaceDirectories,
  type DiskFacts,
  type ProtectedPlaces,
} from "../protocol/protected-places.ts";
import { policyWithBytePaths } from "../protocol/byte-path-policy.ts";
import { diskOfBytes } from "../linux-sandbox/seal-places.ts";
import type { SandboxPolicy } from "../protocol/sandbox-policy.ts";
import { isWithin, resolveWritableRoots } from "../protocol/writable-roots.ts";
import { brand, byteStringFromText, type ByteString } from "../runtime/byte-string.ts";
import { recordWith, type ApprovedFile } from "./approved-files.ts";
import { differOnlyHarmlessly } from "./git-config-lines.ts";
import {
  ignoredBelow,
  lookBelow,
  nothingBelow,
  readNestedPlace,
  type NestedLook,
} from "./nested-repositories.ts";
import { cleanNewPlace, disband, type WorkTrees } from "./new-place.ts";
import { messageOf, type PlaceChange, tellRepositoriesOnce } from "./place-change.ts";
import { HeldDirectory, readPlace, sameEntry, splitPath, writeTree } from "./place-tree.ts";
import type { Ignored, Tree } from "./place-tree.ts";

export interface GuardInput {
  /** From workspaceDirectories, byte strings. */
  readonly directories: readonly string[];
  /** Those in which repositories are looked for that no index names. */
  readonly searched?: readonly string[];
  /** Whether no command nor anything it left behind is running. */
  readonly isQuiet?: () => boolean;
  readonly codexHome: ByteString | undefined;
  readonly disk: DiskFacts;
}

/** All that a guard needs to put back, in a form that can be handed on. */
export interface GuardRecord {
  readonly directories: readonly ByteString[];
  readonly searched: readonly ByteString[];
  readonly codexHome: ByteString | undefined;
  /** Paths of what was looked for, as in ProtectedPlaces. */
  readonly sealed: readonly ByteString[];
  readonly included: readonly ByteString[];
  readonly bare: readonly ByteString[];
  /** Undefined: too large to keep. */
  readonly before: ReadonlyMap<ByteString, Tree | undefined>;
  /** As in NestedLook. */
  readonly nestedPlaces: ReadonlyMap<ByteString, Tree | undefined>;
  readonly nestedUnread: ReadonlySet<ByteString>;
}

/** The command that may change them, in text but for its environment. */
export interface GuardedCommand {
  readonly policy: SandboxPolicy;
  readonly policyCwd: string;
  readonly environment: readonly ByteString[];
  readonly codexHome: string | undefined;
  readonly isQuiet: () => boolean;
}

/** A guard over everything such a command could write to; undefined when it may write nowhere. */
export function guardWritablePlaces(command: GuardedCommand): PlaceGuard | undefined {
  const { codexHome } = command;
  return guardBytePlaces({
    policy: policyWithBytePaths(command.policy),
    policyCwd: byteStringFromText(command.policyCwd),
    environment: command.environment,
    isQuiet: command.isQuiet,
    codexHome: codexHome === undefined ? undefined : byteStringFromText(codexHome),
  });
}

/** The same, with all paths as byte strings. */
export function guardBytePlaces(command: {
  readonly policy: SandboxPolicy;
  readonly policyCwd: ByteString;
  readonly environment: readonly ByteString[];
  readonly codexHome: ByteString | undefined;
  readonly isQuiet?: () => boolean;
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
  const directories = workspaceDirectories(writable);
  const chosen = writable.roots
    .map(({ path, origin }) => ({ real: path, origin }))
    .concat(writable.skipped.flatMap(({ real, origin }) => (real ? [{ real, origin }] : [])))
    .flatMap(({ real, origin }) => (origin === "/tmp" || origin === "TMPDIR" ? [] : [real]));
  return new PlaceGuard({
    directories,
    ...(command.isQuiet === undefined ? {} : { isQuiet: command.isQuiet }),
    searched: directories.filter((directory) => chosen.includes(directory)),
    codexHome: command.codexHome,
    disk: diskOfBytes,
  });
}

export class PlaceGuard {
  readonly #input: GuardInput;
  readonly #before = new Map<string, Tree | undefined>();
  #placesBefore: ProtectedPlaces;
  #nestedBefore: NestedLook = nothingBelow;
  /** Of the last look: hooks and settings that are put back or cleaned. */
  #sealed = new Set<string>();
  #revision = 0;

  /** With what another has recorded, or else with what is there now. */
  constructor(input: GuardInput, recorded?: GuardRecord) {
    this.#input = input;
    if (recorded === undefined) {
      this.#placesBefore = this.record();
      return;
    }
    const { sealed, included, bare, before, nestedPlaces, nestedUnread } = recorded;
    this.#placesBefore = {
      sealed: sealed.map((path) => ({ path, kind: undefined })),
      included,
      bare,
      pinned: [],
      unborn: [],
      pointers: [],
    };
    for (const [path, tree] of before) this.#before.set(path, tree);
    this.#nestedBefore = { ...nothingBelow, places: nestedPlaces, unread: nestedUnread };
  }

  /** The guard of a program that has ended: it knows what that one knew. */
  static ofRecord(recorded: GuardRecord): PlaceGuard {
    const { directories, searched, codexHome } = recorded;
    return new PlaceGuard({ directories, searched, codexHome, disk: diskOfBytes }, recorded);
  }

  get recorded(): GuardRecord {
    const { directories, searched = [], codexHome } = this.#input;
    const { sealed, included, bare } = this.#placesBefore;
    const branded = (paths: readonly string[]): readonly ByteString[] => paths.map(brand);
    return {
      directories: branded(directories),
      searched: branded(searched),
      codexHome,
      sealed: sealed.map(({ path }) => brand(path)),
      included: branded(included),
      bare: branded(bare),
      before: new Map([...this.#before].map(([path, tree]) => [brand(path), tree])),
      nestedPlaces: this.#nestedBefore.places,
      nestedUnread: this.#nestedBefore.unread,
    };
  }

  /** Another number whenever what it has recorded may be another than before. */
  get revision(): number {
    return this.#revision;
  }

  /** Reads every protected place. A tree too large to keep is remembered as such. */
  record(): ProtectedPlaces {
    this.#revision += 1;
    this.#before.clear();
    this.#placesBefore = this.#find();
    const { sealed, pointers, included } = this.#placesBefore;
    for (const path of [...sealed.map((place) => place.path), ...pointers, ...included]) {
      this.#before.set(path, this.#read(path));
    }
    this.#nestedBefore = this.#lookBelow();
    return this.#placesBefore;
  }

  /**
   * Takes over what an older guard has recorded. What that one had looked for and not found has
   * come up since, and is no record; but a file that settings include is older than its inclusion,
   * which may be the user's doing.
   */
  trust(older: PlaceGuard): void {
    this.#revision += 1;
    const sawAll = older.#placesBefore.sealed.length < MAX_PLACES;
    const sealed = new Set(this.#placesBefore.sealed.map(({ path }) => path));
    const own = new Set(this.#placesBefore.included.filter((path) => !sealed.has(path)));
    for (const path of this.#before.keys()) {
      if (older.#before.has(path)) this.#before.set(path, older.#before.get(path));
      else if (sawAll && !own.has(path) && older.#looksIn(this.#directoryOf(path)))
        this.#before.delete(path);
    }
    const places = new Map(this.#nestedBefore.places);
    for (const path of places.keys()) {
      if (older.#nestedBefore.places.has(path)) {
        places.set(path, older.#nestedBefore.places.get(path));
      }
    }
    this.#nestedBefore = { ...this.#nestedBefore, places };
  }

  /** The user has approved these files and they are written: in the records they replace what was there. */
  accept(files: readonly ApprovedFile[]): void {
    this.#revision += 1;
    const { sealed, pointers } = this.#find();
    const top = new Set([...this.#before.keys(), ...sealed.map(({ path }) => path), ...pointers]);
    for (const path of top) {
      if (this.#before.has(path) && this.#before.get(path) === undefined) continue; // too large
      const record = recordWith(files, {
        path: brand(path),
        record: this.#before.get(path),
        now: this.#read(path),
        ignored: this.#ignoredIn(path),
      });
      if (record !== undefined) this.#before.set(path, record);
    }
    this.#recordIncluded(files);
    const places = new Map(this.#nestedBefore.places);
    for (const path of new Set([...places.keys(), ...this.#lookBelow().places.keys()])) {
      if (places.has(path) && places.get(path) === undefined) continue;
      const record = recordWith(files, {
        path,
        record: places.get(path),
        now: readNestedPlace(path),
        ignored: ignoredBelow(path),
      });
      if (record !== undefined) places.set(path, record);
    }
    this.#nestedBefore = { ...this.#nestedBefore, places };
  }

  /** What the recorded settings include counts from now on, whatever those on the disk say. */
  #recordIncluded(files: readonly ApprovedFile[]): void {
    const { directories, codexHome, disk } = this.#input;
    const readText = (path: string): string | undefined => {
      const entry = this.#before.get(path)?.get(brand(""));
      return entry?.kind === "file" ? entry.content.toString("latin1") : disk.readText(path);
    };
    const { included } = findProtectedPlaces(directories, codexHome, { ...disk, readText });
    const more = included.filter((path) => !this.#before.has(path));
    for (const path of more) {
      const now = this.#read(path);
      const place = { path: brand(path), record: undefined, now, ignored: undefined };
      this.#before.set(path, recordWith(files, place) ?? now);
    }
    const { included: known } = this.#placesBefore;
    this.#placesBefore = { ...this.#placesBefore, included: [...known, ...more] };
  }

  /** Compares, puts back, and says what it did. Everything the command started should have ended. */
  putBack(): readonly PlaceChange[] {
    const found = this.#find();
    const newlyBare = found.bare.filter((path) => !this.#placesBefore.bare.includes(path));
    const disbanded = newlyBare.flatMap((path) => disband(brand(path)));
    const after = newlyBare.length === 0 ? found : this.#find();
    const sealed = [...this.#placesBefore.sealed, ...after.sealed].map(({ path }) => path);
    // A worktree that is gone has taken its pointer along, which is nothing to undo.
    this.#sealed = new Set(sealed);
    const included = this.#placesBefore.included.filter((path) => this.#read(path)?.size !== 0);
    const paths = new Set([...sealed, ...after.pointers, ...included]);
    const changes = [...paths].flatMap((path) => this.#restore(brand(path)));
    // Only now: what the top repository says of those below it is right again.
    const nested = this.#putBackNested(this.#lookBelow());
    return tellRepositoriesOnce([...disbanded, ...changes, ...nested]);
  }

  #putBackNested(now: NestedLook): readonly PlaceChange[] {
    const before = this.#nestedBefore;
    for (const path of now.own) this.#sealed.add(path);
    const unread = [...now.unread].filter((path) => !before.unread.has(path));
    const paths = new Set([...before.places.keys(), ...now.places.keys()]);
    return [
      ...unread.map((path) => ({
        path,
        what: "changed" as const,
        undone: false,
        detail: "it is too large to be searched for submodules",
      })),
      ...[...paths].flatMap((path) => this.#restoreNested(path, now)),
    ];
  }

  /**
   * More may change below than at the top, since clones come and go with honest work: removing a
   * repository, settings that cannot run anything, and a pointer to another one that is guarded.
   */
  #restoreNested(path: ByteString, now: NestedLook): readonly PlaceChange[] {
    const before = this.#nestedBefore.places.get(path);
    const after = now.places.has(path) ? now.places.get(path) : readNestedPlace(path);
    const isRecorded = this.#nestedBefore.places.has(path);
    if (this.#before.has(path) || after?.size === 0) return [];
    if (isRecorded && before === after) return [];
    if (now.pointers.has(path)) {
      const target = now.pointers.get(path);
      if (target !== undefined && this.#isWritable(target)) return [];
    } else if (path.endsWith("/.git")) {
      return []; // a directory now, with places of its own
    }
    if (!isRecorded || before?.size === 0) {
      // A file of the project, of which nobody knows what it was; what includes it is cleaned.
      return now.own.has(path) ? this.#cleanNew(path, () => now.workTrees) : [];
    }
    if (before === undefined) {
      return after === undefined
        ? []
        : [{ path, what: "changed", undone: false, detail: TOO_LARGE }];
    }
    if (after !== undefined) {
      if (sameTree(before, after) || differHarmlessly(path, before, after)) return [];
    }
    return writeBack(path, before, "changed", ignoredBelow(path));
  }

  #cleanNew(path: ByteString, workTrees: () => WorkTrees): readonly PlaceChange[] {
    return cleanNewPlace(path, { workTrees, isSealed: (place) => this.#sealed.has(place) });
  }

  #isWritable(path: string): boolean {
    return this.#input.directories.some((root) => isWithin(path, root));
  }

  /**
   * The same when the command is over and others may have been at work, such as the user with git
   * in another terminal: settings that cannot run anything are taken over.
   */
  putBackLate(): readonly PlaceChange[] {
    for (const [path, before] of this.#before) {
      const after = path.endsWith("/config") && before !== undefined ? this.#read(path) : undefined;
      if (before === undefined || after === undefined) continue;
      if (sameTree(before, after) || !differHarmlessly(path, before, after)) continue;
      this.#before.set(path, after);
      this.#revision += 1;
    }
    return this.putBack();
  }

  /** The innermost of the directories that holds it. */
  #directoryOf(path: string): string | undefined {
    return this.#input.directories
      .filter((directory) => isWithin(path, directory))
      .toSorted((one, other) => other.length - one.length)[0];
  }

  #looksIn(directory: string | undefined): boolean {
    return directory !== undefined && this.#input.directories.includes(directory);
  }

  #find(): ProtectedPlaces {
    const { directories, codexHome, disk } = this.#input;
    return findProtectedPlaces(directories, codexHome, disk);
  }

  #lookBelow(): NestedLook {
    const { directories, searched = [], disk, isQuiet = () => false } = this.#input;
    return lookBelow({ directories, searched, disk, mayRemember: isQuiet() });
  }

  #read(path: string): Tree | undefined {
    return readPlace(path, this.#ignoredIn(path));
  }

  #ignoredIn(path: string): Ignored | undefined {
    return path === this.#input.codexHome ? ownWritings : undefined;
  }

  #restore(path: ByteString): readonly PlaceChange[] {
    const recorded = this.#before.has(path);
    const before = this.#before.get(path);
    const after = this.#read(path);
    if (recorded && before !== undefined && after !== undefined && sameTree(before, after))
      return [];
    if (!recorded) return this.#cleanNew(path, () => this.#lookBelow().workTrees);
    const what = whatHappened(before, after);
    if (before === undefined) {
      return after === undefined ? [] : [{ path, what, undone: false, detail: TOO_LARGE }];
    }
    return writeBack(path, before, what, this.#ignoredIn(path));
  }
}

const TOO_LARGE = "it was too large to record";

function writeBack(
  path: ByteString,
  before: Tree,
  what: PlaceChange["what"],
  ignored: Ignored | undefined,
): readonly PlaceChange[] {
  const { parent, name } = splitPath(path);
  using held = HeldDirectory.openForRepair(parent);
  // With its directory gone or a link, nothing at this path can be run; a link is told about.
  if (held === undefined) {
    return before.size === 0
      ? []
      : [{ path, what, undone: false, detail: "its directory is gone", isDirectoryGone: true }];
  }
  try {
    if (before.size === 0) held.remove(name);
    else writeTree(held, name, before, ignored);
    return [{ path, what, undone: true }];
  } catch (error) {
    return [{ path, what, undone: false, detail: messageOf(error) }];
  }
}

/** Written by this program itself while a command runs. */
const ownWritings: ReadonlySet<string> = new Set(["sessions", "log", "history.jsonl"]);

function differHarmlessly(path: string, before: Tree, after: Tree): boolean {
  const [old, now] = [before.get(brand("")), after.get(brand(""))];
  if (!path.endsWith("/config") || old?.kind !== "file" || now?.kind !== "file") return false;
  if (old.mode !== now.mode) return false;
  return differOnlyHarmlessly(old.content.toString("latin1"), now.content.toString("latin1"));
}

function whatHappened(before: Tree | undefined, after: Tree | undefined): PlaceChange["what"] {
  if (before?.size === 0) return "created";
  return after?.size === 0 ? "removed" : "changed";
}

function sameTree(before: Tree, after: Tree): boolean {
  if (before.size !== after.size) return false;
  return [...before].every(([path, entry]) => sameEntry(entry, after.get(path)));
}
