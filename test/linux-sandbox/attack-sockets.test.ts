import { always, attackTests, offline, type AttackRow } from "../support/attack-table.ts";

const EPERM = "EPERM";

const online: readonly AttackRow[] = [
  { attack: ["socket", "2", "1"], expect: offline(EPERM) },
  { attack: ["socket", "2", "2"], expect: offline(EPERM) },
  { attack: ["socket", "10", "1"], expect: offline(EPERM) },
  { attack: ["socket", "10", "2"], expect: offline(EPERM) },
  { attack: ["socket", "2", "1", "262"], expect: offline(EPERM) }, // IPPROTO_MPTCP
  { attack: ["socket", "2", "0x80801"], expect: offline(EPERM) }, // with NONBLOCK and CLOEXEC
  { attack: ["socket-high-bits", "2", "1"], expect: offline(EPERM) },
  { attack: ["socket", "16", "3", "0"], expect: offline(EPERM) }, // NETLINK_ROUTE: look-ups
  { attack: ["connect-tcp", "{tcp}"], expect: offline(EPERM), needs: "network" },
  {
    attack: ["sendto-udp", "{udp}"],
    expect: offline(EPERM),
    needs: "network",
    effect: "datagrams",
  },
  {
    attack: ["fast-open", "{tcp}"],
    expect: offline(EPERM),
    needs: "network",
    effect: "streamBytes",
  },
  { attack: ["listen-tcp"], expect: offline(EPERM), needs: "network" },
];

/** No policy allows these: raw access, other families, and daemons behind local sockets. */
const never: readonly AttackRow[] = [
  { attack: ["socket", "2", "3", "1"], expect: always(EPERM), needs: "root" }, // raw ICMP
  { attack: ["socket", "2", "3", "255"], expect: always(EPERM), needs: "root" },
  { attack: ["socket", "10", "3", "58"], expect: always(EPERM), needs: "root" },
  { attack: ["socket", "17", "3", "768"], expect: always(EPERM), needs: "root" }, // packets
  { attack: ["socket", "17", "2", "768"], expect: always(EPERM), needs: "root" },
  { attack: ["socket", "16", "3", "15"], expect: always(EPERM) }, // NETLINK_KOBJECT_UEVENT
  { attack: ["socket", "16", "3", "9"], expect: always(EPERM) }, // NETLINK_AUDIT
  { attack: ["socket", "16", "3", "4"], expect: always(EPERM) }, // NETLINK_SOCK_DIAG
  { attack: ["socket", "16", "3", "12"], expect: always(EPERM) }, // NETLINK_NETFILTER
  { attack: ["socket", "16", "3", "16"], expect: always(EPERM) }, // NETLINK_GENERIC
  { attack: ["socket", "40", "1"], expect: always(EPERM) }, // virtual machine's host
  { attack: ["socket", "40", "2"], noTwin: "few transports have it", expect: always(EPERM) },
  { attack: ["socket-families"], noTwin: "few kernels have all", expect: always(EPERM) },
  { attack: ["socket", "1", "2"], expect: always(EPERM) }, // local datagrams carry an address
  { attack: ["socket", "1", "3"], expect: always(EPERM) }, // "raw" is the same as datagram here
  { attack: ["socket", "1", "0x80802"], expect: always(EPERM) },
  { attack: ["socket-high-bits", "1", "2"], expect: always(EPERM) },
  { attack: ["socketpair", "1", "2"], expect: always(EPERM) },
  { attack: ["socketpair", "1", "3"], expect: always(EPERM) },
  { attack: ["socketpair", "1", "0x80802"], expect: always(EPERM) },
  { attack: ["socketpair-high-bits", "1", "2"], expect: always(EPERM) },
  { attack: ["socketpair", "2", "1"], twin: "ENOTSUP", expect: always(EPERM) },
  { attack: ["socketpair", "30", "5"], noTwin: "TIPC is in few kernels", expect: always(EPERM) },
  { attack: ["connect-unix", "{unix}"], expect: always(EPERM), needs: "network" },
  { attack: ["connect-unix", "{abstract}"], expect: always(EPERM), needs: "network" },
  {
    attack: ["connect-unix-seqpacket", "{unixSeqpacket}"],
    expect: always(EPERM),
    needs: "network",
  },
  { attack: ["bind-unix", "{workspace}/s"], expect: always(EPERM), needs: "network" },
  ...["{unixDatagram}", "{abstractDatagram}"].flatMap((target): readonly AttackRow[] =>
    ["pair-sendto", "pair-sendmsg", "pair-sendmmsg", "unconnected-sendmsg"].map((name) => ({
      attack: [name, target, "2"],
      expect: always(EPERM),
      needs: "network",
      effect: "datagrams",
    })),
  ),
  { attack: ["uring-setup"], expect: always(EPERM) },
  { attack: ["uring-socket", "2", "1"], expect: always(EPERM), needs: "network" },
];

/** A pair that may exist takes no address: the kernel says so itself, and no byte arrives. */
const addressedPairs: readonly AttackRow[] = [
  {
    attack: ["pair-sendto", "{unix}", "1"],
    noTwin: "the kernel refuses an address on a connected stream",
    expect: { ...offline(EPERM, "EISCONN") },
    needs: "network",
    effect: "streamBytes",
  },
  {
    attack: ["pair-sendmsg", "{unix}", "1"],
    noTwin: "the kernel refuses an address on a connected stream",
    expect: always("EISCONN"),
    needs: "network",
    effect: "streamBytes",
  },
  {
    attack: ["unconnected-sendmsg", "{unix}", "1"],
    noTwin: "the kernel refuses an address on a stream",
    expect: offline("ENOTSUP", EPERM),
    needs: "network",
    effect: "streamBytes",
  },
  {
    attack: ["unconnected-sendmsg", "{unixSeqpacket}", "5"],
    noTwin: "the kernel refuses to send before a connection",
    expect: offline("ENOTCONN", EPERM),
    needs: "network",
    effect: "streamBytes",
  },
];

/** Other doors to the same calls. */
const otherTables: readonly AttackRow[] =
  process.arch === "x64"
    ? [
        {
          attack: ["x32-socket"],
          noTwin: "few kernels have the x32 table",
          expect: always("ENOSYS"),
        },
        { attack: ["int80-socket"], expect: always("SIGSYS"), needs: "network" },
      ]
    : [];

attackTests("attacks by sockets", [...online, ...never, ...addressedPairs, ...otherTables]);
