/**
 * The filter for what a policy needs, in the form the kernel takes: struct sock_filter[].
 *
 * Compiling one takes a start 1 ms, so the executable has them ready: the build puts
 * packed-seccomp-filter.ts in the place of this module.
 */
import type { Architecture } from "./architecture.ts";
import { encodeBpf } from "./bpf.ts";
import { seccompProgram, type SeccompNeeds } from "./seccomp.ts";

export function seccompFilter(needs: SeccompNeeds, architecture: Architecture): Uint8Array {
  return encodeBpf(seccompProgram(needs, architecture));
}
