/** A tree of directories and symbolic links in memory, for what only looks at paths. */
import { posix } from "node:path";

const MAX_LINKS = 40; // as Linux: ELOOP beyond

export class FakeTree {
  readonly #directories = new Set<string>(["/"]);
  readonly #links = new Map<string, string>();

  /** Parents of the directories exist, too. A link takes the place of a directory of its name. */
  constructor(directories: readonly string[], links: Readonly<Record<string, string>> = {}) {
    for (const directory of directories) this.#addDirectory(directory);
    for (const [path, target] of Object.entries(links)) {
      this.#addDirectory(posix.dirname(path));
      this.#put(path, target);
    }
  }

  /** The canonical path, or undefined when there is nothing or the links go round. */
  realpath(path: string): string | undefined {
    let pending = path.split("/");
    let real = "/";
    for (let followed = 0; pending.length > 0;) {
      const [part = "", ...rest] = pending;
      pending = rest;
      if (part === "" || part === ".") continue;
      if (part === "..") {
        real = posix.dirname(real);
        continue;
      }
      const next = posix.join(real, part);
      const target = this.#links.get(next);
      if (target !== undefined) {
        followed += 1;
        if (followed > MAX_LINKS) return undefined;
        real = "/";
        pending = [...target.split("/"), ...rest];
      } else if (this.#directories.has(next)) {
        real = next;
      } else {
        return undefined;
      }
    }
    return real;
  }

  /** Of a link whose parents are directories. */
  readlink(path: string): string | undefined {
    return this.#links.get(path);
  }

  /** The directory in which the last name of `path` stands. */
  realpathOfParent(path: string): string | undefined {
    return this.realpath(posix.dirname(path));
  }

  /** As `mv name away; ln -s target name`. */
  replaceByLink(path: string, target: string): void {
    const parent = this.realpathOfParent(path);
    if (parent !== undefined) this.#put(posix.join(parent, posix.basename(path)), target);
  }

  #put(path: string, target: string): void {
    for (const gone of [...this.#directories, ...this.#links.keys()]) {
      if (gone !== path && !gone.startsWith(`${path}/`)) continue;
      this.#directories.delete(gone);
      this.#links.delete(gone);
    }
    this.#links.set(path, target);
  }

  #addDirectory(path: string): void {
    for (let directory = path; directory !== "/"; directory = posix.dirname(directory)) {
      this.#directories.add(directory);
    }
  }
}
