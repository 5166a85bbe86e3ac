/** Everything the patches of one task have changed, as git would show it. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { diskView } from "../apply-patch/file-view.ts";
import { resolveTarget } from "../apply-patch/real-target.ts";
import type { FileChanges } from "../protocol/file-change.ts";
import { gitStyleDiff, type GitFile } from "./git-style-diff.ts";
import type { TurnDiff } from "./tools/tool-services.ts";

/**
 * Baseline of a file: its state before the first patch of the task that names it. The result
 * compares with the disk, so what commands did to those files since then shows too.
 *
 * `directory` is where the session works: names are relative to it outside of any repository.
 */
export function createTurnDiff(directory: string): TurnDiff {
  const diff = new FilesOfTurn(directory);
  return {
    beforePatch: (changes) => diff.track(changes),
    unifiedDiff: () => Promise.resolve(diff.describe()),
  };
}

class FilesOfTurn {
  readonly #directory: string;
  /** By real path; null: there was nothing. */
  readonly #before = new Map<string, FileState | null>();
  /** New path to the path before the first move. */
  readonly #movedFrom = new Map<string, string>();

  constructor(directory: string) {
    this.#directory = realPath(directory, true);
  }

  track(changes: FileChanges): void {
    for (const [path, change] of Object.entries(changes)) {
      const movePath = change !== "delete" && "update" in change ? change.update.move_path : null;
      const isWritten = change !== "delete" && movePath === null;
      const from = this.#keep(realPath(path, isWritten));
      if (movePath === null) continue;
      const to = this.#keep(realPath(movePath, true));
      this.#movedFrom.set(to, this.#movedFrom.get(from) ?? from);
    }
  }

  describe(): string | null {
    const after = new Map([...this.#before.keys()].map((path) => [path, stateOf(path)] as const));
    const renames = new Map(
      [...this.#movedFrom].filter(([to, from]) => this.#isRename(to, from, after)),
    );
    const moved = new Set(renames.values());
    const shown = [...after.keys()].filter((path) => !moved.has(path));
    const parts = shown
      .map((path) => ({ path, from: renames.get(path) ?? path, name: this.#nameOf(path) }))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1))
      .map(({ path, from, name }) =>
        gitStyleDiff(
          asGitFile(this.#nameOf(from), this.#before.get(from)),
          asGitFile(name, after.get(path)),
        ),
      );
    const text = parts.join("");
    return text === "" ? null : text;
  }

  /** Relative to the work tree it lies in, else to the session's directory, else absolute. */
  #nameOf(path: string): string {
    for (let root = dirname(path); ; root = dirname(root)) {
      if (existsSync(join(root, ".git"))) return relative(root, path);
      if (root === dirname(root)) break;
    }
    const beneath = relative(this.#directory, path);
    // git's prefix brings the slash.
    return beneath.startsWith("..") ? path.slice(1) : beneath;
  }

  /** Keeps the present state unless an older one is known. */
  #keep(path: string): string {
    if (!this.#before.has(path)) this.#before.set(path, stateOf(path));
    return path;
  }

  /** A file that replaced another one, or whose old place is taken again, is shown as two changes. */
  #isRename(to: string, from: string, after: ReadonlyMap<string, FileState | null>): boolean {
    const wasThere = this.#before.get(from) !== null && this.#before.get(to) === null;
    return to !== from && wasThere && after.get(from) === null && after.get(to) !== null;
  }
}

interface FileState {
  /** As git writes it: "100644", "100755", "120000". */
  readonly mode: string;
  readonly bytes: Uint8Array;
  readonly blobId: string;
}

/** Null also for what cannot be read or is no file: the diff then does not speak of it. */
function stateOf(path: string): FileState | null {
  try {
    const look = diskView.look(path);
    if (look.kind === "link") return fileState("120000", Buffer.from(look.target));
    if (look.kind !== "file") return null;
    const isExecutable = ((look.attributes?.mode ?? 0) & 0o100) !== 0;
    return fileState(isExecutable ? "100755" : "100644", diskView.read(path));
  } catch {
    return null;
  }
}

/** The name git gives the content: SHA-1 over a header and the bytes. Source: git-hash-object(1). */
function fileState(mode: string, bytes: Uint8Array): FileState {
  const hash = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes);
  return { mode, bytes, blobId: hash.digest("hex") };
}

function asGitFile(name: string, state: FileState | null | undefined): GitFile {
  return { name, content: state ?? undefined };
}

/** Writing goes through a link, removing takes the link itself. */
function realPath(path: string, followLast: boolean): string {
  try {
    return resolveTarget(path, { look: diskView.look, followLast }).path;
  } catch {
    return resolve(path); // The patch fails there too.
  }
}
