/** The draft in the user's own editor. */
import { readFileSync } from "node:fs";
import { SpawnError } from "../process/spawn.ts";
import { withTemporaryFile } from "./temporary-file.ts";
import { type Lending, type LentEnd, runOnTerminal, wasKilled } from "./terminal-program.ts";
import { describeFileProblem } from "../runtime/file-problem.ts";

export type EditResult =
  | { readonly kind: "edited"; readonly text: string }
  | ({ readonly kind: "kept" } & Required<LentEnd>);

/** The terminal must have been handed over. */
export async function editInEditor(draft: string, lending: Lending): Promise<EditResult> {
  const { env } = lending;
  const editor = [env["VISUAL"], env["EDITOR"]].find(
    (name) => name !== undefined && name.trim() !== "",
  );
  if (editor === undefined) return kept("Neither $VISUAL nor $EDITOR names an editor");
  const given = { kind: "draft", name: "draft.md", text: draft };
  try {
    return await withTemporaryFile(given, async (file) => {
      const code = await runOnTerminal(editor, file, lending);
      if (code !== 0) {
        const problem = `The editor ended with exit code ${code}; the draft is as it was`;
        return kept(problem, wasKilled(code));
      }
      return { kind: "edited", text: readFileSync(file, "utf8").replace(/\n$/u, "") };
    });
  } catch (error) {
    if (error instanceof SpawnError) return kept(error.message);
    return kept(`Cannot edit the draft: ${describeFileProblem(error)}`);
  }
}

function kept(problem: string, leftBehind = false): EditResult {
  return { kind: "kept", problem, leftBehind };
}
