/**
 * What a waiting helper tells its parent about the command, both directions. One JSON object over
 * a pipe that exec closes: its end without any text means that the helper died before the command.
 */
import type { RootOrigin } from "../protocol/writable-roots.ts";

export type HelperStatus =
  /** The next thing is exec: from here on the exit status is the command's, or 126 or 127. */
  | { readonly kind: "starting"; readonly confinement: Confinement | undefined }
  | { readonly kind: "no-directory"; readonly errno: string }
  | { readonly kind: "cannot-confine"; readonly message: string };

/** What the policy came to on this kernel. Absent under danger-full-access. */
export interface Confinement {
  readonly landlockAbi: number;
  /** Whether the protected places that exist are mounted read-only for the command. */
  readonly placesSealed: boolean;
  /** Places of the policy that grant nothing. `path` is a byte string. */
  readonly skippedRoots: readonly {
    readonly path: string;
    readonly origin: RootOrigin;
    /** Completes "… is not writable: ". */
    readonly reason: string;
    /** Writable all the same, through another root. */
    readonly covered: boolean;
  }[];
}

/** What a copy of a template says first. A blank, which the status may have in front of it. */
export const READY = "\n";

export function formatHelperStatus(status: HelperStatus): string {
  return JSON.stringify(status);
}

/** Undefined when the bytes are no whole status. The text is our own, so only its frame is checked. */
export function parseHelperStatus(bytes: Uint8Array): HelperStatus | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isHelperStatus(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isHelperStatus(value: unknown): value is HelperStatus {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false;
  if (value.kind === "starting") return true;
  if (value.kind === "no-directory") return "errno" in value && typeof value.errno === "string";
  return value.kind === "cannot-confine" && "message" in value && typeof value.message === "string";
}
