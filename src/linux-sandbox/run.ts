/** The sandbox helper program: parse, confine, exec. The one way in for `main.ts`. */
import { writeSync } from "node:fs";

import { byteStringFromText, readProcList, type ByteString } from "../runtime/byte-string.ts";
import {
  anonymousFileDirectories,
  loadNativeAddon,
  NativeAddonError,
} from "../runtime/native-addon.ts";
import { HELPER_NAME, helperUsage, parseHelperArguments } from "./arguments.ts";
import { confineAndExec, type ConfinedCommand, type ConfinementReport } from "./confine.ts";
import { exitNow } from "./exec-program.ts";
import { bindLibc } from "./libc.ts";
import { hostArchitecture } from "./syscall-numbers.ts";

/**
 * Never returns to being a CLI. On success the process is the command; otherwise it ends here with
 * one line on stderr and 1 (cannot confine), 2 (usage), 126 or 127 (cannot start the program).
 */
export function runLinuxSandbox(): never {
  const words = readProcList("cmdline") ?? process.argv.map(byteStringFromText);
  const parsed = parseHelperArguments(words.slice(1));
  switch (parsed.kind) {
    case "help":
      writeSync(1, helperUsage);
      return process.exit(0);
    case "usage-error":
      return endWith(2, `${parsed.message}; see ${HELPER_NAME} --help`);
    case "run":
      return becomeCommand(
        {
          ...parsed.request,
          environment: wholeEnvironment(),
          parentPid: parsed.request.parentPid ?? process.ppid,
        },
        () => undefined,
      );
  }
}

/** Confines this process and becomes the command, or ends with one line and the exit code. */
export function becomeCommand(
  command: ConfinedCommand,
  report: (facts: ConfinementReport) => void,
): never {
  const architecture = hostArchitecture(process.arch);
  if (process.platform !== "linux" || architecture === undefined) {
    return endWith(1, "Cannot confine the command: this needs Linux on x86-64 or arm64");
  }
  try {
    const addon = loadNativeAddon(anonymousFileDirectories(process.env));
    const libc = bindLibc(addon, architecture);
    const failure = confineAndExec(libc, command, report);
    writeLine(failure.message);
    return exitNow(libc, failure.exitCode);
  } catch (error) {
    if (error instanceof NativeAddonError) return endWith(1, error.message);
    throw error;
  }
}

/** Every entry this process was started with, byte for byte. */
export function wholeEnvironment(): readonly ByteString[] {
  return (
    readProcList("environ") ??
    Object.entries(process.env).map(([name, value]) => byteStringFromText(`${name}=${value ?? ""}`))
  );
}

function endWith(code: number, message: string): never {
  writeLine(message);
  return process.exit(code);
}

// Not process.stderr: creating that stream may set O_NONBLOCK on a descriptor the command shares.
function writeLine(message: string): void {
  try {
    writeSync(2, `${HELPER_NAME}: ${message}\n`);
  } catch {
    // There is nobody to tell; the exit code still says it.
  }
}
