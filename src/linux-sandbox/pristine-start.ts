/**
 * Starts this program anew when the dynamic loader was told to put foreign code into it.
 *
 * LD_PRELOAD and LD_AUDIT libraries run before anything of ours and may answer system calls in the
 * kernel's place, confining calls included. They cannot be kept out of the first start, but the
 * process that confines itself is started without them. The command still gets the variables when
 * its environment policy lets them through.
 */
import { brand, type ByteString } from "../runtime/byte-string.ts";
import { execFile, restoreProcessState } from "./exec-program.ts";
import { settingAside } from "./inherited-environment.ts";
import { SyscallError, type Libc } from "./libc.ts";

/**
 * Becomes the same program with the same arguments, the variables under other names.
 * Errors: SyscallError when that exec fails.
 */
export function leavePreloadsBehind(
  libc: Libc,
  words: readonly ByteString[],
  environment: readonly ByteString[],
): never {
  restoreProcessState(libc, undefined);
  // The magic link works also when the file was moved, replaced or removed since the start.
  const errno = execFile(libc, brand("/proc/self/exe"), words, settingAside(environment));
  throw new SyscallError("starting anew without preloaded libraries", errno);
}
