/** `codex man`: prints the manual page, codex(1). */
import { version } from "../runtime/version.ts";
import { COMMAND_TABLE } from "./command-table.ts";
import { manPage } from "./man-page.ts";
import { print } from "./output.ts";

export function runManCommand(): number {
  print(manPage(COMMAND_TABLE, version));
  return 0;
}
