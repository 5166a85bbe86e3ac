/** Takes a command's output as it arrives: keeps each pipe's and both together, and passes it on. */
import {
  countLineEnds,
  OutputCapture,
  type CapturedOutput,
  type CaptureLimits,
} from "./output-capture.ts";
import { limitDeltas, type OutputListener, type OutputStream } from "./output-deltas.ts";

export interface RecordedOutput {
  readonly stdout: CapturedOutput;
  readonly stderr: CapturedOutput;
  /** Both in the order of arrival. */
  readonly aggregated: CapturedOutput;
}

export class OutputRecorder {
  readonly #captures: Readonly<Record<OutputStream | "aggregated", OutputCapture>>;
  readonly #passOn: OutputListener;

  constructor(limits: CaptureLimits, onOutput: OutputListener | undefined) {
    this.#captures = {
      stdout: new OutputCapture(limits),
      stderr: new OutputCapture(limits),
      aggregated: new OutputCapture(limits),
    };
    this.#passOn = onOutput === undefined ? () => undefined : limitDeltas(onOutput);
  }

  add(stream: OutputStream, bytes: Uint8Array): void {
    const lines = countLineEnds(bytes);
    this.#captures[stream].add(bytes, lines);
    this.#captures.aggregated.add(bytes, lines);
    this.#passOn(stream, bytes);
  }

  result(): RecordedOutput {
    const { stdout, stderr, aggregated } = this.#captures;
    return {
      stdout: stdout.result(),
      stderr: stderr.result(),
      aggregated: aggregated.result(),
    };
  }
}
