/**
 * The entry of all its programs: looks at the name it was started under, loads only that one.
 *
 * Nothing but `node:` modules may be imported here at the top; start-up time depends on it.
 */
import { writeSync } from "node:fs";
import { basename } from "node:path";

import { version } from "./runtime/version.ts";

function main(): Promise<number> {
  const words = process.argv.slice(2);
  switch (basename(process.argv0)) {
    case "codex-linux-sandbox":
      return sandboxHelper();
    case "apply_patch":
    case "applypatch":
    case "apply_patch.exe":
    case "applypatch.exe":
      return applyPatch(words);
    case "codex-orphan-watcher":
      return orphanWatcher();
    default:
      return commandLine(words);
  }
}

async function sandboxHelper(): Promise<number> {
  const { runLinuxSandbox } = await import("./linux-sandbox/run.ts");
  return runLinuxSandbox();
}

async function applyPatch(words: readonly string[]): Promise<number> {
  const { runApplyPatch } = await import("./apply-patch/run.ts");
  return runApplyPatch(words, process.cwd());
}

async function orphanWatcher(): Promise<number> {
  const { runOrphanWatcher } = await import("./process/orphan-watcher.ts");
  return runOrphanWatcher();
}

async function commandLine(words: readonly string[]): Promise<number> {
  if (words.length === 1 && (words[0] === "--version" || words[0] === "-V")) {
    const text = `codex-cli ${version}\n`;
    try {
      writeSync(1, text);
    } catch {
      // A full pipe is waited for; what cannot be written is said in words.
      (await import("./cli/output.ts")).print(text);
    }
    return 0;
  }
  // How Codex starts it; scripts that cannot choose argv[0] do the same.
  if (words[0] === "--codex-run-as-apply-patch") return applyPatch(words);
  if (words[0] === "debug") {
    const { startDebug } = await import("./cli/debug-start.ts");
    const code = await startDebug(words);
    if (code !== undefined) return code;
  }
  const { runCli } = await import("./cli/program.ts");
  return runCli(words);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    // A closed stdout is the reader's wish to stop, not a failure to report.
    if (error instanceof Error && "code" in error && error.code === "EPIPE") process.exit(0);
    writeSync(2, `codex: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
