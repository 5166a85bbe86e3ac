/**
 * The numbers of the system calls that this program makes itself; syscall-numbers.ts has its
 * sources, and those that only filters name. A table apart, since every start of a helper builds it.
 */
import type { Architecture } from "./architecture.ts";

/** `undefined` means the architecture has no such call. */
export type Numbers = readonly [x64: number | undefined, arm64: number | undefined];

export type OwnSyscallName = keyof typeof ownCalls;

export function ownSyscallNumber(name: OwnSyscallName, architecture: Architecture): number {
  return ownCalls[name][architecture === "x64" ? 0 : 1];
}

export const ownCalls = {
  capget: [125, 90],
  capset: [126, 91],
  chdir: [80, 49],
  clone: [56, 220],
  close_range: [436, 436],
  dup3: [292, 24],
  execve: [59, 221],
  exit_group: [231, 94],
  fcntl: [72, 25],
  getppid: [110, 173],
  kill: [62, 129],
  landlock_add_rule: [445, 445],
  landlock_create_ruleset: [444, 444],
  landlock_restrict_self: [446, 446],
  madvise: [28, 233],
  memfd_create: [319, 279],
  mount: [165, 40],
  mount_setattr: [442, 442],
  openat: [257, 56],
  openat2: [437, 437],
  pipe2: [293, 59],
  prctl: [157, 167],
  ppoll: [271, 73],
  prlimit64: [302, 261],
  recvmsg: [47, 212],
  rt_sigaction: [13, 134],
  rt_sigprocmask: [14, 135],
  seccomp: [317, 277],
  sendmsg: [46, 211],
  setsid: [112, 157],
  socketpair: [53, 199],
  unshare: [272, 97],
  wait4: [61, 260],
} as const satisfies Record<string, Numbers>;
