/**
 * The system calls that the sandbox needs, one wrapper per intent.
 *
 * Everything goes through one binding of syscall(2): one prototype to resolve, and the kernel's
 * own structures instead of the C library's. All calls are synchronous and made on the main
 * thread, the one that later execs.
 */
import { getSystemErrorName } from "node:util";

import type { NativeAddon, NativeArgument } from "../runtime/native-addon.ts";
import type { Architecture } from "./architecture.ts";
import { ownSyscallNumber, type OwnSyscallName } from "./own-syscalls.ts";

/** A system call that failed. Facts are fields; `errno` is symbolic, for example "EPERM". */
export class SyscallError extends Error {
  override readonly name = "SyscallError";
  readonly call: string;
  readonly errno: string;

  constructor(call: string, errno: string) {
    super(`${call} failed: ${errno}`);
    this.call = call;
    this.errno = errno;
  }
}

/** What a system call answered: its result, or the symbolic error. */
export type SyscallAnswer =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly errno: string };

/** One argument; memory is passed by address and must stay referenced by the caller. */
export type SyscallArgument = NativeArgument | Uint8Array | BigUint64Array;

export interface Libc {
  readonly architecture: Architecture;
  /** Makes one call. Up to six arguments; the rest are zero (prctl demands it). */
  call(name: OwnSyscallName, ...args: readonly SyscallArgument[]): SyscallAnswer;
  /** As call, but failure is a SyscallError under the name `what`. */
  must(what: string, name: OwnSyscallName, ...args: readonly SyscallArgument[]): number;
  /** Where `memory` begins, for pointers inside structures. */
  address(memory: Uint8Array | BigUint64Array): bigint;
}

export function bindLibc(addon: NativeAddon, architecture: Architecture): Libc {
  const syscall = addon
    .load(null)
    .func(
      "long syscall(long nr, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e, uintptr_t f)",
    );
  const native = (value: SyscallArgument): NativeArgument => {
    if (typeof value === "number") return value < 0 ? BigInt.asUintN(64, BigInt(value)) : value;
    return typeof value === "bigint" ? BigInt.asUintN(64, value) : addon.address(value);
  };
  // Written out, since a confinement makes some eighty of them in code that is run once.
  const call = (
    name: OwnSyscallName,
    a: SyscallArgument = 0,
    b: SyscallArgument = 0,
    c: SyscallArgument = 0,
    d: SyscallArgument = 0,
    e: SyscallArgument = 0,
    f: SyscallArgument = 0,
  ): SyscallAnswer => {
    const number = ownSyscallNumber(name, architecture);
    const result = Number(
      syscall(
        number,
        a === 0 ? 0 : native(a),
        b === 0 ? 0 : native(b),
        c === 0 ? 0 : native(c),
        d === 0 ? 0 : native(d),
        e === 0 ? 0 : native(e),
        f === 0 ? 0 : native(f),
      ),
    );
    if (result !== -1) return { ok: true, value: result };
    return { ok: false, errno: errnoName(addon.errno()) };
  };
  return {
    architecture,
    call,
    must(what, name, ...args) {
      const answer = call(name, ...args);
      if (!answer.ok) throw new SyscallError(what, answer.errno);
      return answer.value;
    },
    address: (memory) => addon.address(memory),
  };
}

function errnoName(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `errno ${errno}`; // libuv's list lacks some, for example ENOEXEC's neighbours
  }
}
