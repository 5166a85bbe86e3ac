/**
 * The variables that tell a command about the sandbox it runs in.
 *
 * Tests of the workspace's own project read them to skip what the sandbox makes impossible.
 */
import { hasNetworkAccess, type SandboxPolicy } from "../protocol/sandbox-policy.ts";
import type { ByteString } from "../runtime/byte-string.ts";
import type { Mechanism } from "../sandbox/sandbox.ts";
import { setEntries } from "./exec-env.ts";

export const NETWORK_DISABLED_VARIABLE = "CODEX_SANDBOX_NETWORK_DISABLED";
export const SANDBOX_VARIABLE = "CODEX_SANDBOX";

/** `entries` with the markers the policy calls for, whatever the environment policy dropped. */
export function withSandboxMarkers(
  entries: readonly ByteString[],
  policy: SandboxPolicy,
  mechanism: Mechanism,
): readonly ByteString[] {
  return setEntries(entries, {
    ...(hasNetworkAccess(policy) ? {} : { [NETWORK_DISABLED_VARIABLE]: "1" }),
    ...(mechanism === "seatbelt" ? { [SANDBOX_VARIABLE]: "seatbelt" } : {}),
  });
}
