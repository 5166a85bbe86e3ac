/**
 * Processes whose parent died before they did, and that left their command's session.
 *
 * Nothing else shows that such a process belongs to a command. So this program asks the kernel to
 * become the parent of every orphan among its descendants (PR_SET_CHILD_SUBREAPER), finds them
 * among its children, and takes their exit status when they end. Source: prctl(2), wait4(2).
 * Only Linux can do this; elsewhere there are none to be found.
 */
import { readFileSync } from "node:fs";

import type { Libc } from "../linux-sandbox/libc.ts";
import { listProcesses, readProcess, type ProcessFacts } from "./process-list.ts";
import { isOwnChild, isTemplateSession } from "./spawn.ts";

/** Orphans become children of this process from here on. A kernel that refuses changes nothing. */
export function adoptOrphans(libc: Libc): void {
  libc.call("prctl", PR_SET_CHILD_SUBREAPER, 1);
}

/** The adopted ones among `all`, living or not; without a list, as /proc shows them. */
export function findOrphans(all: readonly ProcessFacts[] = ownChildren()): readonly ProcessFacts[] {
  if (process.platform !== "linux") return [];
  const ownSession = readProcess(process.pid)?.session;
  return all.filter(
    ({ parent, pid, session }) =>
      // A command starts in a session of its own, so nothing of it is ever in ours. What is in
      // ours was started by somebody else here.
      // A copy of a template is a child of ours a moment before we know of it.
      parent === process.pid &&
      session !== ownSession &&
      !isOwnChild(pid) &&
      !isTemplateSession(session),
  );
}

/** Clears away those that have ended; nobody else waits for them. */
export function reapOrphans(libc: Libc): void {
  for (const { pid, isZombie } of findOrphans()) {
    if (isZombie) libc.call("wait4", pid, 0, WNOHANG, 0);
  }
}

/** Ticks since boot of the moment that lies `elapsedMs` back; comparable with `startTicks`. */
export function ticksBefore(elapsedMs: number): number | undefined {
  try {
    const uptimeS = Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]);
    return Math.floor((uptimeS - elapsedMs / 1_000) * TICKS_PER_S);
  } catch {
    return undefined;
  }
}

const PR_SET_CHILD_SUBREAPER = 36;
const WNOHANG = 1;
const TICKS_PER_S = 100; // USER_HZ of x86-64 and arm64

function ownChildren(): readonly ProcessFacts[] {
  if (process.platform !== "linux") return [];
  try {
    const list = readFileSync(`/proc/self/task/${process.pid}/children`, "latin1");
    return list.split(" ").flatMap((pid) => (pid === "" ? [] : (readProcess(Number(pid)) ?? [])));
  } catch {
    return listProcesses(); // a kernel without CONFIG_PROC_CHILDREN
  }
}
