/** What the shell tool needs of the machine: one command, run to its end. */
import type { Confinement } from "../../linux-sandbox/helper-status.ts";
import type { ApprovedFile } from "../../process/approved-files.ts";
import type { CapturedOutput } from "../../process/output-capture.ts";
import type { PlaceChange } from "../../process/place-change.ts";
import type { SandboxPolicy } from "../../protocol/sandbox-policy.ts";

export interface CommandRequest {
  /** Program and arguments; at least one word. */
  readonly argv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** Of the session: what workspace-write makes writable. */
  readonly policyCwd: string;
  readonly policy: SandboxPolicy;
  /** See ExecRequest. */
  readonly approvedFiles?: readonly ApprovedFile[];
  readonly timeoutMs: number;
  /** Ends the command with all its descendants. */
  readonly signal: AbortSignal;
  /** Raw bytes as they come in, until a limit. Must not throw. */
  readonly onOutput: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
}

export interface EndedCommand {
  readonly kind: "ended";
  /** A shell's number: 124 after a time-out, 128 + n for signal n. */
  readonly exitCode: number;
  /** The limit, when it was reached. */
  readonly timedOutAfterMs: number | null;
  readonly isAborted: boolean;
  readonly isSignaled: boolean;
  readonly durationMs: number;
  readonly stdout: CapturedOutput;
  readonly stderr: CapturedOutput;
  /** Both in the order of arrival. */
  readonly aggregated: CapturedOutput;
  /** Changes of protected places that could not be prevented. */
  readonly placeChanges: readonly PlaceChange[];
  /** What the policy came to on this kernel; undefined without a sandbox. */
  readonly confinement: Confinement | undefined;
}

export type CommandResult =
  | EndedCommand
  /** The command did not run. `reason` completes "execution error: ". */
  | { readonly kind: "not-started"; readonly reason: string };

/** Commands of one session. */
export interface CommandRunner {
  /** Never rejects for what a command or its request does. */
  readonly run: (request: CommandRequest) => Promise<CommandResult>;
  /** What the environment of commands says of writable places. */
  readonly places: () => Promise<CommandPlaces>;
  /** A command is likely to come: gets ready for it, in the background. */
  readonly prepare: () => void;
}

export interface CommandPlaces {
  readonly tmpdir: string | undefined;
  readonly home: string | undefined;
}
