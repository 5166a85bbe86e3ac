/**
 * Which mechanism confines a command on a platform, and what has to be started for it. Nothing is
 * started here, so every platform's answer can be tested on any.
 */
import type { SandboxPolicy } from "../protocol/sandbox-policy.ts";
import { textOf, valueInEntries, type ByteString } from "../runtime/byte-string.ts";
import { landlockMessage } from "./landlock.ts";
import { isSeatbeltAvailable, SANDBOX_EXEC, seatbeltCommand } from "./seatbelt.ts";
import { sandboxNotice } from "./windows-notice.ts";

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
  /** Is started as it is, behind the launcher's words, or behind none: see process/direct-process.ts. */
  | { readonly kind: "direct"; readonly launcher: readonly string[] }
  /** Nothing here can carry the policy out; the command must not run. */
  | { readonly kind: "cannot-confine"; readonly message: string };

/** What confines commands under `policy`. Source: sandbox_policy modes; landlock(7). */
export function mechanismFor(platform: NodeJS.Platform, policy: SandboxPolicy): Mechanism {
  if (policy.mode === "danger-full-access") return "none";
  if (platform === "linux") return "landlock";
  return platform === "darwin" ? "seatbelt" : "none";
}

/** What has to be started. `softOpenFiles` is the soft limit of open files that the user had, when it is known. */
export function wrap(
  platform: NodeJS.Platform,
  command: SandboxedCommand,
  softOpenFiles: number | undefined,
): WrappedCommand {
  if (platform === "linux") {
    return { kind: "helper", message: landlockMessage(command, softOpenFiles) };
  }
  const { policy } = command;
  if (policy.mode === "danger-full-access") return { kind: "direct", launcher: [] };
  const notice = sandboxNotice(platform, policy);
  if (notice.kind !== "confined") return { kind: "cannot-confine", message: notice.sentence };
  if (!isSeatbeltAvailable()) {
    const message = `Cannot confine the command: there is no ${SANDBOX_EXEC} here`;
    return { kind: "cannot-confine", message };
  }
  const variable = (name: string): string | undefined => {
    const value = valueInEntries(command.environment, name);
    return value === undefined ? undefined : textOf(value);
  };
  const { policyCwd, codexHome } = command;
  const context = { policyCwd, tmpdir: variable("TMPDIR"), home: variable("HOME"), codexHome };
  const { program, args } = seatbeltCommand(policy, context, []);
  return { kind: "direct", launcher: [program, ...args] };
}
