/**
 * Was it the sandbox that made a command fail? Decided by evidence, because no exact record exists:
 * an errno in the output, together with an address the policy forbids, or a path that the policy
 * forbids and that the file system itself would have allowed.
 *
 * A missing program (127), one that cannot be executed (126), a time-out (124), a signal and a
 * plain failure are the command's own.
 */
import { accessSync, constants, lstatSync, realpathSync } from "node:fs";
import { posix } from "node:path";
import { hasNetworkAccess, type SandboxPolicy } from "../protocol/sandbox-policy.ts";
import { isWithin } from "../protocol/writable-roots.ts";
import { type AddressClue, type Errno, findClues, type PathClue } from "./denial-evidence.ts";

export interface FailedCommand {
  readonly argv: readonly string[];
  /** Absolute. */
  readonly workdir: string;
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SandboxInForce {
  readonly policy: SandboxPolicy;
  /** Canonical directories that could be written; none under read-only. */
  readonly writableRoots: readonly string[];
  /** Canonical places inside them that could not. */
  readonly protectedPlaces: readonly string[];
}

/** What the file system says, outside the sandbox, to the user that commands run as. */
export interface FileFacts {
  /** Without symbolic links; of a missing file, its nearest existing parent and the rest. */
  readonly realPath: string;
  readonly exists: boolean;
  readonly isWritable: boolean;
  readonly isOwned: boolean;
  /** Whether names can be made and removed in its directory. False when that is missing. */
  readonly isParentWritable: boolean;
}

export type SandboxDenial =
  | {
      readonly kind: "path";
      readonly path: string;
      readonly rule: "read-only" | "outside-roots" | "protected-place";
      readonly errno: Errno;
      /** The line of output that says so. */
      readonly evidence: string;
    }
  | {
      readonly kind: "address";
      /** Host, host:port, path of a local socket; undefined when nothing says which. */
      readonly address: string | undefined;
      readonly rule: "no-network";
      readonly errno: Errno;
      readonly evidence: string;
    };

/** `inspect` gets absolute, normalised paths. Undefined: the sandbox was not in the way. */
export function findSandboxDenial(
  command: FailedCommand,
  sandbox: SandboxInForce,
  inspect: (path: string) => FileFacts,
): SandboxDenial | undefined {
  if (sandbox.policy.mode === "danger-full-access" || !mayBeDenial(command)) return undefined;
  for (const output of [command.stderr, command.stdout]) {
    for (const clue of findClues(output, command.argv)) {
      const denial =
        clue.kind === "address"
          ? judgeAddress(clue, sandbox)
          : judgePath(clue, command.workdir, sandbox, inspect);
      if (denial !== undefined) return denial;
    }
  }
  return undefined;
}

/** 128 itself is git's word for "fatal"; above it, up to the last signal, a shell reports a death. */
function mayBeDenial({ exitCode, timedOut }: FailedCommand): boolean {
  if (timedOut || exitCode === null || exitCode === 0) return false;
  if (exitCode === 124 || exitCode === 126 || exitCode === 127) return false;
  return exitCode <= 128 || exitCode > 128 + 64;
}

function judgeAddress(clue: AddressClue, sandbox: SandboxInForce): SandboxDenial | undefined {
  if (hasNetworkAccess(sandbox.policy)) return undefined;
  const { address, errno, line } = clue;
  return { kind: "address", address, rule: "no-network", errno, evidence: line };
}

function judgePath(
  clue: PathClue,
  workdir: string,
  sandbox: SandboxInForce,
  inspect: (path: string) => FileFacts,
): SandboxDenial | undefined {
  for (const candidate of clue.candidates) {
    if (candidate.includes("\0") || candidate.length > MAX_PATH) continue;
    const path = posix.resolve(workdir, candidate);
    if (isWithin(path, "/proc") || isWithin(path, "/dev/null")) continue;
    const facts = inspect(path);
    const rule = brokenRule(facts.realPath, sandbox);
    if (rule === undefined || !modeAllows(facts, clue)) continue;
    return { kind: "path", path: facts.realPath, rule, errno: clue.errno, evidence: clue.line };
  }
  return undefined;
}

const MAX_PATH = 4_096; // PATH_MAX

function brokenRule(
  path: string,
  sandbox: SandboxInForce,
): "read-only" | "outside-roots" | "protected-place" | undefined {
  if (sandbox.policy.mode === "read-only") return "read-only";
  if (!sandbox.writableRoots.some((root) => isWithin(path, root))) return "outside-roots";
  return sandbox.protectedPlaces.some((place) => isWithin(path, place))
    ? "protected-place"
    : undefined;
}

function modeAllows(facts: FileFacts, clue: PathClue): boolean {
  if (clue.isMetadata) return facts.exists && facts.isOwned;
  if (clue.isRemoval || !facts.exists) return facts.isParentWritable;
  return facts.isWritable;
}

/** For the user and the model: what was stopped, and by which rule. */
export function describeDenial(denial: SandboxDenial): string {
  if (denial.kind === "address") {
    const target = denial.address === undefined ? "use the network" : `reach "${denial.address}"`;
    return `The sandbox did not let the command ${target}: the policy gives no network access`;
  }
  return `The sandbox did not let the command change "${denial.path}": ${pathRules[denial.rule]}`;
}

const pathRules = {
  "read-only": "the policy is read-only",
  "outside-roots": "it is in no writable root",
  "protected-place": "it is a protected place",
} as const;

/** Completes "To allow it, grant …". */
export function describeNeededGrant(denial: SandboxDenial): string {
  switch (denial.rule) {
    case "no-network":
      return "network access (sandbox_workspace_write.network_access = true)";
    case "read-only":
      return `sandbox mode workspace-write with "${posix.dirname(denial.path)}" in a writable root`;
    case "outside-roots":
      return `a writable root that holds "${posix.dirname(denial.path)}"`;
    case "protected-place":
      return "this one command a run without the sandbox";
  }
}

/** The question of an approval request after a denial. The first words are those of 0.23.0. */
export function retryQuestion(denial: SandboxDenial): string {
  return `command failed; retry without sandbox? ${describeDenial(denial)}`;
}

/** Facts from the disk of this process. Opens nothing and never throws. */
export function inspectDisk(path: string): FileFacts {
  const parent = posix.dirname(path);
  const realParent = realNearest(parent);
  const realPath =
    attempt(() => realpathSync(path)) ?? posix.join(realParent, posix.basename(path));
  const status = attempt(() => lstatSync(realPath));
  return {
    realPath,
    exists: status !== undefined,
    isWritable: status !== undefined && isWritable(realPath),
    isOwned: status !== undefined && isOwner(status.uid),
    isParentWritable: isWritable(posix.dirname(realPath)),
  };
}

function realNearest(path: string): string {
  const real = attempt(() => realpathSync(path));
  if (real !== undefined || path === "/") return real ?? path;
  return posix.join(realNearest(posix.dirname(path)), posix.basename(path));
}

function isWritable(path: string): boolean {
  return (
    attempt(() => {
      accessSync(path, constants.W_OK);
      return true;
    }) ?? false
  );
}

function isOwner(uid: number): boolean {
  const user = process.geteuid?.();
  return user === 0 || user === uid;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
