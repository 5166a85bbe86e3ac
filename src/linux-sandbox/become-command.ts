/** This process confines itself and becomes a command, or ends with one line and an exit code. */
import { writeSync } from "node:fs";

import { readProcList } from "../runtime/byte-string.ts";
import {
  anonymousFileDirectories,
  loadNativeAddon,
  NativeAddonError,
} from "../runtime/native-addon.ts";
import { hostArchitecture } from "./architecture.ts";
import { confineAndExec, type ConfinedCommand } from "./confine.ts";
import { exitNow } from "./exec-program.ts";
import type { Confinement } from "./helper-status.ts";
import { hasPreloads } from "./inherited-environment.ts";
import { bindLibc, SyscallError, type Libc } from "./libc.ts";
import { leavePreloadsBehind } from "./pristine-start.ts";

/** Who speaks to the user, and who is told about the confinement before it begins. */
export interface Reporter {
  readonly speaker: string;
  readonly tell: (facts: Confinement) => void;
}

/** Confines this process and becomes the command, or ends with one line and the exit code. */
export function becomeCommand(command: ConfinedCommand, reporter: Reporter): never {
  const fail = (message: string): never => endWith(reporter.speaker, 1, message);
  return withLibc(fail, (libc) => {
    const failure = confineAndExec(libc, command, reporter.tell);
    writeLine(reporter.speaker, failure.message);
    return exitNow(libc, failure.exitCode);
  });
}

/**
 * To be called first: when libraries were preloaded into this process, becomes the same program
 * without them; see pristine-start.ts.
 */
export function startPristine(speaker: string): void {
  const environment = readProcList("environ");
  const words = readProcList("cmdline");
  if (environment === undefined || words === undefined || !hasPreloads(environment)) return;
  const fail = (message: string): never => endWith(speaker, 1, message);
  withLibc(fail, (libc) => leavePreloadsBehind(libc, words, environment));
}

/** `fail` is called where there is no way to libc, and for a system call that failed. */
export function withLibc(fail: (message: string) => never, use: (libc: Libc) => never): never {
  const architecture = hostArchitecture(process.arch);
  if (process.platform !== "linux" || architecture === undefined) {
    return fail("Cannot confine the command: this needs Linux on x86-64 or arm64");
  }
  try {
    return use(bindLibc(loadNativeAddon(anonymousFileDirectories(process.env)), architecture));
  } catch (error) {
    if (error instanceof NativeAddonError || error instanceof SyscallError) {
      return fail(error.message);
    }
    throw error;
  }
}

export function endWith(speaker: string, code: number, message: string): never {
  writeLine(speaker, message);
  return process.exit(code);
}

// Not process.stderr: creating that stream may set O_NONBLOCK on a descriptor the command shares.
export function writeLine(speaker: string, message: string): void {
  try {
    writeSync(2, `${speaker}: ${message}\n`);
  } catch {
    // There is nobody to tell; the exit code still says it.
  }
}
