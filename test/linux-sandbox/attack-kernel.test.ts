import { always, attackTests, type AttackRow } from "../support/attack-table.ts";

const EPERM = "EPERM";

function asRoot(attack: readonly string[], twin?: string): AttackRow {
  return { attack, expect: always(EPERM), needs: "root", ...(twin === undefined ? {} : { twin }) };
}

const kernel: readonly AttackRow[] = [
  asRoot(["bpf-program"]),
  asRoot(["bpf-map"]),
  asRoot(["perf-event", "0"]),
  asRoot(["perf-event", "{pid}"]),
  asRoot(["userfaultfd"]),
  asRoot(["init-module"], "ENOEXEC"),
  asRoot(["finit-module"], "EBADF"),
  asRoot(["delete-module"], "ENOENT"),
  asRoot(["kexec-load"]),
  { attack: ["add-key"], expect: always(EPERM) },
  { attack: ["keyctl"], expect: always(EPERM) },
  { attack: ["request-key"], twin: "ENOKEY", expect: always(EPERM) },
  ...(process.arch === "x64" ? [asRoot(["iopl"]), asRoot(["ioperm"])] : []),
];

const mounts: readonly AttackRow[] = [
  asRoot(["mount", "{workspace}/dir"], "ENODEV"),
  asRoot(["umount", "{workspace}/dir"], "EINVAL"),
  asRoot(["pivot-root", "{workspace}/dir"], "EBUSY"),
  asRoot(["move-mount", "{workspace}/dir"], "EINVAL"),
  asRoot(["open-tree", "{workspace}/dir"]),
  asRoot(["fsopen"]),
  asRoot(["fspick", "/"]),
  asRoot(["mount-setattr", "{workspace}/dir"]),
  asRoot(["chroot"]),
  asRoot(["setns"]),
  // NEWNS, NEWUTS, NEWIPC, NEWNET, NEWTIME
  ...["0x20000", "0x4000000", "0x8000000", "0x40000000", "0x80"].map((flag) =>
    asRoot(["unshare", flag]),
  ),
  // A process of several threads may not; that the answer is the filter's is seen by its errno.
  { attack: ["unshare", "0x10000000"], twin: "EINVAL", expect: always(EPERM) },
  asRoot(["unshare-high-bits", "0x20000"], "EINVAL"),
  asRoot(["open-by-handle", "{outside}/victim"]),
];

const machine: readonly AttackRow[] = [
  asRoot(["swapon", "{outside}"], "ENOENT"),
  asRoot(["swapoff", "{outside}"], "ENOENT"),
  asRoot(["acct", "{outside}"], "ENOENT"),
  { attack: ["quotactl"], expect: always(EPERM) },
  asRoot(["reboot"], "EINVAL"),
  asRoot(["settimeofday"]),
  asRoot(["clock-settime"], "EINVAL"),
  asRoot(["adjtimex"]),
  asRoot(["sethostname"]),
  asRoot(["setdomainname"]),
  asRoot(["tiocsti"]),
  asRoot(["tiocsti-high-bits"]),
  { attack: ["tioclinux"], twin: "ENOTTY", expect: always(EPERM) },
];

const devices: readonly AttackRow[] = [
  ...[
    "/dev/kmsg",
    "/dev/fuse",
    "/dev/net/tun",
    "/dev/loop-control",
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/sys/kernel/hostname",
    "/proc/sys/vm/drop_caches",
    "/proc/self/oom_score_adj",
    "/sys/kernel/mm/transparent_hugepage/enabled",
  ].map((path): AttackRow => ({
    ...asRoot(["open-device", path]),
    expect: always("EACCES"),
  })),
  {
    ...asRoot(["open-device", "/dev/mem"]),
    noTwin: "few machines have it",
    expect: always("ENOENT"),
  },
];

const objects: readonly AttackRow[] = [
  ...["shm-get", "sem-get", "msg-get"].map((name): AttackRow => ({
    attack: [name, "{key}"],
    expect: always(EPERM),
  })),
  ...["shm-attach", "shm-stat"].map((name): AttackRow => ({
    attack: [name, "{shm}"],
    expect: always(EPERM),
  })),
  ...["sem-read", "sem-up", "sem-timed"].map((name): AttackRow => ({
    attack: [name, "{sem}"],
    expect: always(EPERM),
  })),
  ...["msg-send", "msg-receive"].map((name): AttackRow => ({
    attack: [name, "{msg}"],
    expect: always(EPERM),
  })),
  { attack: ["shm-make"], expect: always(EPERM) },
  { attack: ["mq-open", "codex-test-queue"], expect: always(EPERM) },
];

attackTests("attacks on the kernel and the machine", [
  ...kernel,
  ...mounts,
  ...machine,
  ...devices,
  ...objects,
]);
