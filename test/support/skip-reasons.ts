/**
 * Reasons for which a test cannot say anything here. Each is `false` or a sentence, as the `skip`
 * option of node:test takes it, so that every skip is visible with its reason.
 */
import { readFileSync } from "node:fs";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

import { probeLandlock } from "../../src/linux-sandbox/landlock.ts";
import { bindLibc, type Libc } from "../../src/linux-sandbox/libc.ts";
import { hostArchitecture } from "../../src/linux-sandbox/architecture.ts";
import { loadNativeAddon } from "../../src/runtime/native-addon.ts";
import { isSeatbeltAvailable, SANDBOX_EXEC } from "../../src/sandbox/seatbelt.ts";
import { needsBinary } from "./codex-binary.ts";

export type SkipReason = false | string;

/** libc of this machine, or undefined where the sandbox's system calls do not exist. */
export function hostLibc(): Libc | undefined {
  const architecture = hostArchitecture(process.arch);
  if (process.platform !== "linux" || architecture === undefined) return undefined;
  return bindLibc(loadNativeAddon([]), architecture);
}

/** Landlock's ABI here, 0 without it. */
export const landlockAbi: number = findLandlockAbi();

export const needsLinux: SkipReason =
  hostLibc() === undefined ? "needs Linux on x86-64 or arm64" : false;

export const needsLandlock: SkipReason =
  landlockAbi === 0 ? "the kernel has no Landlock, or it is not enabled" : false;

/** For tests that confine a command with the built executable. */
export const needsSandbox: SkipReason = firstReason(needsLinux, needsLandlock, needsBinary);

/** For tests that confine a command with whatever this platform has; see under-sandbox.ts. */
export const needsPlatformSandbox: SkipReason =
  process.platform === "darwin" ? needsSeatbelt() : needsSandbox;

/** Set by our own sandbox when the network is off; the project's tests also run inside it. */
export const needsNetwork: SkipReason =
  process.env["CODEX_SANDBOX_NETWORK_DISABLED"] === undefined
    ? false
    : "the network is off (CODEX_SANDBOX_NETWORK_DISABLED is set)";

export const needsRoot: SkipReason = process.geteuid?.() === 0 ? false : "needs root";

/** Whether a sandbox already confines this test process, so that attacks fail for that reason. */
export const alreadyConfined: boolean =
  statusOf("Seccomp") === "2" || statusOf("NoNewPrivs") === "1";

export const needsFreedom: SkipReason = alreadyConfined
  ? "this test process is confined itself"
  : false;

export const needsX64: SkipReason = process.arch === "x64" ? false : "is about x86-64";

export function needsProgram(name: string): SkipReason {
  return programPath(name) === undefined ? `${name} is not installed` : false;
}

/** Where a program is, by PATH. */
export function programPath(name: string): string | undefined {
  for (const directory of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(directory || ".", name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next directory.
    }
  }
  return undefined;
}

export function firstReason(...reasons: readonly SkipReason[]): SkipReason {
  return reasons.find((reason) => reason !== false) ?? false;
}

function needsSeatbelt(): SkipReason {
  return isSeatbeltAvailable() ? false : `there is no ${SANDBOX_EXEC}`;
}

function findLandlockAbi(): number {
  const libc = hostLibc();
  return libc === undefined ? 0 : probeLandlock(libc).abi;
}

function statusOf(name: string): string | undefined {
  try {
    const status = readFileSync("/proc/self/status", "latin1");
    return new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(status)?.[1];
  } catch {
    return undefined;
  }
}
