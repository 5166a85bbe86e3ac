/** What the shell tool needs of the machine: one command, run to its end. */
import type { SandboxPolicy } from "../../protocol/sandbox-policy.ts";

export interface CommandRequest {
  /** Program and arguments; at least one word. */
  readonly argv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** Of the session: what workspace-write makes writable. */
  readonly policyCwd: string;
  readonly policy: SandboxPolicy;
  readonly timeoutMs: number;
  /** Ends the command with all its descendants. */
  readonly signal: AbortSignal;
  /** Raw bytes as they come in, until a limit; never throws. */
  readonly onOutput: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
}

/** What a command printed, with its middle left out where it was too much. */
export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
  /** Both in the order of arrival. */
  readonly aggregated: string;
}

export type CommandResult =
  | {
      readonly kind: "ended";
      /** A shell's number: 124 after a time-out, 128 + n for signal n. */
      readonly exitCode: number;
      readonly isTimedOut: boolean;
      readonly isAborted: boolean;
      readonly isSignaled: boolean;
      readonly durationMs: number;
      readonly output: CommandOutput;
    }
  /** No process ran. `reason` completes "execution error: ". */
  | { readonly kind: "not-started"; readonly reason: string };

export type RunCommand = (request: CommandRequest) => Promise<CommandResult>;
