/** `codex demo`: a recorded conversation with real commands, without a key and without a network. */
import { COLOR_CHOICES } from "./command-table.ts";
import { oneOf } from "./conversation-settings.ts";
import { flagText, hasFlag, type Invocation } from "./invocation.ts";

export async function runDemoCommand(invocation: Invocation): Promise<number> {
  const { runDemo } = await import("../exec-mode/demo.ts");
  return runDemo({
    env: process.env,
    color: oneOf(COLOR_CHOICES, flagText(invocation, "--color")) ?? "auto",
    json: hasFlag(invocation, "--json"),
  });
}
