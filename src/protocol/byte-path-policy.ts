import type { SandboxPolicy } from "./sandbox-policy.ts";
import { byteStringFromText } from "../runtime/byte-string.ts";

/** For callers that hold a policy with text paths, such as the CLI confining itself. */
export function policyWithBytePaths(policy: SandboxPolicy): SandboxPolicy {
  if (policy.mode !== "workspace-write") return policy;
  return { ...policy, writable_roots: policy.writable_roots.map(byteStringFromText) };
}
