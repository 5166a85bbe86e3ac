/** The part of `codex debug seatbelt` behind what it shares with `codex debug landlock`. */
import { findProgram } from "../process/find-program.ts";
import { withSandboxMarkers } from "../process/sandbox-environment.ts";
import type { SandboxPolicy } from "../protocol/sandbox-policy.ts";
import {
  brand,
  byteStringFromText,
  quoted,
  textOf,
  valueInEntries,
} from "../runtime/byte-string.ts";
import type { ByteString } from "../runtime/byte-string.ts";
import { SANDBOX_EXEC, seatbeltCommand } from "../sandbox/seatbelt.ts";
import { replaceProcess } from "./replace-process.ts";

export { isSeatbeltAvailable } from "../sandbox/seatbelt.ts";

export const NEEDS_MACOS = `"debug seatbelt" needs macOS: there is no ${SANDBOX_EXEC} here`;

export interface DebuggedCommand {
  readonly policy: SandboxPolicy;
  readonly policyCwd: ByteString;
  readonly argv: readonly ByteString[];
  /** After the environment policy, without the markers of a sandbox. */
  readonly environment: readonly ByteString[];
  readonly codexHome: string;
}

/** Becomes the command; the exit code when that failed: 127 not found, 126 not executable, 1. */
export function becomeUnderSeatbelt(
  command: DebuggedCommand,
  complain: (message: string) => number,
): number {
  const { policy, argv, environment } = command;
  const program = findProgram(argv[0] ?? brand(""), environment);
  if ("exitCode" in program) {
    complain(program.message);
    return program.exitCode;
  }
  if (policy.mode === "danger-full-access") {
    return failedToStart(
      replaceProcess({ program: textOf(program.path), argv, environment }),
      complain,
    );
  }
  const {
    program: launcher,
    args,
    skippedRoots,
  } = seatbeltCommand(
    policy,
    {
      policyCwd: textOf(command.policyCwd),
      tmpdir: valueOf(environment, "TMPDIR"),
      home: valueOf(environment, "HOME"),
      codexHome: command.codexHome,
    },
    [],
  );
  for (const { path, reason, covered } of skippedRoots) {
    if (!covered) complain(`${quoted(path)} is not writable: ${reason}`);
  }
  const errno = replaceProcess({
    program: launcher,
    // The command's own words go on as the bytes they came as.
    argv: [launcher, ...args].map(byteStringFromText).concat(argv),
    environment: withSandboxMarkers(environment, policy, "seatbelt"),
  });
  return failedToStart(errno, complain);
}

function failedToStart(errno: string, complain: (message: string) => number): number {
  const tooLong = errno === "E2BIG" ? "the arguments and environment are too long " : "";
  complain(`Cannot start the command: ${tooLong === "" ? errno : `${tooLong}(${errno})`}`);
  return tooLong === "" ? 1 : 126;
}

function valueOf(environment: readonly ByteString[], name: string): string | undefined {
  const value = valueInEntries(environment, name);
  return value === undefined ? undefined : textOf(value);
}
