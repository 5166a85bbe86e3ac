/**
 * Confines this process by a policy and becomes the command. One synchronous stretch: Landlock and
 * seccomp bind the calling thread only, and exec keeps that thread's confinement.
 *
 * Order: everything that may fail for reasons outside (paths, kernel support) first, then the
 * steps that only take away. Nothing is executed when any step fails.
 */
import type { SandboxPolicy } from "../protocol/sandbox-policy.ts";
import {
  findProtectedPlaces,
  workspaceDirectories,
  type ProtectedPlaces,
} from "../protocol/protected-places.ts";
import { resolveWritableRoots, type SkippedRoot } from "../protocol/writable-roots.ts";
import type { ByteString } from "../runtime/byte-string.ts";
import { dropCapabilities } from "./capabilities.ts";
import { execProgram, restoreProcessState } from "./exec-program.ts";
import {
  enforceRuleset,
  pathRules,
  prepareRuleset,
  probeLandlock,
  rulesetAttributes,
  type Ruleset,
} from "./landlock.ts";
import { SyscallError, type Libc } from "./libc.ts";
import { diskOfBytes, sealable, sealPlaces } from "./seal-places.ts";
import { seccompFilter } from "./seccomp-filter.ts";

/** Everything about one command. Strings from outside are byte strings, passed on untouched. */
export interface ConfinedCommand {
  readonly policy: SandboxPolicy;
  /** Where workspace-write applies; need not be the process's own directory. */
  readonly policyCwd: ByteString;
  readonly argv: readonly ByteString[];
  /** The command's whole environment as "name=value" entries. */
  readonly environment: readonly ByteString[];
  /** The soft limit of open files that the user had, when it is known. */
  readonly softOpenFiles: number | undefined;
  /** Die when the process with this id, our parent, dies. Undefined: nobody supervises us. */
  readonly parentPid: number | undefined;
  /** This program's own settings, which commands may not change where they could write. */
  readonly codexHome: ByteString | undefined;
}

/** Why no command runs. `exitCode`: 1 cannot confine, 126 or 127 cannot start the program. */
export interface ConfineFailure {
  readonly exitCode: 1 | 126 | 127;
  readonly message: string;
}

/** What a policy amounts to on this kernel, told before anything is enforced. */
export interface ConfinementReport {
  readonly landlockAbi: number;
  readonly skippedRoots: readonly SkippedRoot[];
  /** Whether the protected places that exist are mounted read-only for the command. */
  readonly placesSealed: boolean;
}

/**
 * Returns only when the command could not be started; the process is then partly confined and
 * good for nothing but ending. `report` is called once, before the first restriction; `mayBegin`
 * when nothing is left to do but to become the program: false, and it does not.
 */
export function confineAndExec(
  libc: Libc,
  command: ConfinedCommand,
  report: (facts: ConfinementReport) => void,
  mayBegin: () => boolean = () => true,
): ConfineFailure {
  try {
    if (command.parentPid !== undefined && !dieWithParent(libc, command.parentPid)) {
      return {
        exitCode: 1,
        message: "Cannot start the command: the process that asked for it ended",
      };
    }
    if (command.policy.mode !== "danger-full-access") {
      const failure = confine(libc, command, report);
      if (failure !== undefined) return failure;
    }
    restoreProcessState(libc, command.softOpenFiles);
    if (!mayBegin()) return { exitCode: 1, message: "Cannot start the command: it was given up" };
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    return { exitCode: 1, message: `Cannot confine the command: ${error.message}` };
  }
  return execProgram(libc, command.argv, command.environment);
}

const PR_SET_PDEATHSIG = 1;
const PR_SET_NO_NEW_PRIVS = 38;
const SIGKILL = 9;
const SECCOMP_SET_MODE_FILTER = 1;

/**
 * SIGKILL, because a command may ignore SIGTERM. The second look closes the gap in which the
 * parent died before the call; the id is compared with the parent's, not with 1, since a subreaper
 * may have adopted us.
 */
export function dieWithParent(libc: Libc, parentPid: number): boolean {
  libc.must("prctl(PR_SET_PDEATHSIG)", "prctl", PR_SET_PDEATHSIG, SIGKILL);
  return libc.must("getppid", "getppid") === parentPid;
}

/** All that a policy needs, made, and nothing of it in force yet. */
export interface PreparedConfinement {
  readonly report: Omit<ConfinementReport, "placesSealed">;
  readonly ruleset: Ruleset;
  /** The system-call filter, encoded. */
  readonly filter: Uint8Array;
  readonly places: ProtectedPlaces;
}

/** Changes nothing but descriptors. Errors: SyscallError. */
export function prepareConfinement(
  libc: Libc,
  { policy, policyCwd, environment, codexHome }: ConfinedCommand,
  abi: number,
): PreparedConfinement {
  const networkAccess = policy.mode === "workspace-write" && policy.network_access;
  const writable = resolveWritableRoots(policy, {
    cwd: policyCwd,
    tmpdir: valueOf(environment, "TMPDIR"),
    home: valueOf(environment, "HOME"),
    realpath: diskOfBytes.realpath,
    readlink: diskOfBytes.readlink,
  });
  const rules = pathRules(writable.roots, abi);
  const ruleset = prepareRuleset(libc, rulesetAttributes(abi, networkAccess), rules, abi);
  const needs = { networkAccess, readOnly: policy.mode === "read-only", landlockAbi: abi };
  const filter = seccompFilter(needs, libc.architecture);
  const places = findProtectedPlaces(workspaceDirectories(writable), codexHome, diskOfBytes);
  return { report: { landlockAbi: abi, skippedRoots: writable.skipped }, ruleset, filter, places };
}

function confine(
  libc: Libc,
  command: ConfinedCommand,
  report: (facts: ConfinementReport) => void,
): ConfineFailure | undefined {
  const probe = probeLandlock(libc);
  if (probe.abi === 0) return { exitCode: 1, message: noLandlock(probe.errno ?? "unknown") };
  const prepared = prepareConfinement(libc, command, probe.abi);
  const { places } = prepared;
  const placesSealed = sealable(places).length > 0 && sealPlaces(libc, places);
  report({ ...prepared.report, placesSealed });

  dropCapabilities(libc);
  libc.must("prctl(PR_SET_NO_NEW_PRIVS)", "prctl", PR_SET_NO_NEW_PRIVS, 1);
  enforceRuleset(libc, prepared.ruleset.fd);
  installFilter(libc, prepared.filter);
  return undefined;
}

function installFilter(libc: Libc, filter: Uint8Array): void {
  // struct sock_fprog: u16 len, padding, pointer at offset 8.
  const program = new Uint8Array(16);
  const view = new DataView(program.buffer);
  view.setUint16(0, filter.length / 8, true);
  view.setBigUint64(8, libc.address(filter), true);
  libc.must("seccomp", "seccomp", SECCOMP_SET_MODE_FILTER, 0, program);
}

function noLandlock(errno: string): string {
  const cause =
    errno === "ENOTSUP" // what Node calls EOPNOTSUPP
      ? "it is built in but not enabled at boot"
      : "the kernel does not have it";
  return (
    `Cannot confine the command: Landlock is not available (${errno}: ${cause}); ` +
    'check with "cat /sys/kernel/security/lsm", boot Linux 5.13 or newer with "landlock" in the ' +
    "lsm= list, or run without a sandbox by choosing danger-full-access"
  );
}

/** The first entry of that name, as getenv(3) finds it. */
function valueOf(environment: readonly ByteString[], name: string): string | undefined {
  return environment.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}
