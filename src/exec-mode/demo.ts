/**
 * `codex demo`: a real turn without a key and without a network. The model's words are a recording
 * that is packed in the executable; commands, sandbox, patch and files are real, in a workspace of
 * its own that is removed afterwards.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../config/config.ts";
import { readTextAsset } from "../runtime/assets.ts";
import { describeFileProblem } from "../runtime/file-problem.ts";
import type { ExecOptions } from "./options.ts";
import { parseRecording } from "./recording.ts";
import { replayRecording } from "./replay.ts";
import { runExec } from "./run.ts";

export type DemoOptions = Pick<ExecOptions, "env" | "color" | "json">;

const PROMPT =
  "greet.sh has a typo. Check that you cannot write outside of this workspace, then repair the script and run it.";

const FILES = {
  "greet.sh": 'name=${1:-world}\necho "Helo, $name"\n',
  "README.md": "# A small workspace\n\nIt holds a script with a typo.\n",
} as const;

/** Resolves with the exit code, as `runExec`. Errors: one for people when nothing can be written. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const root = makeRoot(tmpdir());
  const workspace = join(root, "workspace");
  const codexHome = join(root, "home");
  try {
    for (const directory of [workspace, codexHome]) mkdirSync(directory, { mode: 0o700 });
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(workspace, name), text);
    const config = await loadConfig({
      codexHome,
      cwd: workspace,
      home: root,
      env: {},
      overrides: [
        // The temporary directory, where the workspace is, would be writable otherwise.
        "sandbox_workspace_write={exclude_slash_tmp=true,exclude_tmpdir_env_var=true}",
      ],
      flags: { sandboxMode: "workspace-write" },
    });
    const recording = parseRecording(readTextAsset("demo-recording.jsonl"), "demo");
    const source = await replayRecording(config, recording, options.env);
    return await runExec({ ...DEFAULTS, ...options, config, source, prompt: PROMPT });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function makeRoot(parent: string): string {
  try {
    return realpathSync(mkdtempSync(join(parent, "codex-demo-")));
  } catch (error) {
    const reason = describeFileProblem(error);
    throw new Error(`Cannot make a workspace in "${parent}": ${reason}`, { cause: error });
  }
}

const DEFAULTS = {
  images: [],
  skipGitRepoCheck: true,
  lastMessageFile: undefined,
  failOnDenial: false,
  timeoutMs: 120_000,
  resume: undefined,
  replayFile: undefined,
  recordFile: undefined,
} as const satisfies Partial<ExecOptions>;
