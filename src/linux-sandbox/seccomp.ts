/**
 * Which system calls a confined command may not make: what Landlock cannot see.
 *
 * A denied call answers EPERM, so that programs report it as a permission matter. Every group
 * says what it closes; the program for the kernel is made in bpf.ts.
 */
import { compileSeccomp, ENOSYS, type ArgumentTest, type BpfInstruction } from "./bpf.ts";
import type { Architecture } from "./architecture.ts";
import { syscallNumber, type SyscallName } from "./syscall-numbers.ts";

/** What the filter must know of a policy and of the kernel. */
export interface SeccompNeeds {
  readonly networkAccess: boolean;
  /** Nothing on disk may change, so metadata calls are refused as well. */
  readonly readOnly: boolean;
  /** The kernel's Landlock ABI: what it cannot enforce is refused here where that is possible. */
  readonly landlockAbi: number;
}

/** A rule by name; `whenAny` as in bpf.ts, absent means always. */
export interface NamedRule {
  readonly name: SyscallName;
  readonly whenAny?: readonly (readonly ArgumentTest[])[];
  readonly errno?: number;
}

export function seccompProgram(
  needs: SeccompNeeds,
  architecture: Architecture,
): readonly BpfInstruction[] {
  const rules = seccompRules(needs).flatMap((rule) => {
    const number = syscallNumber(rule.name, architecture);
    if (number === undefined) return [];
    return [{ number, whenAny: rule.whenAny ?? [], errno: rule.errno ?? EPERM }];
  });
  return compileSeccomp(rules, architecture);
}

/** The rules in one list; a call stands in it at most once. */
export function seccompRules(needs: SeccompNeeds): readonly NamedRule[] {
  return [
    ...always,
    ioctlRule(needs.readOnly),
    ...(needs.networkAccess ? networkOn : networkOff),
    ...(needs.readOnly ? metadata : []),
    ...(needs.landlockAbi < 3 ? withoutTruncateRight() : []),
    ...(needs.landlockAbi < 6 ? withoutSignalScope : []),
  ];
}

const EPERM = 1;

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const SOCK_TYPE_MASK = 0xf; // the rest are SOCK_NONBLOCK and SOCK_CLOEXEC
const SOCK_STREAM = 1;
const SOCK_SEQPACKET = 5;

// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET (linux/sched.h).
const CLONE_NAMESPACES = 0x7e020000;
const CLONE_NEWTIME = 0x80; // only for unshare: in clone these bits are the exit signal

const PRIO_PROCESS = 0; // sys/resource.h
const IOPRIO_WHO_PROCESS = 1; // linux/ioprio.h

function low(argument: ArgumentTest["argument"], value: number): ArgumentTest {
  return { argument, half: "low", is: "equal", value };
}

function notLow(argument: ArgumentTest["argument"], value: number): ArgumentTest {
  return { argument, half: "low", is: "not-equal", value };
}

function anyBit(argument: ArgumentTest["argument"], mask: number): ArgumentTest {
  return { argument, half: "low", mask, is: "not-equal", value: 0 };
}

/** A pointer or a 64-bit number that is not zero. */
function notNull(argument: ArgumentTest["argument"]): readonly (readonly ArgumentTest[])[] {
  return [
    [{ argument, half: "low", is: "not-equal", value: 0 }],
    [{ argument, half: "high", is: "not-equal", value: 0 }],
  ];
}

function denied(...names: readonly SyscallName[]): readonly NamedRule[] {
  return names.map((name) => ({ name }));
}

/** Calls refused under every confining policy. */
const always: readonly NamedRule[] = [
  // A ring does sockets and files on its own, past the filter below (seen: connects through it).
  ...denied("io_uring_setup", "io_uring_enter", "io_uring_register"),
  // Other processes' memory and descriptors. ptrace stays: Landlock keeps it inside the sandbox.
  ...denied("process_vm_readv", "process_vm_writev", "pidfd_getfd", "process_madvise"),
  ...denied("process_mrelease"),
  // The kernel itself: programs in it, its tracing, its modules, its next image.
  ...denied("bpf", "perf_event_open", "userfaultfd", "init_module", "finit_module"),
  ...denied("delete_module", "kexec_load", "kexec_file_load", "iopl", "ioperm"),
  // Key rings outlive the command and belong to the user.
  ...denied("add_key", "request_key", "keyctl"),
  // Mounts and namespaces: another view of the files than the one the rules were made for.
  ...denied("mount", "umount2", "pivot_root", "move_mount", "open_tree", "open_tree_attr"),
  ...denied("fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "setns"),
  { name: "unshare", whenAny: [[anyBit(0, CLONE_NAMESPACES | CLONE_NEWTIME)]] },
  { name: "clone", whenAny: [[anyBit(0, CLONE_NAMESPACES)]] },
  // Its flags hide in memory; C libraries fall back to clone when it is missing.
  { name: "clone3", errno: ENOSYS },
  // Opens by inode handle skip the path that rules are attached to.
  ...denied("open_by_handle_at"),
  // The machine: power, clock, name, swap, accounting, quotas, terminals.
  ...denied("reboot", "settimeofday", "clock_settime", "sethostname", "setdomainname"),
  ...denied("swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "vhangup"),
  // System V objects and POSIX queues are found by number or name, whoever made them.
  ...denied("shmget", "shmat", "shmctl", "semget", "semop", "semtimedop", "semctl"),
  ...denied("msgget", "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink"),
  // Limits and priorities of other processes. 0 means oneself; prlimit64 without new values reads.
  {
    name: "prlimit64",
    whenAny: notNull(2).map((test) => [notLow(0, 0), ...test]),
  },
  // For these, 0 as a group or user means all of one's own group, the launcher in it, or user.
  { name: "setpriority", whenAny: [[notLow(0, PRIO_PROCESS)], [notLow(1, 0)]] },
  { name: "ioprio_set", whenAny: [[notLow(0, IOPRIO_WHO_PROCESS)], [notLow(1, 0)]] },
  { name: "sched_setaffinity", whenAny: [[notLow(0, 0)]] },
  { name: "sched_setattr", whenAny: [[notLow(0, 0)]] },
  { name: "sched_setparam", whenAny: [[notLow(0, 0)]] },
  { name: "sched_setscheduler", whenAny: [[notLow(0, 0)]] },
];

/**
 * Network off: sockets of this command's own making only, that is, connected local pairs.
 *
 * Datagram sockets are left out because sendmsg can carry an address in memory that a filter
 * cannot read; on a stream or seqpacket pair the kernel ignores or refuses such an address.
 */
const networkOff: readonly NamedRule[] = [
  { name: "socket", whenAny: [[notLow(0, AF_UNIX)], notStreamLike()] },
  { name: "socketpair", whenAny: [[notLow(0, AF_UNIX)], notStreamLike()] },
  ...denied("connect", "bind", "listen", "accept", "accept4", "sendmmsg"),
  { name: "sendto", whenAny: notNull(4) },
];

/**
 * Network on: internet sockets and route look-ups. Local sockets that have a name stay closed: a
 * daemon behind one (a container engine, a service manager) acts with more rights than the policy
 * grants. Virtual-machine sockets, packet sockets and kernel crypto are no network of the user's.
 */
const networkOn: readonly NamedRule[] = [
  {
    name: "socket",
    whenAny: [
      [notLow(0, AF_INET), notLow(0, AF_INET6), notLow(0, AF_NETLINK)],
      [low(0, AF_NETLINK), notLow(2, 0)], // protocol 0 is NETLINK_ROUTE
    ],
  },
  { name: "socketpair", whenAny: [[notLow(0, AF_UNIX)], notStreamLike()] },
];

function notStreamLike(): readonly ArgumentTest[] {
  return [SOCK_STREAM, SOCK_SEQPACKET].map((value) => ({
    argument: 1,
    half: "low",
    mask: SOCK_TYPE_MASK,
    is: "not-equal",
    value,
  }));
}

/** Read-only means that modes, owners, times and attributes stay as they are, too. */
const metadata: readonly NamedRule[] = denied(
  "chmod",
  "fchmod",
  "fchmodat",
  "fchmodat2",
  "chown",
  "fchown",
  "lchown",
  "fchownat",
  "utime",
  "utimes",
  "futimesat",
  "utimensat",
  "setxattr",
  "lsetxattr",
  "fsetxattr",
  "setxattrat",
  "removexattr",
  "lremovexattr",
  "fremovexattr",
  "removexattrat",
  "file_setattr",
);

const TIOCSTI = 0x5412; // types into the user's terminal
const TIOCLINUX = 0x541c; // pastes into the console

/** Made without asking whether Landlock allows a new directory there (fs/btrfs/ioctl.c). */
const btrfsSubvolumes: readonly number[] = [
  0x50009401, // SNAP_CREATE
  0x5000940e, // SUBVOL_CREATE
  0x5000940f, // SNAP_DESTROY
  0x50009417, // SNAP_CREATE_V2
  0x50009418, // SUBVOL_CREATE_V2
  0x4008941a, // SUBVOL_SETFLAGS
  0x5000943f, // SNAP_DESTROY_V2
];

/** Changes to a file that need only a read-only descriptor (linux/fs.h, fsverity.h, fscrypt.h). */
const metadataIoctls: readonly number[] = [
  0x40086602, // FS_IOC_SETFLAGS
  0x40046602, // FS_IOC32_SETFLAGS
  0x40087602, // FS_IOC_SETVERSION
  0x40047602, // FS_IOC32_SETVERSION
  0x40086604, // EXT4_IOC_SETVERSION
  0x40046604, // EXT4_IOC32_SETVERSION
  0x401c5820, // FS_IOC_FSSETXATTR
  0x40806685, // FS_IOC_ENABLE_VERITY
  0x800c6613, // FS_IOC_SET_ENCRYPTION_POLICY
];

// The kernel looks at the low 32 bits of the request only; so does the rule.
function ioctlRule(readOnly: boolean): NamedRule {
  const requests = [TIOCSTI, TIOCLINUX, ...btrfsSubvolumes, ...(readOnly ? metadataIoctls : [])];
  return { name: "ioctl", whenAny: requests.map((request) => [low(1, request)]) };
}

const O_RDONLY = 0;
const O_ACCMODE = 0o3;
const O_TRUNC = 0o1000;

/**
 * Below ABI 3 Landlock does not see truncation: truncate(2), and O_TRUNC on an open for reading or
 * for neither (access mode 3, which asks Landlock for no right at all).
 * openat2 keeps its flags in memory, so it goes missing and programs use openat.
 */
function withoutTruncateRight(): readonly NamedRule[] {
  const truncates = (argument: 1 | 2): readonly (readonly ArgumentTest[])[] =>
    [O_RDONLY, O_ACCMODE].map((mode) => [
      { argument, half: "low", mask: O_ACCMODE | O_TRUNC, is: "equal", value: mode | O_TRUNC },
    ]);
  return [
    { name: "truncate" },
    { name: "open", whenAny: truncates(1) },
    { name: "openat", whenAny: truncates(2) },
    { name: "openat2", errno: ENOSYS },
  ];
}

/** Below ABI 6 a signal to every process of the user is the part that can still be refused. */
const withoutSignalScope: readonly NamedRule[] = [
  { name: "kill", whenAny: [[low(0, 0xffffffff)]] },
];
