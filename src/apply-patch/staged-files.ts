/** The files a patch has touched so far, laid over the disk, so that later parts see earlier ones. */
import type { FileAttributes, FileView, Look } from "./file-view.ts";
import { type FileLines, splitLines } from "./file-lines.ts";
import { describeFsError, strerror } from "./system-error.ts";
import { type RealTarget, resolveTarget, UnresolvablePathError } from "./real-target.ts";

/** One directory entry. Its key is the real path, so that two spellings of one file meet here. */
export interface StagedEntry {
  readonly realPath: string;
  /** As the patch spells it the first time. */
  readonly path: string;
  readonly patchLine: number;
  readonly before: Look;
  /** The lines on the disk, when the entry is to be shown as an update of them. */
  linesBefore: FileLines | undefined;
  after: StagedState;
  /** The two ends of a move that is shown as one change, at its old place. */
  movedTo: StagedEntry | undefined;
  movedFrom: StagedEntry | undefined;
}

export type StagedState =
  | { readonly kind: "absent" }
  | { readonly kind: "directory" }
  | ({ readonly kind: "file" } & FileContent);

export interface FileContent {
  readonly lines: FileLines;
  /** undefined: a new file. */
  readonly attributes: FileAttributes | undefined;
}

/** Where in the patch a path stands. */
export interface PathInPatch {
  readonly path: string;
  readonly patchLine: number;
}

// A staged file is not on the disk yet, so nobody asks for its identity.
const NO_IDENTITY = { dev: 0n, ino: 0n, size: 0n, mtimeNs: 0n, ctimeNs: 0n } as const;
const NAMES_DIRECTORY = /\/\.{0,2}$/u;

export class StagedFiles {
  readonly #view: FileView;
  readonly #cwd: string;
  readonly #entries = new Map<string, StagedEntry>();
  readonly #newDirectories = new Set<string>();
  readonly #looks = new Map<string, Look>();

  /** `cwd` is absolute. */
  constructor(view: FileView, cwd: string) {
    this.#view = view;
    this.#cwd = cwd;
  }

  /** In the order of the first touch. */
  get entries(): readonly StagedEntry[] {
    return [...this.#entries.values()];
  }

  /** Outermost first. */
  get newDirectories(): readonly string[] {
    return [...this.#newDirectories];
  }

  /** Not normalised: `..` means what the kernel makes of it. */
  absolute(path: string): string {
    if (path.startsWith("/")) return path;
    return this.#cwd === "/" ? `/${path}` : `${this.#cwd}/${path}`;
  }

  /** Where opening the path for writing would lead. */
  target(path: string): RealTarget {
    return this.#resolve(path, true);
  }

  /** The directory entry itself: a link as the last part is not followed. */
  entryTarget(path: string): RealTarget {
    return this.#resolve(path, false);
  }

  /** undefined: nothing was changed there yet. */
  entryAt(realPath: string): StagedEntry | undefined {
    return this.#entries.get(realPath);
  }

  /** Lines and mode of a regular file; throws an Error whose message is the reason. */
  contentOf(target: RealTarget): FileContent {
    const staged = this.#entries.get(target.path);
    if (staged?.after.kind === "file") return staged.after;
    if (target.look.kind !== "file") throw new Error(whyNotAFile(target.look));
    return { lines: this.#readLines(target.path), attributes: target.look.attributes };
  }

  /** Stages the new state of one directory entry. */
  change(target: RealTarget, at: PathInPatch, after: StagedState): StagedEntry {
    if (after.kind === "file") this.#stageDirectories(target.missingDirectories);
    const entry = this.#entries.get(target.path) ?? newEntry(target, at);
    this.#entries.set(target.path, entry);
    entry.after = after;
    return entry;
  }

  #resolve(path: string, followLast: boolean): RealTarget {
    const absolute = this.absolute(path);
    if (NAMES_DIRECTORY.test(absolute)) throw new UnresolvablePathError("EISDIR");
    return resolveTarget(absolute, { look: (at) => this.#look(at), followLast });
  }

  #stageDirectories(directories: readonly string[]): void {
    for (const directory of directories) {
      this.#newDirectories.add(directory);
      const entry = this.#entries.get(directory);
      if (entry !== undefined) entry.after = { kind: "directory" };
    }
  }

  #look(path: string): Look {
    const staged = this.#entries.get(path)?.after;
    if (staged?.kind === "absent") return { kind: "missing" };
    if (staged?.kind === "directory" || this.#newDirectories.has(path))
      return { kind: "directory" };
    if (staged?.kind === "file") {
      return { kind: "file", attributes: staged.attributes, identity: NO_IDENTITY };
    }
    const known = this.#looks.get(path);
    if (known !== undefined) return known;
    const look = this.#view.look(path);
    this.#looks.set(path, look);
    return look;
  }

  #readLines(path: string): FileLines {
    let bytes: Uint8Array;
    try {
      bytes = this.#view.read(path);
    } catch (error) {
      throw new Error(describeFsError(error), { cause: error });
    }
    try {
      return splitLines(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    } catch (error) {
      throw new Error("stream did not contain valid UTF-8", { cause: error });
    }
  }
}

function newEntry(target: RealTarget, at: PathInPatch): StagedEntry {
  return {
    path: at.path,
    patchLine: at.patchLine,
    realPath: target.path,
    before: target.look,
    linesBefore: undefined,
    after: { kind: "absent" },
    movedTo: undefined,
    movedFrom: undefined,
  };
}

/** Why something cannot be read or replaced as a file. */
export function whyNotAFile(look: Look): string {
  switch (look.kind) {
    case "missing":
      return strerror("ENOENT");
    case "directory":
      return strerror("EISDIR");
    case "special":
      return `it is ${look.what}, not a regular file`;
    case "link":
    case "file":
      return `it is a ${look.kind}`;
  }
}
