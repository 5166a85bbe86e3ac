/**
 * Which capabilities a confined command keeps when it is started with any (as root, mostly).
 *
 * Without this, root inside the sandbox reads any process's environment (CAP_PERFMON and
 * CAP_SYS_ADMIN pass Landlock's ptrace check), loads kernel programs, reboots or sets the clock.
 * Source: capabilities(7), linux/capability.h.
 */
import { SyscallError, type Libc } from "./libc.ts";

/** File ownership, signals to own children under another user, and becoming another user. */
const kept: readonly number[] = [
  0, // CAP_CHOWN
  1, // CAP_DAC_OVERRIDE
  3, // CAP_FOWNER
  4, // CAP_FSETID
  5, // CAP_KILL
  6, // CAP_SETGID
  7, // CAP_SETUID
];

const KEPT_MASK = kept.reduce((mask, capability) => mask | (1 << capability), 0);

const PR_CAPBSET_READ = 23;
const PR_CAPBSET_DROP = 24;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
const CAPABILITY_VERSION_3 = 0x20080522;
const HIGHEST_CAPABILITY = 63; // two 32-bit words; the kernel answers EINVAL above its last one

/**
 * Drops every capability that is not kept, from all five sets. A process that has none passes.
 *
 * The bounding set needs CAP_SETPCAP to change. Without it the set stays, which no_new_privs makes
 * harmless: nothing can be gained through exec.
 * Errors: SyscallError.
 */
export function dropCapabilities(libc: Libc): void {
  for (let capability = 0; capability <= HIGHEST_CAPABILITY; capability += 1) {
    if (kept.includes(capability)) continue;
    // One that is not there is dropped without complaint.
    const dropped = libc.call("prctl", PR_CAPBSET_DROP, capability);
    if (!dropped.ok) {
      if (dropped.errno === "EPERM" || !isKnown(libc, capability)) break;
      throw new SyscallError("prctl(PR_CAPBSET_DROP)", dropped.errno);
    }
  }
  // Kernels before 4.3 have no ambient set to clear; Landlock's are far newer.
  libc.must("prctl(PR_CAP_AMBIENT)", "prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);

  const header = new Uint8Array(8);
  new DataView(header.buffer).setUint32(0, CAPABILITY_VERSION_3, true);
  // Two structs of effective, permitted, inheritable: capabilities 0-31, then 32-63.
  const data = new Uint8Array(24);
  libc.must("capget", "capget", header, data);
  const view = new DataView(data.buffer);
  for (const offset of [0, 4]) {
    view.setUint32(offset, (view.getUint32(offset, true) & KEPT_MASK) >>> 0, true);
  }
  for (const offset of [8, 12, 16, 20]) view.setUint32(offset, 0, true);
  libc.must("capset", "capset", header, data);
}

/** False beyond the last one of this kernel. */
function isKnown(libc: Libc, capability: number): boolean {
  return libc.call("prctl", PR_CAPBSET_READ, capability).ok;
}
