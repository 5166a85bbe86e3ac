/** The sandbox helper program: parse, confine, exec. The one way in for `main.ts`. */
import { writeSync } from "node:fs";

import {
  brand,
  byteStringFromText,
  readProcList,
  type ByteString,
} from "../runtime/byte-string.ts";
import {
  anonymousFileDirectories,
  loadNativeAddon,
  NativeAddonError,
} from "../runtime/native-addon.ts";
import { HELPER_NAME, helperUsage, parseHelperArguments } from "./arguments.ts";
import { confineAndExec, type ConfinedCommand } from "./confine.ts";
import { exitNow } from "./exec-program.ts";
import { forkHelpers } from "./fork-helpers.ts";
import type { Confinement } from "./helper-status.ts";
import { bindLibc, SyscallError, type Libc } from "./libc.ts";
import { hasPreloads, leavePreloadsBehind, withoutSettingAside } from "./pristine-start.ts";
import { hostArchitecture } from "./syscall-numbers.ts";
import { refuse, waitForCommand, type WaitEnd } from "./wait-for-command.ts";

/**
 * Never returns to being a CLI. On success the process is the command; otherwise it ends here with
 * one line on stderr and 1 (cannot confine), 2 (usage), 126 or 127 (cannot start the program).
 */
export function runLinuxSandbox(): never {
  const words = readProcList("cmdline") ?? process.argv.map(byteStringFromText);
  startPristine(HELPER_NAME);
  const parsed = parseHelperArguments(words.slice(1));
  switch (parsed.kind) {
    case "help":
      writeSync(1, helperUsage);
      return process.exit(0);
    case "usage-error":
      return endWith(HELPER_NAME, 2, `${parsed.message}; see ${HELPER_NAME} --help`);
    case "wait":
      return waitAndBecome(parsed.parentPid);
    case "template":
      return serveAsTemplate(parsed.parentPid);
    case "run": {
      const environment = wholeEnvironment();
      return becomeCommand(
        {
          ...parsed.request,
          environment,
          codexHome: codexHomeOf(environment),
          parentPid: parsed.request.parentPid ?? process.ppid,
        },
        { speaker: HELPER_NAME, tell: () => undefined },
      );
    }
  }
}

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

/** Becomes the one command that arrives, or ends: see wait-for-command.ts. */
function waitAndBecome(parentPid: number): never {
  const fail = (message: string): never => endWith(HELPER_NAME, 1, refuse(message).message);
  return withLibc(fail, (libc) => endOfWait(libc, waitForCommand(libc, parentPid)));
}

function endOfWait(libc: Libc, end: WaitEnd): never {
  if (end === "not-needed") return exitNow(libc, 0);
  if (end.exitCode !== 1) writeLine(HELPER_NAME, end.message);
  return exitNow(libc, end.exitCode);
}

/** Forks helpers for its parent, see fork-helpers.ts; each of them comes out of it here, too. */
function serveAsTemplate(parentPid: number): never {
  const fail = (message: string): never => endWith(HELPER_NAME, 1, message);
  return withLibc(fail, (libc) => {
    try {
      if (forkHelpers(libc, parentPid) === "not-needed") return exitNow(libc, 0);
      return endOfWait(libc, waitForCommand(libc, parentPid, true));
    } catch (error) {
      // A copy has no threads to end in an orderly way, as Node would for an error.
      const message = error instanceof Error ? error.message : String(error);
      writeLine(HELPER_NAME, refuse(message).message);
      return exitNow(libc, 1);
    }
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

function withLibc(fail: (message: string) => never, use: (libc: Libc) => never): never {
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

/** As config/codex-home.ts finds it, which is too large to load here. */
function codexHomeOf(environment: readonly ByteString[]): ByteString | undefined {
  const valueOf = (name: string): string | undefined =>
    environment.find((entry) => entry.startsWith(`${name}=/`))?.slice(name.length + 1);
  const home = valueOf("HOME");
  const path = valueOf("CODEX_HOME") ?? (home === undefined ? undefined : `${home}/.codex`);
  return path === undefined ? undefined : brand(path);
}

/** Every entry this process was started with, byte for byte. */
export function wholeEnvironment(): readonly ByteString[] {
  return withoutSettingAside(
    readProcList("environ") ??
      Object.entries(process.env).map(([name, value]) =>
        byteStringFromText(`${name}=${value ?? ""}`),
      ),
  );
}

function endWith(speaker: string, code: number, message: string): never {
  writeLine(speaker, message);
  return process.exit(code);
}

// Not process.stderr: creating that stream may set O_NONBLOCK on a descriptor the command shares.
function writeLine(speaker: string, message: string): void {
  try {
    writeSync(2, `${speaker}: ${message}\n`);
  } catch {
    // There is nobody to tell; the exit code still says it.
  }
}
