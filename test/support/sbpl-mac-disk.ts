/** A Mac's disk as a table, so that profiles can be made for it on any system. */
import { posix } from "node:path";

import type { DiskFacts } from "../../src/protocol/protected-places.ts";

/** Path to what is there: a directory, a regular file with its text, or a link. */
export type DiskTable = Readonly<Record<string, "directory" | { text: string } | { link: string }>>;

/** Directories above an entry exist without being named. */
export function macDisk(table: DiskTable): DiskFacts {
  const entries = new Map(Object.entries({ ...SYSTEM, ...table }));
  for (const path of entries.keys()) {
    for (let above = posix.dirname(path); !entries.has(above); above = posix.dirname(above)) {
      entries.set(above, "directory");
    }
  }
  const resolve = (path: string, links = 0): string | undefined => {
    if (path === "/") return "/";
    if (!path.startsWith("/")) return undefined;
    const parent = resolve(posix.dirname(path), links);
    if (parent === undefined) return undefined;
    const here = posix.join(parent, posix.basename(path));
    const entry = entries.get(here);
    if (entry === undefined || typeof entry === "string" || "text" in entry) {
      return entry === undefined ? undefined : here;
    }
    return links > 8 ? undefined : resolve(posix.resolve(parent, entry.link), links + 1);
  };
  const at = (path: string) => {
    const parent = resolve(posix.dirname(path));
    return parent === undefined ? undefined : entries.get(posix.join(parent, posix.basename(path)));
  };
  return {
    realpath: (path) => resolve(posix.normalize(path)),
    kindOf(path) {
      const entry = at(path);
      if (entry === undefined) return undefined;
      if (entry === "directory") return "directory";
      return "text" in entry ? "file" : "link";
    },
    readlink(path) {
      const entry = at(path);
      return typeof entry === "object" && "link" in entry ? entry.link : undefined;
    },
    readText(path) {
      const entry = entries.get(resolve(path) ?? "");
      return typeof entry === "object" && "text" in entry ? entry.text : undefined;
    },
    namesIn(directory) {
      const real = resolve(directory);
      if (real === undefined) return [];
      return [...entries.keys()]
        .filter((path) => path !== "/" && posix.dirname(path) === real)
        .map((path) => posix.basename(path));
    },
  };
}

const SYSTEM: DiskTable = {
  "/private/tmp": "directory",
  "/private/etc": "directory",
  "/private/var/folders/ab/cd/T": "directory",
  "/private/var/db": "directory",
  "/tmp": { link: "private/tmp" },
  "/var": { link: "private/var" },
  "/etc": { link: "private/etc" },
  "/usr/bin": "directory",
  "/System": "directory",
  "/Library": "directory",
};
