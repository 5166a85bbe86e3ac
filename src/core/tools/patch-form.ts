/** Commands that are patches. */
import type { BashGrammar } from "../../shell/bash-grammar.ts";

export interface PatchForm {
  readonly text: string;
  /** Absolute: where the patch's paths start. */
  readonly workdir: string;
}

export function findPatch(
  argv: readonly string[],
  cwd: string,
  _grammar: BashGrammar,
): PatchForm | undefined {
  const [program, text] = argv;
  if (argv.length !== 2 || text === undefined) return undefined;
  return program === "apply_patch" || program === "applypatch" ? { text, workdir: cwd } : undefined;
}
