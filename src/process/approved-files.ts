/** Files that a patch writes into protected places because the user has approved it. */
import { brand, byteStringFromText, type ByteString } from "../runtime/byte-string.ts";
import { isWithin } from "../protocol/writable-roots.ts";
import type { Ignored, Tree, TreeEntry } from "./place-tree.ts";

export interface ApprovedFile {
  /** Absolute, without links. */
  readonly path: string;
  /** Undefined: nothing is to be there. */
  readonly content: string | undefined;
  /** Permission bits; undefined: those of any new file. */
  readonly mode: number | undefined;
}

/** What a guard knows of one place. */
export interface KnownPlace {
  readonly path: ByteString;
  /** Undefined: it has come up since the guard began. */
  readonly record: Tree | undefined;
  /** As it is on the disk. */
  readonly now: Tree | undefined;
  readonly ignored: Ignored | undefined;
}

/**
 * The record with the approved files as they were approved, whatever the disk says by now: a process
 * in the background may have gone on writing. Undefined when none of them lies in the place.
 *
 * Without a record, what else is there is nobody's word: directories stay, and git's templates.
 */
export function recordWith(files: readonly ApprovedFile[], place: KnownPlace): Tree | undefined {
  const inside = files.flatMap((file) => {
    const path = pathIn(place, byteStringFromText(file.path));
    return path === undefined ? [] : [{ ...file, path }];
  });
  if (inside.length === 0) return undefined;
  const now = place.now ?? new Map<ByteString, TreeEntry>();
  const record = new Map(place.record ?? [...now].filter(isHarmless));
  // What goes may make way for a directory.
  for (const file of inside) if (file.content === undefined) record.delete(file.path);
  for (const { path, content, mode } of inside) {
    if (content === undefined) continue;
    for (const above of directoriesAbove(path)) {
      const found = now.get(above);
      const directory = found?.kind === "directory" ? found : NEW_DIRECTORY;
      if (record.get(above)?.kind !== "directory") record.set(above, directory);
    }
    record.set(path, {
      kind: "file",
      mode: mode ?? modeOfNew(now.get(path)),
      content: Buffer.from(content),
    });
  }
  return record;
}

const NEW_DIRECTORY: TreeEntry = { kind: "directory", mode: 0o755 };

/** Nobody has approved that it may be run. */
function modeOfNew(found: TreeEntry | undefined): number {
  return found?.kind === "file" ? found.mode & 0o666 : 0o644;
}

function isHarmless([path, entry]: readonly [ByteString, TreeEntry]): boolean {
  return entry.kind === "directory" || path.endsWith(".sample");
}

function pathIn({ path: place, ignored }: KnownPlace, path: ByteString): ByteString | undefined {
  if (!isWithin(path, place)) return undefined;
  const inside = brand(path.slice(place.length + 1));
  const all = [...directoriesAbove(inside), inside];
  return all.some((part) => ignored?.has(part) === true) ? undefined : inside;
}

/** Outermost first, as a tree names them: "" is the place itself, above which there is none. */
function directoriesAbove(path: ByteString): readonly ByteString[] {
  if (path === "") return [];
  const parts = path.split("/");
  return parts.map((_, count) => brand(parts.slice(0, count).join("/")));
}
