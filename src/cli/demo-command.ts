/** `codex demo`: a recorded conversation with real commands, without a key and without a network. */
import { colorChoice } from "./conversation-settings.ts";
import { hasFlag, type Invocation } from "./invocation.ts";

export async function runDemoCommand(invocation: Invocation): Promise<number> {
  const { runDemo } = await import("../exec-mode/demo.ts");
  return runDemo({
    env: process.env,
    color: colorChoice(invocation),
    json: hasFlag(invocation, "--json"),
  });
}
