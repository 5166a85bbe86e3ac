/**
 * macOS Seatbelt: the argument vector that runs one command under a policy. Nothing is started
 * here, and all that is looked at on the disk are the policy's directories.
 */
import { accessSync, constants } from "node:fs";
import { posix } from "node:path";

import {
  findProtectedPlaces,
  workspaceDirectories,
  type DiskFacts,
} from "../protocol/protected-places.ts";
import { hasNetworkAccess } from "../protocol/sandbox-policy.ts";
import type { ReadOnlyPolicy, WorkspaceWritePolicy } from "../protocol/sandbox-policy.ts";
import { isWithin, resolveWritableRoots, type SkippedRoot } from "../protocol/writable-roots.ts";
import { readTextAsset } from "../runtime/assets.ts";
import { canonical, realDisk } from "./disk-facts.ts";
import { profileArguments, seatbeltProfile } from "./seatbelt-profile.ts";

/** Never looked for in PATH: a program of that name elsewhere would confine nothing. */
export const SANDBOX_EXEC = "/usr/bin/sandbox-exec";

/** danger-full-access has no profile: its commands are started as they are. */
export type ConfiningPolicy = ReadOnlyPolicy | WorkspaceWritePolicy;

/** Where a policy is applied. All paths are text. */
export interface SeatbeltContext {
  /** The session's directory, absolute; need not be the command's. */
  readonly policyCwd: string;
  /** TMPDIR and HOME of the command's environment. */
  readonly tmpdir: string | undefined;
  readonly home: string | undefined;
  /** Our own directory of settings, absolute; its files are not for commands. */
  readonly codexHome: string | undefined;
}

export interface SeatbeltCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** Roots that grant nothing, to be told to people unless `covered`. */
  readonly skippedRoots: readonly SkippedRoot[];
}

/** Whether a program stands at `path` that we may run, by access(2); it is not run for this. */
export function isSeatbeltAvailable(path: string = SANDBOX_EXEC): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The program to start and its arguments; argv[0] is the program. Source of their order: the vector
 * that codex 0.23.0 gave to a program put in sandbox-exec's place.
 *
 * sandbox-exec itself answers 64, 65 or 71 when it cannot start the command; see
 * `launcherFailure`.
 */
export function seatbeltCommand(
  policy: ConfiningPolicy,
  context: SeatbeltContext,
  command: readonly string[],
  disk: DiskFacts = realDisk,
): SeatbeltCommand {
  const writable = resolveWritableRoots(policy, {
    cwd: context.policyCwd,
    tmpdir: trustedTmpdir(context.tmpdir, disk),
    home: context.home,
    realpath: disk.realpath,
    readlink: disk.readlink,
  });
  const workspaces = workspaceDirectories(writable);
  const { codexHome } = context;
  const settings = codexHome === undefined ? undefined : canonical(codexHome, disk);
  const places = findProtectedPlaces(workspaces, settings, disk);
  const profile = seatbeltProfile(readTextAsset("base.sbpl"), {
    readsWholeDisk: true, // as every policy does
    networkAccess: hasNetworkAccess(policy),
    roots: writable.roots.map((root) => root.path),
    sealed: [...places.sealed.map((place) => place.path), ...places.included],
    workspaces,
    gitDirectories: places.pinned,
  });
  return {
    program: SANDBOX_EXEC,
    args: [...profileArguments(profile), "--", ...command],
    skippedRoots: writable.skipped,
  };
}

/**
 * What a shell would answer where sandbox-exec failed before the command ran, or undefined when the
 * exit code is the command's own. Source of the codes: sysexits(3), as sandbox-exec(1) uses them.
 */
export function launcherFailure(exitCode: number, stderr: string): 1 | 127 | undefined {
  if (!stderr.startsWith("sandbox-exec: ")) return undefined;
  if (exitCode === EX_OSERR && stderr.startsWith("sandbox-exec: execvp() of ")) return 127;
  return exitCode === EX_USAGE || exitCode === EX_DATAERR ? 1 : undefined;
}

const EX_USAGE = 64;
const EX_DATAERR = 65;
const EX_OSERR = 71;

/**
 * A Mac's TMPDIR begins with /var or /tmp, which are links of the system's own into /private, on a
 * volume that nobody can write. Any other link in TMPDIR counts against it, so these are resolved
 * beforehand. Directories of the system are no place for temporary files.
 */
function trustedTmpdir(tmpdir: string | undefined, disk: DiskFacts): string | undefined {
  if (tmpdir?.startsWith("/") !== true) return tmpdir;
  const path = posix.normalize(tmpdir).replace(/(?<=.)\/$/, "");
  const first = /^\/(?:var|tmp|etc)(?=\/|$)/.exec(path)?.[0];
  const linked = first !== undefined && disk.realpath(first) === `/private${first}`;
  const real = linked ? `/private${path}` : path;
  return macSystemDirectories.some((system) => isWithin(real, system)) ? undefined : real;
}

const macSystemDirectories = [
  "/Applications",
  "/Library",
  "/System",
  "/cores",
  "/private/etc",
  "/private/var/db",
  "/private/var/root",
  "/private/var/run",
];
