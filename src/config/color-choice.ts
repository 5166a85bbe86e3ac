/** `--color`: the same words with the same meaning in every command that has it. */
import type { Environment } from "./codex-home.ts";

export const COLOR_CHOICES = ["always", "never", "auto"] as const;
export type ColorChoice = (typeof COLOR_CHOICES)[number];

/**
 * What was said on the command line wins over NO_COLOR, which takes colours away when it is not
 * empty. Source: no-color.org.
 */
export function wantsColors(choice: ColorChoice, isTerminal: boolean, env: Environment): boolean {
  if (choice !== "auto") return choice === "always";
  return isTerminal && (env["NO_COLOR"] ?? "") === "";
}
