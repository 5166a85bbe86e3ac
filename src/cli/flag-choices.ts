/** Values of flags that are one of a few words, as the types that the program has for them. */
import { SANDBOX_MODES } from "../protocol/sandbox-policy.ts";
import { flagText, type Invocation } from "./invocation.ts";

/** The value of -s. */
export function sandboxModeFlag(invocation: Invocation) {
  return oneOf(SANDBOX_MODES, flagText(invocation, "--sandbox"));
}

/** The table has refused everything else; this only tells the compiler. */
export function oneOf<T extends string>(
  choices: readonly T[],
  value: string | undefined,
): T | undefined {
  return choices.find((choice) => choice === value);
}
