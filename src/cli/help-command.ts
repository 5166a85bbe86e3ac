/** `codex help [COMMAND...]`, and `help` inside of a group. */
import { version } from "../runtime/version.ts";
import { COMMAND_TABLE } from "./command-table.ts";
import { helpText } from "./commander-program.ts";
import type { Invocation } from "./invocation.ts";
import { print } from "./output.ts";

/** Errors: UsageError when there is no such command. */
export function runHelpCommand({ path, words }: Invocation): number {
  print(helpText(COMMAND_TABLE, [...path.slice(0, -1), ...words], version));
  return 0;
}
