/** The decoder of sandbox policies. Missing keys take their defaults, unknown keys are ignored. */
import * as z from "zod/mini";
import { type Decoded, decodeWith } from "./decode.ts";
import type { SandboxPolicy } from "./sandbox-policy.ts";

export const sandboxPolicySchema = z.discriminatedUnion("mode", [
  z.object({ mode: z.literal("danger-full-access") }),
  z.object({ mode: z.literal("read-only") }),
  z.object({
    mode: z.literal("workspace-write"),
    writable_roots: z._default(z.array(z.string()), () => []),
    network_access: z._default(z.boolean(), false),
    exclude_tmpdir_env_var: z._default(z.boolean(), false),
    exclude_slash_tmp: z._default(z.boolean(), false),
  }),
]) satisfies z.ZodMiniType<SandboxPolicy>;

/** A bare mode name is not a policy: the tag is needed, so that a typing error cannot pass. */
export function decodeSandboxPolicy(value: unknown): Decoded<SandboxPolicy> {
  return decodeWith(sandboxPolicySchema, value, "sandbox policy");
}
