/**
 * Which directories a workspace-write policy lets a command write beneath.
 *
 * One rule guards all of them: a path that a sandboxed command could itself have redirected never
 * widens the policy. A root that lies inside another root adds nothing, and if it is a symbolic
 * link out of it, a command may have put it there; so it is left out.
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

/** Where a policy is applied. All paths in one encoding: text, or byte strings in the helper. */
export interface RootContext {
  /** The session's directory, absolute. */
  readonly cwd: string;
  readonly tmpdir: string | undefined;
  readonly home: string | undefined;
  /** The canonical path, or undefined when there is nothing at this path. Never throws. */
  readonly realpath: (path: string) => string | undefined;
}

/** Order: writable_roots as given, the cwd, /tmp, TMPDIR. No policy but workspace-write has any. */
export function resolveWritableRoots(policy: SandboxPolicy, context: RootContext): WritableRoots {
  const skipped: SkippedRoot[] = [];
  const accepted: Candidate[] = [];
  for (const candidate of candidates(policy, context)) {
    const reason = refusal(candidate, context);
    if (reason === undefined) accepted.push(candidate);
    else skipped.push({ ...nameOf(candidate), reason, covered: false });
  }
  const roots: WritableRoot[] = [];
  for (const candidate of accepted) {
    const outer = accepted.find((other) => encloses(other, candidate));
    if (outer !== undefined) {
      const reason = `it lies inside "${outer.path}" and leads out of it`;
      const covered = accepted.some((other) => isCovered(candidate, other));
      skipped.push({ ...nameOf(candidate), reason, covered });
    } else if (
      candidate.real !== undefined &&
      !roots.some((root) => root.path === candidate.real)
    ) {
      roots.push({ path: candidate.real, origin: candidate.origin });
    }
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
 * temporary files: no link, nothing above the home or the workspace, no system directory.
 */
function tmpdirRefusal(path: string, real: string, context: RootContext): string | undefined {
  if (path !== real) return "there is a symbolic link in it";
  if (isWithin(context.cwd, path) && context.cwd !== path) return "the workspace lies inside it";
  const home = context.home?.startsWith("/") === true ? normalise(context.home) : undefined;
  if (home !== undefined) {
    const realHome = context.realpath(home) ?? home;
    if (isWithin(home, path) || isWithin(realHome, path))
      return "the home directory lies inside it";
    if (isHiddenIn(path, home) || isHiddenIn(path, realHome)) return "it holds settings";
  }
  if (path === "/" || systemDirectories.some((system) => isWithin(path, system))) {
    if (!isWithin(path, "/dev/shm")) return "it is a system directory";
  }
  return undefined;
}

const systemDirectories =
  "/bin /boot /dev /etc /lib /lib32 /lib64 /libx32 /opt /proc /root /sbin /sys /usr".split(" ");

/** Directories such as ~/.ssh and ~/.config, but not ~/.cache and ~/.tmp. */
function isHiddenIn(path: string, home: string): boolean {
  if (!path.startsWith(`${home}/.`)) return false;
  const first = path.slice(home.length + 1).split("/")[0];
  return first !== ".cache" && first !== ".tmp";
}

function encloses(outer: Candidate, inner: Candidate): boolean {
  if (outer === inner) return false;
  const places = outer.real === undefined ? [outer.path] : [outer.path, outer.real];
  return places.some((place) => place !== inner.path && isWithin(inner.path, place));
}

function isCovered(inner: Candidate, outer: Candidate): boolean {
  if (inner === outer || inner.real === undefined || outer.real === undefined) return false;
  return isWithin(inner.real, outer.real);
}

function nameOf({ path, origin, real }: Candidate): Candidate {
  return { path, origin, real };
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
