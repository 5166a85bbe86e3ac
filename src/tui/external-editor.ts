/** The draft in the user's own editor. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../config/codex-home.ts";
import { SpawnError } from "../process/spawn.ts";
import { runOnTerminal } from "./terminal-program.ts";

export type EditResult =
  | { readonly kind: "edited"; readonly text: string }
  | { readonly kind: "kept"; readonly reason: string };

/** The terminal must have been handed over. */
export async function editInEditor(
  draft: string,
  env: Environment,
  cwd: string,
): Promise<EditResult> {
  const editor = [env["VISUAL"], env["EDITOR"]].find(
    (name) => name !== undefined && name.trim() !== "",
  );
  if (editor === undefined) return kept("Neither $VISUAL nor $EDITOR names an editor");
  const directory = mkdtempSync(join(tmpdir(), "codex-draft-"));
  const file = join(directory, "draft.md");
  try {
    writeFileSync(file, draft, { mode: 0o600, flag: "wx" });
    const code = await runOnTerminal(editor, file, { env, cwd });
    if (code !== 0) return kept(`The editor ended with exit code ${code}; the draft is as it was`);
    return { kind: "edited", text: readFileSync(file, "utf8").replace(/\n$/u, "") };
  } catch (error) {
    if (error instanceof SpawnError) return kept(error.message);
    const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return kept(`Cannot edit the draft: ${reason}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function kept(reason: string): EditResult {
  return { kind: "kept", reason };
}
