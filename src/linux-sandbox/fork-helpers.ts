/**
 * The template of helpers: a helper with everything loaded that never becomes a command itself. For
 * each helper that is wanted it forks, and the copy waits for one command as any other does. A fork
 * takes 2 ms where a start of this executable takes 20.
 *
 * Over its one socket it gets the descriptors of a helper and answers with a process id. The copy
 * is a child of the template's own parent (CLONE_PARENT), so that the parent's death ends it and
 * the parent, nobody else, learns of its end.
 *
 * V8 is not made for this. It works because nothing else runs in the template: work in other
 * threads is turned off, the copy goes on in straight synchronous code and ends by exec or _exit,
 * and V8's memory, which it keeps out of forks (MADV_DONTFORK), is put back in before each. A copy
 * in which something is amiss does not say that it is ready, and is not used.
 */
import { closeSync, openSync, readSync, writeSync } from "node:fs";

import { dieWithParent } from "./confine.ts";
import { MESSAGE_FD, STATUS_FD, TEMPLATE_FD } from "./arguments.ts";
import type { Libc } from "./libc.ts";
import { rehearse } from "./rehearsal.ts";

/** "copy": this process is a new helper now. "not-needed": there is nobody to serve any more. */
export type TemplateEnd = "copy" | "not-needed";

/** Returns once in the template, when its parent closed the socket, and once in every copy. */
export function forkHelpers(libc: Libc, parentPid: number): TemplateEnd {
  if (!dieWithParent(libc, parentPid)) return "not-needed";
  useOneThread();
  rehearse(libc, TEMPLATE_ROUNDS);
  const memory = new ForkableMemory(libc);
  for (;;) {
    memory.include();
    const descriptors = receiveDescriptors(libc);
    if (descriptors === undefined) return "not-needed";
    const pid = libc.call("clone", CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
    if (pid.ok && pid.value === 0) {
      becomeHelper(libc, descriptors);
      return "copy";
    }
    for (const fd of descriptors) closeSync(fd);
    if (pid.ok) answer(pid.value);
    else answer(pid.errno === "EAGAIN" ? NO_MORE_PROCESSES : FORK_FAILED);
  }
}

/** What a helper needs: its output, its message and its status. */
export const HELPER_DESCRIPTORS = [1, 2, MESSAGE_FD, STATUS_FD] as const;

/** Answers instead of a process id. More processes than there may be: the template is sound. */
export const NO_MORE_PROCESSES = -1;
export const FORK_FAILED = 0;

/** Until V8 has compiled what all copies do: no copy runs often enough for that itself. */
const TEMPLATE_ROUNDS = 10;

const CLONE_PARENT = 0x8000;
const SIGCHLD = 17;

/**
 * What V8 would do in other threads it does in ours, or not at all: a thread that holds a lock at
 * the moment of a fork would hold it for ever in the copy. Marking stays as it is, since V8 does
 * not bear another setting of that at run time; without incremental marking nothing of it is left
 * over between two collections.
 */
function useOneThread(): void {
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  for (const flag of [
    "--no-incremental-marking",
    "--no-parallel-scavenge",
    "--no-parallel-compaction",
    "--no-concurrent-sweeping",
    "--no-concurrent-array-buffer-sweeping",
    "--no-concurrent-recompilation",
    "--no-concurrent-sparkplug",
    "--no-turbofan",
    "--no-maglev",
  ]) {
    setFlagsFromString(flag);
  }
}

/** Runs in the copy: the descriptors of a helper under their numbers, and none beside them. */
function becomeHelper(libc: Libc, descriptors: readonly number[]): void {
  // The template's own null device would be one that all commands share.
  const input = openSync("/dev/null", "r+");
  // First out of the way of the numbers that they are to get.
  const moved = [input, ...descriptors].map((fd) =>
    libc.must("fcntl", "fcntl", fd, F_DUPFD, FIRST_FREE_FD),
  );
  moved.forEach((fd, index) => {
    libc.must("dup3", "dup3", fd, [0, ...HELPER_DESCRIPTORS][index] ?? 0, 0);
  });
  libc.must("close_range", "close_range", FIRST_FREE_FD, 0xffffffff, 0);
  libc.must("fcntl", "fcntl", MESSAGE_FD, F_SETFD, FD_CLOEXEC);
  libc.must("fcntl", "fcntl", STATUS_FD, F_SETFD, FD_CLOEXEC);
}

const F_DUPFD = 0;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const FIRST_FREE_FD = STATUS_FD + 1;

/**
 * The descriptors of the next helper; undefined when the parent is gone.
 * Source: recvmsg(2), cmsg(3), unix(7).
 */
function receiveDescriptors(libc: Libc): readonly number[] | undefined {
  const byte = new Uint8Array(1);
  const control = new Uint8Array(CONTROL_BYTES);
  const header = messageHeader(libc, byte, control);
  const received = libc.call("recvmsg", TEMPLATE_FD, header, MSG_CMSG_CLOEXEC);
  if (!received.ok || received.value === 0) return undefined;
  // Fewer came, for want of room for them; this process has nothing more to hope for.
  if (header[CONTROL_LENGTH_FIELD] !== BigInt(CONTROL_BYTES)) return undefined;
  const view = new DataView(control.buffer);
  return HELPER_DESCRIPTORS.map((_, index) =>
    view.getInt32(CONTROL_HEADER_BYTES + 4 * index, true),
  );
}

const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const CONTROL_HEADER_BYTES = 16;
const CONTROL_BYTES = CONTROL_HEADER_BYTES + 4 * HELPER_DESCRIPTORS.length;

/** Asks a template for a helper with these descriptors. One byte goes with them. */
export function sendDescriptors(libc: Libc, socket: number, descriptors: readonly number[]): void {
  const control = new Uint8Array(CONTROL_BYTES);
  const view = new DataView(control.buffer);
  view.setBigUint64(0, BigInt(CONTROL_BYTES), true);
  view.setInt32(8, SOL_SOCKET, true);
  view.setInt32(12, SCM_RIGHTS, true);
  descriptors.forEach((fd, index) => view.setInt32(CONTROL_HEADER_BYTES + 4 * index, fd, true));
  const header = messageHeader(libc, new Uint8Array(1), control);
  libc.must("sendmsg", "sendmsg", socket, header, MSG_NOSIGNAL);
}

const MSG_NOSIGNAL = 0x4000;

/** What the kernel was told the address of last: it must not be collected in between. */
const referenced: { parts: readonly unknown[] } = { parts: [] };

/** struct msghdr of one buffer, for a call that comes next. */
function messageHeader(libc: Libc, buffer: Uint8Array, control: Uint8Array): BigUint64Array {
  const vector = new BigUint64Array([libc.address(buffer), BigInt(buffer.length)]); // struct iovec
  const fields = new BigUint64Array([
    0n, // msg_name
    0n, // msg_namelen
    libc.address(vector),
    1n, // msg_iovlen
    libc.address(control),
    BigInt(control.length),
    0n, // msg_flags
  ]);
  referenced.parts = [vector, buffer, control, fields];
  return fields;
}

const CONTROL_LENGTH_FIELD = 5;

/** The process id of a new helper, or why there is none. Four bytes, so that it is in one piece. */
function answer(pid: number): void {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, pid, true);
  try {
    writeSync(TEMPLATE_FD, bytes);
  } catch {
    // The parent is gone; the next look at the socket ends this process.
  }
}

/** V8's memory, which a copy needs: what is mapped without a file. Source: madvise(2), proc(5). */
class ForkableMemory {
  readonly #libc: Libc;
  readonly #collectGarbage = garbageCollector();
  #known = Buffer.alloc(MAPS_BYTES);
  #knownLength = 0;
  #current = Buffer.alloc(MAPS_BYTES);

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /**
   * Garbage is collected first, so that V8 maps no memory for some time after; then until a look
   * finds nothing new, since looking takes a little, too.
   */
  include(): void {
    this.#collectGarbage();
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const length = readInto(this.#current);
      const isKnown =
        length === this.#knownLength &&
        this.#current.compare(this.#known, 0, length, 0, length) === 0;
      if (isKnown) return;
      [this.#known, this.#current] = [this.#current, this.#known];
      this.#knownLength = length;
      for (const line of this.#known.toString("latin1", 0, length).split("\n")) {
        this.#includeLine(line);
      }
    }
  }

  #includeLine(line: string): void {
    const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ 00:00 0\s*$/.exec(line) ?? [];
    if (start === undefined || end === undefined) return;
    const from = BigInt(`0x${start}`);
    this.#libc.call("madvise", from, BigInt(`0x${end}`) - from, MADV_DOFORK);
  }
}

/** V8's own, which a flag brings to light. What the start left is collected at once. */
function garbageCollector(): () => void {
  process.getBuiltinModule("node:v8").setFlagsFromString("--expose-gc");
  const collect: unknown = process.getBuiltinModule("node:vm").runInNewContext("gc");
  if (!isCollector(collect)) return () => undefined;
  collect({ type: "major" });
  return () => collect({ type: "minor" });
}

type Collector = (options: { readonly type: "major" | "minor" }) => void;

function isCollector(value: unknown): value is Collector {
  return typeof value === "function";
}

const MAPS_BYTES = 256 * 1024;
const MOST_ROUNDS = 5;
const MADV_DOFORK = 11;

function readInto(buffer: Buffer): number {
  const fd = openSync("/proc/self/maps", "r");
  try {
    let length = 0;
    for (;;) {
      const count = readSync(fd, buffer, length, buffer.length - length, null);
      if (count === 0) return length;
      length += count;
    }
  } finally {
    closeSync(fd);
  }
}
