/** Other agents to compare with, fetched by name from the npm registry into a scratch folder. */
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Peers {
  /** Paths of executables. */
  readonly codex23: string;
  readonly codex169: string;
  readonly remove: () => void;
}

/** Errors: when the registry cannot be reached or has something else under these names. */
export function fetchPeers(): Peers {
  const directory = mkdtempSync(join(tmpdir(), "codex-peers-"));
  return {
    codex23: fetchOne(directory, "0.23.0", "**/bin/codex-x86_64-unknown-linux-musl"),
    codex169: fetchOne(directory, "0.169.0", "**/x86_64-unknown-linux-musl/bin/codex"),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function fetchOne(directory: string, version: string, pattern: string): string {
  const prefix = join(directory, version);
  console.error(`fetching @openai/codex@${version} …`);
  const words = ["install", "--prefix", prefix, "--ignore-scripts", `@openai/codex@${version}`];
  const result = spawnSync("npm", words, { encoding: "utf8" });
  const [found] = globSync(join("node_modules", pattern), { cwd: prefix });
  if (result.status !== 0 || found === undefined) {
    throw new Error(`Cannot fetch @openai/codex@${version}: ${result.stderr.trim()}`);
  }
  return join(prefix, found);
}
