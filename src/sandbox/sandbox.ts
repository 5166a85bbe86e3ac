/**
 * Which mechanism confines a command on this platform, and what has to be started for it. Pure:
 * nothing is started here, so every platform's answer can be tested on any.
 */
import type { SandboxPolicy } from "../protocol/sandbox-policy.ts";
import type { ByteString } from "../runtime/byte-string.ts";
import { landlockMessage } from "./landlock.ts";

/** One command and what it may do. Paths are absolute. */
export interface SandboxedCommand {
  readonly argv: readonly string[];
  /** Where the command starts. */
  readonly cwd: string;
  /** Where workspace-write applies: the session's directory. */
  readonly policyCwd: string;
  readonly policy: SandboxPolicy;
  /** The command's whole environment as "name=value" entries. */
  readonly environment: readonly ByteString[];
  /** This program's own settings, which no command may change. */
  readonly codexHome: string | undefined;
}

export type Mechanism = "landlock" | "seatbelt" | "none";

export type WrappedCommand =
  /** Goes to a waiting sandbox helper, also under danger-full-access; see process/helper-pool.ts. */
  | { readonly kind: "helper"; readonly message: Uint8Array }
  /** Nothing here can carry the policy out; the command must not run. */
  | { readonly kind: "cannot-confine"; readonly message: string };

/** What confines commands under `policy`. Source: sandbox_policy modes; landlock(7). */
export function mechanismFor(platform: NodeJS.Platform, policy: SandboxPolicy): Mechanism {
  if (policy.mode === "danger-full-access") return "none";
  if (platform === "linux") return "landlock";
  return platform === "darwin" ? "seatbelt" : "none";
}

/** `softOpenFiles` is the soft limit of open files that the user had, when it is known. */
export function wrap(
  platform: NodeJS.Platform,
  command: SandboxedCommand,
  softOpenFiles: number | undefined,
): WrappedCommand {
  if (platform === "linux") {
    return { kind: "helper", message: landlockMessage(command, softOpenFiles) };
  }
  return {
    kind: "cannot-confine",
    message: `Cannot confine the command: there is no sandbox for "${platform}" in this program`,
  };
}
