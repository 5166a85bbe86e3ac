/**
 * Replaces this process by another program: same process id, terminal and place in its group, so
 * that signals and the exit status need nobody in between.
 *
 * On Linux through libc, as the sandbox helper does. Elsewhere through Node's `process.execve`:
 * that needs no native addon, which a Mac would want unpacked to a named file and signed. What
 * `process.execve` leaves as Node set it is put back here, except for one thing that only
 * setrlimit(2) could: the command keeps the raised soft limit of open files.
 */
import { closeSync, readdirSync } from "node:fs";

import { execFile, restoreProcessState } from "../linux-sandbox/exec-program.ts";
import { bindLibc } from "../linux-sandbox/libc.ts";
import { inheritedSoftOpenFiles } from "../linux-sandbox/original-limits.ts";
import { hostArchitecture } from "../linux-sandbox/architecture.ts";
import { byteStringFromText, textOf, type ByteString } from "../runtime/byte-string.ts";
import { anonymousFileDirectories, loadNativeAddon } from "../runtime/native-addon.ts";

export interface Replacement {
  readonly program: string;
  /** All of it, argv[0] included. */
  readonly argv: readonly ByteString[];
  /** Whole "name=value" entries. */
  readonly environment: readonly ByteString[];
}

/**
 * Returns only when that failed: the symbolic error.
 * Errors: NativeAddonError, SyscallError.
 */
export function replaceProcess(replacement: Replacement): string {
  const architecture = hostArchitecture(process.arch);
  if (process.platform !== "linux" || architecture === undefined) {
    return replaceThroughNode(replacement);
  }
  const libc = bindLibc(loadNativeAddon(anonymousFileDirectories(process.env)), architecture);
  restoreProcessState(libc, inheritedSoftOpenFiles());
  const program = byteStringFromText(replacement.program);
  return execFile(libc, program, replacement.argv, replacement.environment);
}

/** A Mac's limit for arguments and environment together (sysctl kern.argmax), with some room. */
const MOST_BYTES = 1024 * 1024 - 16 * 1024;
const POINTER_BYTES = 8;

/** Exported for tests, which run it on Linux too. */
export function replaceThroughNode({ program, argv, environment }: Replacement): string {
  // Node 24 aborts with a core dump when execve(2) fails, so what can be foreseen is.
  const bytes = [...argv, ...environment].reduce(
    (sum, value) => sum + value.length + 1 + POINTER_BYTES,
    0,
  );
  if (bytes > MOST_BYTES) return "E2BIG";
  if (process.execve === undefined) return "ENOSYS";
  // Node ignores these two. exec keeps what is ignored and resets what is handled.
  for (const signal of ["SIGPIPE", "SIGXFSZ"] as const) process.on(signal, () => undefined);
  closeEverythingFrom3();
  const [, ...args] = argv;
  process.execve(program, [program, ...args.map(textOf)], asRecord(environment));
  return "EINVAL";
}

/** The event loop's own descriptors go too; nothing runs here any more but exec. */
function closeEverythingFrom3(): void {
  for (const name of readdirSync("/dev/fd")) {
    const descriptor = Number(name);
    if (!Number.isInteger(descriptor) || descriptor < 3) continue;
    try {
      closeSync(descriptor);
    } catch {
      // The one that listed the others is closed already.
    }
  }
}

function asRecord(environment: readonly ByteString[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (const entry of environment.map(textOf)) {
    const end = entry.indexOf("=");
    if (end > 0) record[entry.slice(0, end)] ??= entry.slice(end + 1);
  }
  return record;
}
