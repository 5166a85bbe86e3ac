/** `codex debug landlock|seatbelt`: one command under the sandbox. */
import { runDebugSandbox } from "../debug-sandbox/run.ts";
import { sandboxModeFlag } from "./flag-choices.ts";
import { flagText, flagTexts, hasFlag, type Invocation } from "./invocation.ts";

/** Start-up counts here: nothing is read or loaded that the command does not need. */
export function runDebugCommand(invocation: Invocation): Promise<number> {
  const kind = invocation.path[1] === "seatbelt" ? "seatbelt" : "landlock";
  const bypass = hasFlag(invocation, "--dangerously-bypass-approvals-and-sandbox");
  const sandbox = bypass ? "danger-full-access" : sandboxModeFlag(invocation);
  const cd = flagText(invocation, "--cd");
  return runDebugSandbox(kind, {
    fullAuto: hasFlag(invocation, "--full-auto"),
    configOverrides: flagTexts(invocation, "--config"),
    command: invocation.words,
    ...(sandbox === undefined ? {} : { sandbox }),
    ...(cd === undefined ? {} : { cd }),
  });
}
