/** `codex generate-ts --out DIR`: types of the conversation methods of `codex mcp`. */
import { flagText, type Invocation, UsageError } from "./invocation.ts";
import { complain } from "./output.ts";
import { readProcessContext } from "./process-context.ts";

export async function runGenerateTsCommand(invocation: Invocation): Promise<number> {
  const out = flagText(invocation, "--out");
  if (out === undefined) throw new UsageError(invocation.path, 'Missing option "--out <DIR>"');
  const { cwd, env } = readProcessContext();
  const prettier = flagText(invocation, "--prettier");
  const { generateTypes } = await import("../mcp-server/generate-types.ts");
  const problem = await generateTypes({ out, prettier, cwd, env });
  if (problem === null) return 0;
  complain(problem);
  return 1;
}
