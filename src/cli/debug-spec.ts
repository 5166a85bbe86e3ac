/** `codex debug` in the command table; a start of its own, so it is read without the rest. */
import type { CommandSpec } from "./command-spec.ts";
import {
  BYPASS,
  CD,
  CONFIG,
  FULL_AUTO,
  HELP_OF_GROUP,
  SANDBOX,
  withoutApprovals,
} from "./common-specs.ts";

const DEBUG_EXIT_CODES =
  "0 to 255 those of the command, 1 failure or wrong configuration, 2 wrong usage, 126 not executable, 127 not found, 128 and its number when a signal ended it";

function debugCommand(name: string, summary: string): CommandSpec {
  return {
    name,
    summary,
    details: ["Flags after the first word of the command belong to the command."],
    flags: [FULL_AUTO, SANDBOX, BYPASS, CONFIG, CD].map(withoutApprovals),
    arguments: [
      {
        name: "COMMAND",
        isRequired: true,
        isVariadic: true,
        completion: "command",
        help: "Program and its arguments",
      },
    ],
    stopsAtFirstArgument: true,
    example: `codex debug ${name} --full-auto -- make test`,
    exitCodes: DEBUG_EXIT_CODES,
  };
}

export const DEBUG: CommandSpec = {
  name: "debug",
  summary: "Try out the sandbox",
  flags: [CONFIG],
  commands: [
    debugCommand("landlock", "Run a command under the Linux sandbox"),
    debugCommand("seatbelt", "Run a command under the macOS sandbox"),
    HELP_OF_GROUP,
  ],
  isGroup: true,
  example: "codex debug landlock ls",
  exitCodes: DEBUG_EXIT_CODES,
};
