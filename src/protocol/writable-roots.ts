/**
 * Which directories a workspace-write policy lets a command write beneath.
 *
 * One rule guards all of them: a path that a sandboxed command could itself have redirected never
 * widens the policy. Whoever looks up a path looks up names, each in a directory; a root with such
 * a name inside a writable place is left out, since a command may have put a link there.
 *
 * This file imports nothing with a run-time form, so that the sandbox helper stays small.
 */
import type { SandboxPolicy } from "./sandbox-policy.ts";

export type RootOrigin = "writable_roots" | "cwd" | "/tmp" | "TMPDIR";

/** `path` is canonical: absolute, no symbolic link in it when it was resolved. */
export interface WritableRoot {
  readonly path: string;
  readonly origin: RootOrigin;
}

/** A candidate that grants nothing. `reason` completes "… is not writable: ". */
export interface SkippedRoot {
  readonly path: string;
  readonly origin: RootOrigin;
  readonly reason: string;
  /** The place is writable all the same, through another root. */
  readonly covered: boolean;
  /** Canonical, when there is something at `path`. */
  readonly real: string | undefined;
}

export interface WritableRoots {
  readonly roots: readonly WritableRoot[];
  readonly skipped: readonly SkippedRoot[];
}

/** What must be known of the disk. Both never throw. */
export interface LinkFacts {
  /** The canonical path, or undefined when there is nothing at this path. */
  readonly realpath: (path: string) => string | undefined;
  /** What the symbolic link at this path says, or undefined when there is none. */
  readonly readlink: (path: string) => string | undefined;
}

/** Where a policy is applied. All paths in one encoding: text, or byte strings in the helper. */
export interface RootContext extends LinkFacts {
  /** The session's directory, absolute. */
  readonly cwd: string;
  readonly tmpdir: string | undefined;
  readonly home: string | undefined;
}

/** Order: writable_roots as given, the cwd, /tmp, TMPDIR. No policy but workspace-write has any. */
export function resolveWritableRoots(policy: SandboxPolicy, context: RootContext): WritableRoots {
  const refused: SkippedRoot[] = [];
  const accepted: ExistingCandidate[] = [];
  for (const candidate of candidates(policy, context)) {
    const { path, real, origin } = candidate;
    const reason = refusal(candidate, context);
    if (real !== undefined && reason === undefined) {
      accepted.push({ path, real, origin, way: lookedUpIn(path, real, context) });
    } else {
      refused.push({ path, real, origin, reason: reason ?? "it does not exist", covered: false });
    }
  }
  const granted = independentOf(accepted);
  const roots: WritableRoot[] = [];
  const skipped: SkippedRoot[] = refused;
  for (const candidate of accepted) {
    const { path, real, origin } = candidate;
    if (granted.has(candidate)) {
      if (!roots.some((root) => root.path === real)) roots.push({ path: real, origin });
      continue;
    }
    const outer = accepted.find((other) => dependsOn(candidate, other)) ?? candidate;
    const reason = `its way leads through "${outer.path}", where a command can change it`;
    const covered = [...granted].some((other) => isWithin(real, other.real));
    skipped.push({ path, real, origin, reason, covered });
  }
  return { roots, skipped };
}

/** Whether `path` is `directory` or beneath it. Both normalised and absolute. */
export function isWithin(path: string, directory: string): boolean {
  if (path === directory || directory === "/") return true;
  return path.startsWith(`${directory}/`);
}

interface Candidate {
  readonly path: string; // normalised, links as given
  readonly real: string | undefined;
  readonly origin: RootOrigin;
}

interface ExistingCandidate extends Candidate {
  readonly real: string;
  /** Canonical: every directory in which one of its names is looked up. */
  readonly way: readonly string[];
}

/**
 * Those that no command can redirect. Whether one candidate counts against another depends on
 * whether it is writable itself, so they are settled step by step; those that only argue with one
 * another are left out, but for the ones whose names are no links now.
 */
function independentOf(all: readonly ExistingCandidate[]): ReadonlySet<ExistingCandidate> {
  const granted = new Set<ExistingCandidate>();
  let open = all;
  for (;;) {
    const against = (one: ExistingCandidate, others: Iterable<ExistingCandidate>): boolean =>
      [...others].some((other) => dependsOn(one, other));
    const free = open.filter((one) => !against(one, open) && !against(one, granted));
    for (const one of free) granted.add(one);
    const left = open.filter((one) => !granted.has(one) && !against(one, granted));
    if (left.length < open.length) {
      open = left;
      continue;
    }
    const plain = open.filter((one) => one.path === one.real);
    if (plain.length === 0 || plain.length === open.length) return granted;
    open = plain;
  }
}

function dependsOn(one: ExistingCandidate, other: ExistingCandidate): boolean {
  return one.way.some((directory) => isWithin(directory, other.real));
}

/** Follows `path` name by name, as the kernel does. */
function lookedUpIn(path: string, real: string, disk: LinkFacts): readonly string[] {
  const way: string[] = [];
  const pending = partsOf(path === real ? real : path);
  let at = "";
  for (let followed = 0; followed <= MAX_LINKS;) {
    const part = pending.shift();
    if (part === undefined) return way;
    if (part === "..") {
      at = at.slice(0, Math.max(at.lastIndexOf("/"), 0));
      continue;
    }
    way.push(at === "" ? "/" : at);
    const next = `${at}/${part}`;
    const target = path === real ? undefined : disk.readlink(next);
    if (target === undefined) {
      at = next;
    } else {
      followed += 1;
      pending.unshift(...partsOf(target));
      if (target.startsWith("/")) at = "";
    }
  }
  // It was shorter a moment ago, so somebody is changing it: everything may be theirs.
  return ["/"];
}

const MAX_LINKS = 40; // as Linux, path_resolution(7)

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function candidates(policy: SandboxPolicy, context: RootContext): readonly Candidate[] {
  if (policy.mode !== "workspace-write") return [];
  const list: Candidate[] = [];
  const add = (path: string, origin: RootOrigin): void => {
    const normal = path.startsWith("/") ? normalise(path) : path;
    list.push({ path: normal, real: context.realpath(normal), origin });
  };
  for (const root of policy.writable_roots) add(root, "writable_roots");
  add(context.cwd, "cwd");
  if (!policy.exclude_slash_tmp) add("/tmp", "/tmp");
  if (!policy.exclude_tmpdir_env_var && context.tmpdir !== undefined && context.tmpdir !== "") {
    add(context.tmpdir, "TMPDIR");
  }
  return list;
}

function refusal(candidate: Candidate, context: RootContext): string | undefined {
  if (!candidate.path.startsWith("/")) return "it is not an absolute path";
  if (candidate.real === undefined) return "it does not exist";
  if (candidate.origin === "TMPDIR") return tmpdirRefusal(candidate.path, candidate.real, context);
  return undefined;
}

/**
 * TMPDIR comes with the environment, from whoever set it, so it may only name a place for
 * temporary files: no link, nothing above a home or the workspace, no system directory.
 */
function tmpdirRefusal(path: string, real: string, context: RootContext): string | undefined {
  if (path !== real) return "there is a symbolic link in it";
  if (isWithin(context.cwd, path) && context.cwd !== path) return "the workspace lies inside it";
  const home = context.home?.startsWith("/") === true ? normalise(context.home) : undefined;
  const homes = home === undefined ? [] : [home, context.realpath(home) ?? home];
  if (homes.some((directory) => isWithin(directory, path)) || isHome(path)) {
    return "the home directory lies inside it";
  }
  if (homes.some((directory) => isHiddenIn(path, directory))) return "it holds settings";
  const isSystem = path === "/" || systemDirectories.some((system) => isWithin(path, system));
  if (isSystem && !temporaryPlaces.some((place) => isWithin(path, place))) {
    return "it is a system directory";
  }
  return undefined;
}

/** Where homes are by custom: HOME may say nothing, or something else. */
function isHome(path: string): boolean {
  return /^\/(?:home|Users)(?:\/[^/]+)?$/.test(path);
}

const systemDirectories = (
  "/bin /boot /dev /etc /lib /lib32 /lib64 /libx32 /opt /proc /root /run /sbin /sys /usr /var " +
  "/Applications /Library /System /private"
).split(" ");

const temporaryPlaces = (
  "/dev/shm /run/shm /run/user /var/tmp /var/folders /private/tmp /private/var/tmp " +
  "/private/var/folders"
).split(" ");

/** Directories such as ~/.ssh and ~/.config, but not ~/.cache and ~/.tmp. */
function isHiddenIn(path: string, home: string): boolean {
  if (!path.startsWith(`${home}/.`)) return false;
  const first = path.slice(home.length + 1).split("/")[0];
  return first !== ".cache" && first !== ".tmp";
}

/** Lexical: empty parts, "." and ".." removed. */
function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
