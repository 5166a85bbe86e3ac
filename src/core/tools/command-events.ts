/** Runs one command and tells front ends about it: begin, output, end. */
import { durationFromMs, encodeChunk } from "../../protocol/event-encoding.ts";
import type { SandboxPolicy } from "../../protocol/sandbox-policy.ts";
import { parseCommand } from "../../shell/parse-command.ts";
import type { CommandResult } from "./command-runner.ts";
import type { ToolInvocation } from "./tool.ts";
import { eventText } from "./tool-output.ts";
import type { ToolServices } from "./tool-services.ts";

export interface Command {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly policy: SandboxPolicy;
}

/**
 * A command that was aborted has no end event: the end of its task says so. One that could not be
 * started ends with exit code -1.
 */
export async function runWithEvents(
  services: ToolServices,
  invocation: ToolInvocation,
  command: Command,
): Promise<CommandResult> {
  const { callId, emit, context, signal } = invocation;
  const { argv, cwd } = command;
  emit({
    type: "exec_command_begin",
    call_id: callId,
    command: [...argv],
    cwd,
    parsed_cmd: parseCommand(argv, await services.grammar()),
  });
  const result = await services.commands.run({
    ...command,
    policyCwd: context.cwd,
    signal,
    onOutput: outputEvents(invocation),
  });
  if (result.kind === "not-started") {
    const stderr = `execution error: ${result.reason}`;
    emit({
      type: "exec_command_end",
      call_id: callId,
      stdout: "",
      stderr,
      aggregated_output: stderr,
      exit_code: -1,
      duration: durationFromMs(0),
    });
  } else if (!result.isAborted) {
    emit({
      type: "exec_command_end",
      call_id: callId,
      stdout: eventText(result.stdout),
      stderr: eventText(result.stderr),
      aggregated_output: eventText(result.aggregated),
      exit_code: result.exitCode,
      duration: durationFromMs(result.durationMs),
    });
  }
  return result;
}

/** Raw bytes as delta events. */
export function outputEvents({
  callId,
  emit,
}: ToolInvocation): (stream: "stdout" | "stderr", bytes: Uint8Array) => void {
  return (stream, bytes) => {
    emit({ type: "exec_command_output_delta", call_id: callId, stream, chunk: encodeChunk(bytes) });
  };
}
