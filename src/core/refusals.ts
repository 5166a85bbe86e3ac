/**
 * What the model tried and a policy stopped. For front ends whose exit code has to tell it; all
 * else they learn from events.
 */

export interface Refusal {
  /** Equal for attempts at the same thing. */
  readonly subject: string;
  /** One line for people. */
  readonly reason: string;
}

export class Refusals {
  readonly #open = new Map<string, Refusal>();

  add(refusal: Refusal): void {
    this.#open.set(refusal.subject, refusal);
  }

  /** The same thing has succeeded after all. */
  resolve(subject: string): void {
    this.#open.delete(subject);
  }

  /** Those that never succeeded, in order. */
  get open(): readonly Refusal[] {
    return [...this.#open.values()];
  }
}

export function commandSubject(argv: readonly string[], cwd: string): string {
  return JSON.stringify(["command", cwd, ...argv]);
}

export function patchSubject(paths: readonly string[]): string {
  return JSON.stringify(["patch", ...paths.toSorted()]);
}
