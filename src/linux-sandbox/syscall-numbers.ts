/**
 * System call numbers, per architecture.
 *
 * Source: x64 from arch/x86/entry/syscalls/syscall_64.tbl (asm/unistd_64.h), arm64 from
 * include/uapi/asm-generic/unistd.h. From 424 on both are the same. A test holds the table against
 * the installed kernel headers. `undefined` means the architecture has no such call.
 */

export type Architecture = "x64" | "arm64";

export type SyscallName = keyof typeof table;

/** The number of one call, or undefined where the architecture does not have it. */
export function syscallNumber(name: SyscallName, architecture: Architecture): number | undefined {
  return table[name][architecture === "x64" ? 0 : 1];
}

/** The number of a call that both architectures have. */
export function requireSyscallNumber(name: SyscallName, architecture: Architecture): number {
  const number = syscallNumber(name, architecture);
  if (number === undefined) throw new RangeError(`No system call "${name}" on ${architecture}`);
  return number;
}

/** Every name in the table, for tests and for listing rules. */
export function syscallNames(): readonly SyscallName[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys of a closed literal
  return Object.keys(table) as SyscallName[];
}

/** The running machine's architecture; anything else has no sandbox here. */
export function hostArchitecture(arch: string): Architecture | undefined {
  return arch === "x64" || arch === "arm64" ? arch : undefined;
}

type Numbers = readonly [x64: number | undefined, arm64: number | undefined];

const table = {
  accept: [43, 202],
  accept4: [288, 242],
  acct: [163, 89],
  add_key: [248, 217],
  bind: [49, 200],
  bpf: [321, 280],
  capget: [125, 90],
  capset: [126, 91],
  chdir: [80, 49],
  chmod: [90, undefined],
  chown: [92, undefined],
  clock_settime: [227, 112],
  clone: [56, 220],
  clone3: [435, 435],
  close_range: [436, 436],
  connect: [42, 203],
  delete_module: [176, 106],
  dup3: [292, 24],
  execve: [59, 221],
  exit_group: [231, 94],
  fchmod: [91, 52],
  fchmodat: [268, 53],
  fchmodat2: [452, 452],
  fchown: [93, 55],
  fchownat: [260, 54],
  fcntl: [72, 25],
  file_setattr: [469, 469],
  finit_module: [313, 273],
  fremovexattr: [199, 16],
  fsconfig: [431, 431],
  fsetxattr: [190, 7],
  fsmount: [432, 432],
  fsopen: [430, 430],
  fspick: [433, 433],
  futimesat: [261, undefined],
  getppid: [110, 173],
  init_module: [175, 105],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  io_uring_setup: [425, 425],
  ioctl: [16, 29],
  ioperm: [173, undefined],
  iopl: [172, undefined],
  ioprio_set: [251, 30],
  kexec_file_load: [320, 294],
  kexec_load: [246, 104],
  keyctl: [250, 219],
  kill: [62, 129],
  landlock_add_rule: [445, 445],
  landlock_create_ruleset: [444, 444],
  landlock_restrict_self: [446, 446],
  lchown: [94, undefined],
  listen: [50, 201],
  lremovexattr: [198, 15],
  lsetxattr: [189, 6],
  madvise: [28, 233],
  mount: [165, 40],
  mount_setattr: [442, 442],
  move_mount: [429, 429],
  mq_open: [240, 180],
  mq_unlink: [241, 181],
  msgctl: [71, 187],
  msgget: [68, 186],
  msgrcv: [70, 188],
  msgsnd: [69, 189],
  open: [2, undefined],
  open_by_handle_at: [304, 265],
  open_tree: [428, 428],
  open_tree_attr: [467, 467],
  openat: [257, 56],
  openat2: [437, 437],
  perf_event_open: [298, 241],
  pidfd_getfd: [438, 438],
  pipe2: [293, 59],
  pivot_root: [155, 41],
  prctl: [157, 167],
  ppoll: [271, 73],
  prlimit64: [302, 261],
  process_madvise: [440, 440],
  process_mrelease: [448, 448],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  recvmsg: [47, 212],
  reboot: [169, 142],
  removexattr: [197, 14],
  removexattrat: [466, 466],
  request_key: [249, 218],
  rt_sigaction: [13, 134],
  rt_sigprocmask: [14, 135],
  sched_setaffinity: [203, 122],
  sched_setattr: [314, 274],
  sched_setparam: [142, 118],
  sched_setscheduler: [144, 119],
  seccomp: [317, 277],
  semctl: [66, 191],
  semget: [64, 190],
  semop: [65, 193],
  semtimedop: [220, 192],
  sendmmsg: [307, 269],
  sendmsg: [46, 211],
  sendto: [44, 206],
  setdomainname: [171, 162],
  sethostname: [170, 161],
  setns: [308, 268],
  setpriority: [141, 140],
  setsid: [112, 157],
  settimeofday: [164, 170],
  setxattr: [188, 5],
  setxattrat: [463, 463],
  shmat: [30, 196],
  shmctl: [31, 195],
  shmget: [29, 194],
  socket: [41, 198],
  socketpair: [53, 199],
  swapoff: [168, 225],
  swapon: [167, 224],
  truncate: [76, 45],
  umount2: [166, 39],
  unshare: [272, 97],
  userfaultfd: [323, 282],
  utime: [132, undefined],
  utimensat: [280, 88],
  utimes: [235, undefined],
  vhangup: [153, 58],
  wait4: [61, 260],
} as const satisfies Record<string, Numbers>;
