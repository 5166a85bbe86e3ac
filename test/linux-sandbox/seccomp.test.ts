import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";

import type { Architecture } from "../../src/linux-sandbox/architecture.ts";
import { auditArchitecture, evaluateBpf } from "../../src/linux-sandbox/bpf.ts";
import {
  seccompProgram,
  seccompRules,
  type SeccompNeeds,
} from "../../src/linux-sandbox/seccomp.ts";
import {
  syscallNames,
  syscallNumber,
  type SyscallName,
} from "../../src/linux-sandbox/syscall-numbers.ts";

const architectures: readonly Architecture[] = ["x64", "arm64"];
const allNeeds: readonly SeccompNeeds[] = [1, 2, 3, 4, 5, 6, 7].flatMap((landlockAbi) =>
  [false, true].flatMap((networkAccess) =>
    [false, true].map((readOnly) => ({ networkAccess, readOnly, landlockAbi })),
  ),
);

const readOnly: SeccompNeeds = { networkAccess: false, readOnly: true, landlockAbi: 7 };
const offline: SeccompNeeds = { networkAccess: false, readOnly: false, landlockAbi: 7 };
const online: SeccompNeeds = { networkAccess: true, readOnly: false, landlockAbi: 7 };
const abi2: SeccompNeeds = { ...offline, landlockAbi: 2 };
const abi5: SeccompNeeds = { ...offline, landlockAbi: 5 };

const EPERM = 1;
const ENOSYS = 38;
const HIGH = 0xdeadbeefn << 32n;

/** 0 when the call is allowed, its errno when refused; undefined where it does not exist. */
function answer(
  needs: SeccompNeeds,
  architecture: Architecture,
  name: SyscallName,
  args: readonly (number | bigint)[],
): number | undefined {
  const number = syscallNumber(name, architecture);
  if (number === undefined) return undefined;
  const action = evaluateBpf(seccompProgram(needs, architecture), {
    number,
    auditArchitecture: auditArchitecture(architecture),
    arguments: args.map((value) => BigInt.asUintN(64, BigInt(value))),
  });
  return action.kind === "errno" ? action.errno : action.kind === "allow" ? 0 : -1;
}

type Case = readonly [
  needs: SeccompNeeds,
  name: SyscallName,
  args: readonly (number | bigint)[],
  expected: number,
];

const cases: readonly Case[] = [
  // Sockets: family and type, whatever the upper halves hold.
  [offline, "socket", [1, 1, 0], 0],
  [offline, "socket", [1, 0x80801, 0], 0],
  [offline, "socket", [1, 5, 0], 0],
  [offline, "socket", [HIGH | 1n, HIGH | 1n, 0], 0],
  [offline, "socket", [1, 2, 0], EPERM],
  [offline, "socket", [1, 0x80802, 0], EPERM],
  [offline, "socket", [1, HIGH | 2n, 0], EPERM],
  [offline, "socket", [1, 3, 0], EPERM],
  [offline, "socket", [2, 1, 0], EPERM],
  [offline, "socket", [HIGH | 2n, 1, 0], EPERM],
  [offline, "socket", [16, 3, 0], EPERM],
  [offline, "socket", [40, 1, 0], EPERM],
  [online, "socket", [2, 1, 0], 0],
  [online, "socket", [10, 2, 0], 0],
  [online, "socket", [16, 3, 0], 0],
  [online, "socket", [16, 3, 9], EPERM],
  [online, "socket", [16, 3, HIGH | 9n], EPERM],
  [online, "socket", [1, 1, 0], EPERM],
  [online, "socket", [17, 3, 0], EPERM],
  [online, "socket", [40, 1, 0], EPERM],
  ...[offline, online, readOnly].flatMap((needs): readonly Case[] => [
    [needs, "socketpair", [1, 1, 0], 0],
    [needs, "socketpair", [1, 5, 0], 0],
    [needs, "socketpair", [1, 2, 0], EPERM],
    [needs, "socketpair", [2, 1, 0], EPERM],
  ]),
  // An address is refused whichever half of its pointer is set.
  [offline, "sendto", [3, 1, 1, 0, 0, 0], 0],
  [offline, "sendto", [3, 1, 1, 0, 0, 16], 0],
  [offline, "sendto", [3, 1, 1, 0, 1, 16], EPERM],
  [offline, "sendto", [3, 1, 1, 0, 1n << 32n, 16], EPERM],
  [online, "sendto", [3, 1, 1, 0, 1, 16], 0],
  ...(["connect", "bind", "listen", "accept", "accept4", "sendmmsg"] as const).flatMap(
    (name): readonly Case[] => [
      [offline, name, [3, 1, 1], EPERM],
      [readOnly, name, [3, 1, 1], EPERM],
      [online, name, [3, 1, 1], 0],
    ],
  ),
  // Rings, other processes, the kernel, the machine: never.
  ...(
    [
      "io_uring_setup",
      "io_uring_enter",
      "io_uring_register",
      "process_vm_readv",
      "process_vm_writev",
      "pidfd_getfd",
      "process_madvise",
      "process_mrelease",
      "bpf",
      "perf_event_open",
      "userfaultfd",
      "init_module",
      "finit_module",
      "delete_module",
      "kexec_load",
      "kexec_file_load",
      "iopl",
      "ioperm",
      "add_key",
      "request_key",
      "keyctl",
      "mount",
      "umount2",
      "pivot_root",
      "move_mount",
      "open_tree",
      "open_tree_attr",
      "fsopen",
      "fsconfig",
      "fsmount",
      "fspick",
      "mount_setattr",
      "setns",
      "open_by_handle_at",
      "reboot",
      "settimeofday",
      "clock_settime",
      "sethostname",
      "setdomainname",
      "swapon",
      "swapoff",
      "acct",
      "quotactl",
      "quotactl_fd",
      "vhangup",
      "shmget",
      "shmat",
      "shmctl",
      "semget",
      "semop",
      "semtimedop",
      "semctl",
      "msgget",
      "msgsnd",
      "msgrcv",
      "msgctl",
      "mq_open",
      "mq_unlink",
    ] as const
  ).flatMap((name): readonly Case[] =>
    [readOnly, offline, online].map((needs): Case => [needs, name, [0, 0, 0], EPERM]),
  ),
  ...[readOnly, offline, online].flatMap((needs): readonly Case[] => [
    [needs, "clone3", [1, 88], ENOSYS],
    // Threads and forks are allowed, name spaces are not.
    [needs, "clone", [0x3d0f00], 0],
    [needs, "clone", [17], 0],
    [needs, "clone", [0x10000000 | 17], EPERM],
    [needs, "clone", [HIGH | 0x20000n], EPERM],
    [needs, "clone", [HIGH | 17n], 0],
    [needs, "unshare", [0x400], 0], // CLONE_FILES
    [needs, "unshare", [0x80], EPERM], // CLONE_NEWTIME
    [needs, "unshare", [0x10000000], EPERM],
    // Oneself by 0, nobody by number.
    [needs, "prlimit64", [0, 7, 1, 0], 0],
    [needs, "prlimit64", [0, 7, 0, 1], 0],
    [needs, "prlimit64", [99, 7, 0, 1], 0],
    [needs, "prlimit64", [99, 7, 1, 0], EPERM],
    [needs, "prlimit64", [99, 7, 1n << 32n, 0], EPERM],
    [needs, "prlimit64", [HIGH | 99n, 7, 1, 0], EPERM],
    [needs, "prlimit64", [HIGH, 7, 1, 0], 0],
    [needs, "setpriority", [0, 0, 5], 0],
    [needs, "setpriority", [0, 99, 5], EPERM],
    [needs, "setpriority", [1, 0, 5], EPERM], // the group holds the launcher
    [needs, "setpriority", [2, 0, 5], EPERM], // the user's every process
    [needs, "setpriority", [HIGH | 2n, 0, 5], EPERM],
    [needs, "ioprio_set", [1, 0, 5], 0],
    [needs, "ioprio_set", [1, 99, 5], EPERM],
    [needs, "ioprio_set", [2, 0, 5], EPERM],
    [needs, "ioprio_set", [3, 0, 5], EPERM],
    ...(
      ["sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler"] as const
    ).flatMap((name): readonly Case[] => [
      [needs, name, [0, 1, 1], 0],
      [needs, name, [99, 1, 1], EPERM],
      [needs, name, [HIGH | 99n, 1, 1], EPERM],
    ]),
    // Terminals: typing into them.
    [needs, "ioctl", [0, 0x5401, 1], 0], // TCGETS
    [needs, "ioctl", [0, 0x5412, 1], EPERM],
    [needs, "ioctl", [0, HIGH | 0x5412n, 1], EPERM],
    [needs, "ioctl", [0, 0x541c, 1], EPERM],
    [needs, "ioctl", [0, 0x5000940e, 1], EPERM], // BTRFS_IOC_SUBVOL_CREATE
    [needs, "kill", [-1, 9], 0], // Landlock's scope confines it
  ]),
  // Metadata, in read-only.
  ...(
    [
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
    ] as const
  ).flatMap((name): readonly Case[] => [
    [readOnly, name, [0, 0, 0], EPERM],
    [offline, name, [0, 0, 0], 0],
  ]),
  ...[
    0x40086602, 0x40046602, 0x40087602, 0x40047602, 0x40046604, 0x401c5820, 0x40806685, 0x40086604,
  ].flatMap((request): readonly Case[] => [
    [readOnly, "ioctl", [3, request, 1], EPERM],
    [readOnly, "ioctl", [3, HIGH | BigInt(request), 1], EPERM],
    [offline, "ioctl", [3, request, 1], 0],
  ]),
  // Truncation where Landlock does not see it. 3 opens for neither reading nor writing, and the
  // kernel truncates all the same.
  [abi2, "truncate", [1, 0], EPERM],
  [abi2, "open", [1, 0o1000, 0], EPERM],
  [abi2, "open", [1, 0o1003, 0], EPERM],
  [abi2, "open", [1, 0o1101, 0], 0], // writing is Landlock's matter
  [abi2, "open", [1, 0o1002, 0], 0],
  [abi2, "open", [1, 0, 0], 0],
  [abi2, "openat", [-100, 1, 0o1000, 0], EPERM],
  [abi2, "openat", [-100, 1, 0o1003, 0], EPERM],
  [abi2, "openat", [-100, 1, HIGH | 0o1000n, 0], EPERM],
  [abi2, "openat", [-100, 1, 0o1101, 0], 0],
  [abi2, "openat", [-100, 1, 0, 0], 0],
  [abi2, "openat2", [-100, 1, 1, 24], ENOSYS],
  [offline, "truncate", [1, 0], 0],
  [offline, "openat", [-100, 1, 0o1000, 0], 0],
  [offline, "openat2", [-100, 1, 1, 24], 0],
  // A signal to everybody where Landlock has no scopes.
  [abi5, "kill", [-1, 9], EPERM],
  [abi5, "kill", [0xffffffff, 9], EPERM],
  [abi5, "kill", [99, 9], 0],
];

suite("seccompRules: what each call answers", () => {
  for (const architecture of architectures) {
    for (const [needs, name, args, expected] of cases) {
      const words = args.map((value) => `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`);
      const policy = needs.readOnly ? "read-only" : needs.networkAccess ? "online" : "offline";
      const title = `${architecture} ${policy} ABI ${needs.landlockAbi}: ${name}(${words.join(", ")})`;
      const absent =
        syscallNumber(name, architecture) === undefined ? `${architecture} has no ${name}` : false;
      test(title, { skip: absent }, () => {
        assert.equal(answer(needs, architecture, name, args), expected);
      });
    }
  }
});

suite("seccompRules: as a whole", () => {
  test("name each call at most once, for every need", () => {
    for (const needs of allNeeds) {
      const names = seccompRules(needs).map((rule) => rule.name);
      assert.deepEqual(names.toSorted(), [...new Set(names)].toSorted());
    }
  });

  test("every rule can refuse: its call is refused for some arguments", () => {
    for (const needs of allNeeds) {
      for (const rule of seccompRules(needs)) {
        const alternative = rule.whenAny?.[0] ?? [];
        const args = [0n, 0n, 0n, 0n, 0n, 0n];
        for (const { argument, half, mask, is, value } of alternative) {
          const wanted = is === "equal" ? value : different(value, mask ?? 0xffffffff);
          args[argument] = BigInt(wanted >>> 0) << (half === "high" ? 32n : 0n);
        }
        for (const architecture of architectures) {
          const found = answer(needs, architecture, rule.name, args);
          if (found === undefined) continue;
          assert.equal(found, rule.errno ?? EPERM, `${architecture} ${rule.name}`);
        }
      }
    }
  });

  test("numbers that no rule names are allowed", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...allNeeds),
        fc.constantFrom(...architectures),
        fc.integer({ min: 0, max: 600 }),
        fc.array(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), { minLength: 6, maxLength: 6 }),
        (needs, architecture, number, args) => {
          const named = seccompRules(needs).map((rule) => syscallNumber(rule.name, architecture));
          fc.pre(!named.includes(number));
          const action = evaluateBpf(seccompProgram(needs, architecture), {
            number,
            auditArchitecture: auditArchitecture(architecture),
            arguments: args,
          });
          assert.deepEqual(action, { kind: "allow" });
        },
      ),
    );
  });

  test("a need more never allows more", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...syscallNames()),
        fc.constantFrom(...architectures),
        fc.array(fc.constantFrom(0n, 1n, 2n, 99n, 0o1000n, 0x5412n, 1n << 32n), {
          minLength: 6,
          maxLength: 6,
        }),
        (name, architecture, args) => {
          if (answer(offline, architecture, name, args) !== 0) {
            assert.notEqual(answer(readOnly, architecture, name, args), 0);
            assert.notEqual(answer(abi2, architecture, name, args), 0);
          }
        },
      ),
    );
  });

  test("the helper's own calls after the filter stay allowed", () => {
    const own: readonly (readonly [SyscallName, readonly number[]])[] = [
      ["execve", [1, 1, 1]],
      ["rt_sigaction", [13, 1, 0, 8]],
      ["rt_sigprocmask", [2, 1, 0, 8]],
      ["prlimit64", [0, 7, 0, 1]],
      ["prlimit64", [0, 7, 1, 0]],
      ["fcntl", [0, 2, 0]],
      ["close_range", [3, 0xffffffff, 4]],
      ["exit_group", [1]],
    ];
    for (const needs of allNeeds) {
      for (const architecture of architectures) {
        for (const [name, args] of own) assert.equal(answer(needs, architecture, name, args), 0);
      }
    }
  });
});

function different(value: number, mask: number): number {
  const bit = mask & -mask;
  return (value ^ bit) >>> 0;
}
