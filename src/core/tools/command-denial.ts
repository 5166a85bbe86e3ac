/** Whether the sandbox of a session stopped a command. */
import {
  findSandboxDenial,
  inspectDisk,
  type SandboxDenial,
  type SandboxInForce,
} from "../../process/sandbox-denial.ts";
import type { TurnContext } from "../turn-context.ts";
import { writablePlaces } from "../writable-places.ts";
import type { EndedCommand } from "./command-runner.ts";
import type { PrintedText } from "./shell-start-up.ts";
import { eventText } from "./tool-output.ts";
import type { ToolServices } from "./tool-services.ts";

export async function placesOf(
  { codexHome, commands }: ToolServices,
  context: TurnContext,
): Promise<SandboxInForce> {
  return writablePlaces({ context, codexHome, ...(await commands.places()) });
}

/**
 * Undefined: the failure, if it is one, is the command's own. `printed` stands for the output of
 * `result` where not all of that is the command's.
 */
export function denialOf(
  result: EndedCommand,
  command: { readonly argv: readonly string[]; readonly workdir: string },
  places: SandboxInForce,
  printed: PrintedText = printedBy(result),
): SandboxDenial | undefined {
  if (result.exitCode === 0 || result.isAborted) return undefined;
  return findSandboxDenial(
    {
      ...command,
      exitCode: result.isSignaled ? null : result.exitCode,
      timedOut: result.timedOutAfterMs !== null,
      ...printed,
    },
    places,
    inspectDisk,
  );
}

export function printedBy({ stdout, stderr }: EndedCommand): PrintedText {
  return { stdout: eventText(stdout), stderr: eventText(stderr) };
}
