import { always, attackTests, type AttackRow } from "../support/attack-table.ts";
import { victimSecret } from "../support/victim.ts";

const EPERM = "EPERM";
const SIGNAL_SCOPE = 6; // Landlock's ABI

const signals: readonly AttackRow[] = [
  ...["kill", "kill-group", "tkill", "tgkill", "sigqueue", "tgsigqueue", "pidfd-send-signal"].map(
    (name): AttackRow => ({
      attack: [name, "{pid}"],
      expect: always(EPERM),
      fromAbi: SIGNAL_SCOPE,
      effect: "signals",
    }),
  ),
  // Nobody is told that the kernel sends nothing; so the victim is asked.
  { attack: ["sigio", "{pid}"], expect: always("ok"), fromAbi: SIGNAL_SCOPE, effect: "signals" },
  {
    attack: ["kill-everybody"],
    noTwin: "it would signal every process of the user",
    expect: always("ok"),
    fromAbi: SIGNAL_SCOPE,
    effect: "signals",
  },
];

const memory: readonly AttackRow[] = [
  { attack: ["ptrace", "{pid}"], expect: always(EPERM) },
  { attack: ["process-vm-readv", "{pid}"], twin: "EFAULT", expect: always(EPERM) },
  { attack: ["process-vm-writev", "{pid}"], twin: "EFAULT", expect: always(EPERM) },
  { attack: ["pidfd-getfd", "{pid}"], expect: always(EPERM) },
  { attack: ["proc-read", "{pid}", "environ", victimSecret], expect: always("EACCES") },
  { attack: ["proc-open", "{pid}", "mem", "r"], expect: always("EACCES") },
  { attack: ["proc-open", "{pid}", "mem", "r+"], expect: always("EACCES") },
  { attack: ["proc-open", "{pid}", "maps", "r"], expect: always("EACCES") },
  { attack: ["proc-open", "{pid}", "auxv", "r"], expect: always("EACCES") },
  { attack: ["proc-open", "{pid}", "root/etc/passwd", "r"], expect: always("EACCES") },
  { attack: ["proc-open", "{pid}", "cwd/package.json", "r"], expect: always("EACCES") },
  { attack: ["proc-readlink", "{pid}", "exe"], expect: always("EACCES") },
  { attack: ["proc-readlink", "{pid}", "ns/net"], expect: always("EACCES") },
  { attack: ["proc-readlink", "{pid}", "fd/0"], expect: always("EACCES") },
  { attack: ["proc-open", "{pid}", "oom_score_adj", "r+"], expect: always("EACCES") },
  { attack: ["proc-open", "{pid}", "coredump_filter", "r+"], expect: always("EACCES") },
  { attack: ["proc-open", "{pid}", "timerslack_ns", "r+"], expect: always("EACCES") },
  { attack: ["process-madvise", "{pid}"], expect: always(EPERM) },
  { attack: ["process-mrelease", "{pid}"], twin: "EINVAL", expect: always(EPERM) },
  { attack: ["kcmp", "{pid}"], expect: always(EPERM) },
  { attack: ["move-pages", "{pid}"], expect: always(EPERM) },
  { attack: ["get-robust-list", "{pid}"], expect: always(EPERM) },
];

const scheduling: readonly AttackRow[] = [
  { attack: ["prlimit", "{pid}"], expect: always(EPERM) },
  { attack: ["prlimit-high-bits", "{pid}"], expect: always(EPERM) },
  { attack: ["setpriority", "{pid}"], expect: always(EPERM) },
  { attack: ["setpriority-group", "{pid}"], expect: always(EPERM) },
  { attack: ["ioprio-set", "{pid}"], expect: always(EPERM) },
  { attack: ["sched-setaffinity", "{pid}"], expect: always(EPERM) },
  { attack: ["sched-setscheduler", "{pid}"], expect: always(EPERM) },
  { attack: ["sched-setparam", "{pid}"], expect: always(EPERM) },
  { attack: ["sched-setattr", "{pid}"], expect: always(EPERM) },
  // The caller's own group holds its launcher, and its own user owns much else. A user id that
  // nobody has keeps the twin harmless.
  ...["setpriority-own-group", "setpriority-own-user", "ioprio-set-own-group"].map(
    (name): AttackRow => ({ attack: [name], expect: always(EPERM), asUser: 54_321 }),
  ),
];

const namespaces: readonly AttackRow[] = [
  // NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWPID, NEWNET
  ...["0x20000", "0x2000000", "0x4000000", "0x8000000", "0x20000000", "0x40000000"].map(
    (flag): AttackRow => ({
      attack: ["clone-namespace", flag],
      expect: always(EPERM),
      needs: "root",
    }),
  ),
  { attack: ["clone-namespace", "0x10000000"], expect: always(EPERM) }, // NEWUSER
  { attack: ["clone-namespace", "0x10020000"], expect: always(EPERM) },
  { attack: ["clone-namespace", "0x100010000000"], expect: always(EPERM) }, // with a high bit
  { attack: ["clone3-namespace", "0x10000000"], expect: always("ENOSYS") },
  { attack: ["clone3-namespace", "0x20000"], expect: always("ENOSYS"), needs: "root" },
];

attackTests("attacks on other processes", [...signals, ...memory, ...scheduling, ...namespaces]);
