/** `codex completion [SHELL]`: prints the script that teaches a shell our command line. */
import { COMMAND_TABLE, SHELLS } from "./command-table.ts";
import { oneOf } from "./flag-choices.ts";
import type { Invocation } from "./invocation.ts";
import { print } from "./output.ts";

export async function runCompletionCommand({ words }: Invocation): Promise<number> {
  print(await completionScript(oneOf(SHELLS, words[0]) ?? "bash"));
  return 0;
}

async function completionScript(shell: (typeof SHELLS)[number]): Promise<string> {
  switch (shell) {
    case "bash":
      return (await import("./completion-bash.ts")).bashCompletion(COMMAND_TABLE);
    case "elvish":
      return (await import("./completion-elvish.ts")).elvishCompletion(COMMAND_TABLE);
    case "fish":
      return (await import("./completion-fish.ts")).fishCompletion(COMMAND_TABLE);
    case "powershell":
      return (await import("./completion-powershell.ts")).powershellCompletion(COMMAND_TABLE);
    case "zsh":
      return (await import("./completion-zsh.ts")).zshCompletion(COMMAND_TABLE);
  }
}
