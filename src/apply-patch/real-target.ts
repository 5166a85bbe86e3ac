/** Where a path really leads, through symlinks and `..` as the kernel takes them. */
import { posix } from "node:path";
import type { Look } from "./file-view.ts";
import { strerror } from "./system-error.ts";

export interface RealTarget {
  /** Absolute; no part of it is a link (the last one may be when links are not followed there). */
  readonly path: string;
  readonly look: Look;
  /** Directories that do not exist yet on the way to it, outermost first. */
  readonly missingDirectories: readonly string[];
}

/** `look` answers for one absolute path without following. Links of the last part are an option. */
export interface ResolveOptions {
  readonly look: (path: string) => Look;
  readonly followLast: boolean;
}

type Dead = "EISDIR" | "ELOOP" | "ENOTDIR" | "NUL";

/** A path that leads nowhere; `message` says why, in the C library's words where it has them. */
export class UnresolvablePathError extends Error {
  override readonly name = "UnresolvablePathError";
  readonly reason: Dead;

  constructor(reason: Dead) {
    super(reason === "NUL" ? "it has a NUL character" : strerror(reason));
    this.reason = reason;
  }
}

const MAX_LINKS = 40; // As the Linux kernel counts, see path_resolution(7).

/**
 * Errors: UnresolvablePathError (too many links, a file used as a directory), and whatever `look`
 * throws.
 */
export function resolveTarget(absolutePath: string, options: ResolveOptions): RealTarget {
  if (absolutePath.includes("\0")) throw new UnresolvablePathError("NUL");
  const walk = new Walk(options);
  walk.follow(absolutePath);
  return walk.result();
}

class Walk {
  readonly #options: ResolveOptions;
  #current = "/";
  #look: Look = { kind: "directory" };
  #missing: string[] = [];
  #links = 0;

  constructor(options: ResolveOptions) {
    this.#options = options;
  }

  follow(path: string): void {
    const pending = path.split("/").toReversed();
    for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
      if (part === "" || part === ".") continue;
      const isLast = pending.length === 0;
      this.#mustBeDirectory();
      if (part === "..") this.#climb();
      else this.#goDown(part);
      if (this.#look.kind !== "link" || (isLast && !this.#options.followLast)) continue;
      const target = this.#look.target;
      this.#leaveLink(target);
      pending.push(...target.split("/").toReversed());
    }
  }

  result(): RealTarget {
    const missingDirectories = this.#missing.filter((path) => path !== this.#current);
    return { path: this.#current, look: this.#look, missingDirectories };
  }

  /** A missing one will be created, so it counts as a directory. */
  #mustBeDirectory(): void {
    if (this.#look.kind === "directory" || this.#look.kind === "missing") return;
    throw new UnresolvablePathError("ENOTDIR");
  }

  #climb(): void {
    this.#current = posix.dirname(this.#current);
    this.#missing = this.#missing.filter((path) => isSelfOrBelow(this.#current, path));
    this.#look = this.#missing.length > 0 ? { kind: "missing" } : { kind: "directory" };
  }

  #goDown(part: string): void {
    this.#current = posix.join(this.#current, part);
    this.#look = this.#missing.length > 0 ? { kind: "missing" } : this.#options.look(this.#current);
    if (this.#look.kind === "missing") this.#missing.push(this.#current);
  }

  #leaveLink(target: string): void {
    this.#links += 1;
    if (this.#links > MAX_LINKS) throw new UnresolvablePathError("ELOOP");
    this.#current = target.startsWith("/") ? "/" : posix.dirname(this.#current);
    this.#look = { kind: "directory" };
  }
}

function isSelfOrBelow(path: string, ancestor: string): boolean {
  return path === ancestor || path.startsWith(`${ancestor}/`);
}
