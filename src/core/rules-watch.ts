/** What a user allowed for the session holds under the rules it was allowed under. */
import type { TurnContext } from "./turn-context.ts";

export type Rules = Pick<TurnContext, "approvalPolicy" | "sandboxPolicy">;

/** Who chooses read-only, no network, or to be asked about more, has allowed nothing yet. */
export class RulesWatch {
  #last: string | undefined;

  /** Whether these are others than those of the last call. */
  haveChanged({ approvalPolicy, sandboxPolicy }: Rules): boolean {
    const rules = JSON.stringify([approvalPolicy, sandboxPolicy]);
    const haveChanged = this.#last !== undefined && this.#last !== rules;
    this.#last = rules;
    return haveChanged;
  }
}
