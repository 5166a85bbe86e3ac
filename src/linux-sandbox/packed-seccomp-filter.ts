/** What seccomp-filter.ts makes, as it was made for this executable when it was built. */
import { readAsset } from "../runtime/assets.ts";
import type { Architecture } from "./architecture.ts";
import type { SeccompNeeds } from "./seccomp.ts";

/** Errors: throws when the executable has no such filter, which is a defect of its build. */
export function seccompFilter(needs: SeccompNeeds, architecture: Architecture): Uint8Array {
  return readAsset(seccompFilterName(needs, architecture));
}

/** The asset that holds the filter; the same for kernels that need the same one. */
export function seccompFilterName(needs: SeccompNeeds, architecture: Architecture): string {
  const network = needs.networkAccess ? "network" : "no-network";
  const disk = needs.readOnly ? "read-only" : "writable";
  const abi = LOWEST_ABIS.findLast((lowest) => needs.landlockAbi >= lowest) ?? 1;
  return `seccomp-${architecture}-${network}-${disk}-landlock-${abi}`;
}

/** Where the rules change: what an older Landlock cannot enforce is left to the filter. */
const LOWEST_ABIS = [1, 3, 6];

/** One of each kind, for the build. */
export const ALL_SECCOMP_NEEDS: readonly SeccompNeeds[] = LOWEST_ABIS.flatMap((landlockAbi) =>
  [false, true].flatMap((networkAccess) =>
    [false, true].map((readOnly) => ({ networkAccess, readOnly, landlockAbi })),
  ),
);
