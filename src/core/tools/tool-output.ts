/** Results of commands as text: for the model, and for events. */
import type { CapturedOutput } from "../../process/output-capture.ts";
import { eventTextLimits, modelTextLimits, outputText } from "../../process/output-text.ts";
import type { EndedCommand } from "./command-runner.ts";

/** For events and for people. */
export function eventText(output: CapturedOutput): string {
  return outputText(output, eventTextLimits);
}

/**
 * What the model gets: JSON of the output and its metadata. `notes` are lines of ours before the
 * output. Source of the shape: function call outputs of 0.23.0.
 */
export function describeResult(result: EndedCommand, notes: readonly string[]): string {
  const lines = [...notes];
  if (result.timedOutAfterMs !== null) {
    lines.unshift(`command timed out after ${result.timedOutAfterMs} milliseconds`);
  }
  if (result.isAborted) lines.unshift("command aborted by the user");
  const text = outputText(result.aggregated, modelTextLimits);
  return JSON.stringify({
    output: lines.length === 0 ? text : `${lines.join("\n")}\n${text}`,
    metadata: { exit_code: result.exitCode, duration_seconds: inSeconds(result.durationMs) },
  });
}

/** One decimal is enough. */
function inSeconds(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}
