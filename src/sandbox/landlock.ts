/** On Linux a command runs as our own executable first: what that process is told. */
import { formatHelperMessage } from "../linux-sandbox/arguments.ts";
import { policyWithBytePaths } from "../protocol/byte-path-policy.ts";
import { byteStringFromText } from "../runtime/byte-string.ts";
import type { SandboxedCommand } from "./sandbox.ts";

/** The message for a waiting helper. */
export function landlockMessage(
  command: SandboxedCommand,
  softOpenFiles: number | undefined,
): Uint8Array {
  return formatHelperMessage({
    argv: command.argv.map(byteStringFromText),
    cwd: byteStringFromText(command.cwd),
    policyCwd: byteStringFromText(command.policyCwd),
    policy: policyWithBytePaths(command.policy),
    environment: command.environment,
    softOpenFiles,
    codexHome: command.codexHome === undefined ? undefined : byteStringFromText(command.codexHome),
  });
}
