/**
 * What commands may do. Free of zod, so that the programs which only carry a policy out need not
 * load it; the decoder is in `sandbox-policy-schema.ts`.
 */

/** Reading is allowed everywhere in every mode. Wire names are snake_case, the tag is `mode`. */
export type SandboxPolicy = DangerFullAccessPolicy | ReadOnlyPolicy | WorkspaceWritePolicy;

export type SandboxMode = SandboxPolicy["mode"];

/** No sandbox at all. */
export interface DangerFullAccessPolicy {
  readonly mode: "danger-full-access";
}

/** No writes, no network. */
export interface ReadOnlyPolicy {
  readonly mode: "read-only";
}

/** Writes below the working directory, the temporary directories and `writable_roots`. */
export interface WorkspaceWritePolicy {
  readonly mode: "workspace-write";
  /** Absolute directories, besides the working directory. */
  readonly writable_roots: readonly string[];
  readonly network_access: boolean;
  /** Keeps `$TMPDIR` read-only. */
  readonly exclude_tmpdir_env_var: boolean;
  /** Keeps `/tmp` read-only. */
  readonly exclude_slash_tmp: boolean;
}

export const SANDBOX_MODES = [
  "read-only",
  "workspace-write",
  "danger-full-access",
] as const satisfies readonly SandboxMode[];

export const READ_ONLY_POLICY: ReadOnlyPolicy = { mode: "read-only" };
export const DANGER_FULL_ACCESS_POLICY: DangerFullAccessPolicy = { mode: "danger-full-access" };

/** `workspace-write` with nothing but its defaults. */
export const WORKSPACE_WRITE_POLICY: WorkspaceWritePolicy = {
  mode: "workspace-write",
  writable_roots: [],
  network_access: false,
  exclude_tmpdir_env_var: false,
  exclude_slash_tmp: false,
};

export function hasNetworkAccess(policy: SandboxPolicy): boolean {
  switch (policy.mode) {
    case "danger-full-access":
      return true;
    case "read-only":
      return false;
    case "workspace-write":
      return policy.network_access;
  }
}

export function hasFullDiskWrite(policy: SandboxPolicy): boolean {
  return policy.mode === "danger-full-access";
}

/**
 * For people, for example `workspace-write [workdir, /tmp, $TMPDIR] (network access enabled)`.
 * Source: the `sandbox` value of `codex exec --json` 0.23.0.
 */
export function summarizeSandboxPolicy(policy: SandboxPolicy): string {
  if (policy.mode !== "workspace-write") return policy.mode;
  const writable = ["workdir"];
  if (!policy.exclude_slash_tmp) writable.push("/tmp");
  if (!policy.exclude_tmpdir_env_var) writable.push("$TMPDIR");
  writable.push(...policy.writable_roots);
  const network = policy.network_access ? " (network access enabled)" : "";
  return `${policy.mode} [${writable.join(", ")}]${network}`;
}
