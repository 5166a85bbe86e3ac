/** What conversations need to run: loaded and made while the first frame is shown already. */
import type { Environment } from "../config/codex-home.ts";
import { ConversationManager } from "../core/conversation-manager.ts";
import { localMachine } from "../core/local-machine.ts";
import { wholeEnvironment } from "../linux-sandbox/inherited-environment.ts";
import { endAllCommands, killAllCommandsNow } from "../process/running-commands.ts";

export interface ConversationHost {
  readonly manager: ConversationManager;
  /** Ends every command that runs. Conversations have to be ended before. */
  readonly close: () => Promise<void>;
}

export function openConversationHost(env: Environment): ConversationHost {
  const machine = localMachine({
    env,
    inheritedEnvironment: wholeEnvironment(),
    executable: process.execPath,
    helperPath: "/proc/self/exe",
  });
  process.on("exit", killAllCommandsNow);
  return {
    manager: new ConversationManager(machine),
    close: async () => {
      await endAllCommands();
      process.off("exit", killAllCommandsNow);
      machine.close();
    },
  };
}
