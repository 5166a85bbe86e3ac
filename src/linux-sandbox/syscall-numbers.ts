/**
 * System call numbers, per architecture: what this program calls and what its filters name.
 *
 * Source: x64 from arch/x86/entry/syscalls/syscall_64.tbl (asm/unistd_64.h), arm64 from
 * include/uapi/asm-generic/unistd.h. From 424 on both are the same. A test holds the table against
 * the installed kernel headers. `undefined` means the architecture has no such call.
 */
import type { Architecture } from "./architecture.ts";
import { ownCalls, type Numbers } from "./own-syscalls.ts";

export type SyscallName = keyof typeof table;

/** The number of one call, or undefined where the architecture does not have it. */
export function syscallNumber(name: SyscallName, architecture: Architecture): number | undefined {
  return table[name][architecture === "x64" ? 0 : 1];
}

/** Every name in the table, for tests and for listing rules. */
export function syscallNames(): readonly SyscallName[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys of a closed literal
  return Object.keys(table) as SyscallName[];
}

const table = {
  ...ownCalls,
  accept: [43, 202],
  accept4: [288, 242],
  acct: [163, 89],
  add_key: [248, 217],
  bind: [49, 200],
  bpf: [321, 280],
  chmod: [90, undefined],
  chown: [92, undefined],
  clock_settime: [227, 112],
  clone3: [435, 435],
  connect: [42, 203],
  delete_module: [176, 106],
  fchmod: [91, 52],
  fchmodat: [268, 53],
  fchmodat2: [452, 452],
  fchown: [93, 55],
  fchownat: [260, 54],
  file_setattr: [469, 469],
  finit_module: [313, 273],
  fremovexattr: [199, 16],
  fsconfig: [431, 431],
  fsetxattr: [190, 7],
  fsmount: [432, 432],
  fsopen: [430, 430],
  fspick: [433, 433],
  futimesat: [261, undefined],
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
  lchown: [94, undefined],
  listen: [50, 201],
  lremovexattr: [198, 15],
  lsetxattr: [189, 6],
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
  perf_event_open: [298, 241],
  pidfd_getfd: [438, 438],
  pivot_root: [155, 41],
  process_madvise: [440, 440],
  process_mrelease: [448, 448],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  reboot: [169, 142],
  removexattr: [197, 14],
  removexattrat: [466, 466],
  request_key: [249, 218],
  sched_setaffinity: [203, 122],
  sched_setattr: [314, 274],
  sched_setparam: [142, 118],
  sched_setscheduler: [144, 119],
  semctl: [66, 191],
  semget: [64, 190],
  semop: [65, 193],
  semtimedop: [220, 192],
  sendmmsg: [307, 269],
  sendto: [44, 206],
  setdomainname: [171, 162],
  sethostname: [170, 161],
  setns: [308, 268],
  setpriority: [141, 140],
  settimeofday: [164, 170],
  setxattr: [188, 5],
  setxattrat: [463, 463],
  shmat: [30, 196],
  shmctl: [31, 195],
  shmget: [29, 194],
  socket: [41, 198],
  swapoff: [168, 225],
  swapon: [167, 224],
  truncate: [76, 45],
  umount2: [166, 39],
  userfaultfd: [323, 282],
  utime: [132, undefined],
  utimensat: [280, 88],
  utimes: [235, undefined],
  vhangup: [153, 58],
} as const satisfies Record<string, Numbers>;
