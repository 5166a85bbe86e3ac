/** `$CODEX_HOME` or `~/.codex`, and where everything in it is. Nothing is made until it is needed. */
import { mkdirSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { ConfigError } from "./config-error.ts";
import { quote } from "./toml-value.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Only the user may read what is in the home: it holds a key, and everything that was said. */
export const PRIVATE_DIRECTORY_MODE = 0o700;
export const PRIVATE_FILE_MODE = 0o600;

/** `$HOME` when it is an absolute path, else the home of the account. */
export function findUserHome(env: Environment): string {
  const home = env["HOME"];
  if (home !== undefined && isAbsolute(home)) return home;
  // Loaded only here: it takes 0.9 ms.
  return process.getBuiltinModule("node:os").userInfo().homedir;
}

/**
 * The absolute path of the home. One that `$CODEX_HOME` names has to exist, and is returned without
 * symbolic links in it; the default one need not exist. An empty `$CODEX_HOME` counts as unset.
 *
 * Errors: ConfigError when `$CODEX_HOME` names no directory.
 */
export function findCodexHome(env: Environment, userHome: string): string {
  const named = env["CODEX_HOME"];
  if (named === undefined || named === "") return join(userHome, ".codex");
  try {
    const path = realpathSync(named);
    if (statSync(path).isDirectory()) return path;
  } catch (error) {
    throw codexHomeError(named, "no such directory", error);
  }
  throw codexHomeError(named, "not a directory");
}

function codexHomeError(named: string, state: string, cause?: unknown): ConfigError {
  return new ConfigError([{ complaint: `Cannot use CODEX_HOME ${quote(named)}: ${state}` }], {
    cause,
  });
}

/**
 * Makes the home when it does not exist. Its parent has to be there: a user without a home
 * directory is a mistake to tell of. Errors: those of mkdir(2).
 */
export function ensureCodexHome(codexHome: string): void {
  if (statSync(codexHome, { throwIfNoEntry: false })?.isDirectory() === true) return;
  mkdirSync(codexHome, { mode: PRIVATE_DIRECTORY_MODE });
}

export function configFile(codexHome: string): string {
  return join(codexHome, "config.toml");
}

export function authFile(codexHome: string): string {
  return join(codexHome, "auth.json");
}

/** Variables for unset names, see `dot-env.ts`. */
export function dotEnvFile(codexHome: string): string {
  return join(codexHome, ".env");
}

/** What the user has typed, one JSON object a line. */
export function historyFile(codexHome: string): string {
  return join(codexHome, "history.jsonl");
}

/** Holds `YYYY/MM/DD/rollout-*.jsonl`. */
export function sessionsDirectory(codexHome: string): string {
  return join(codexHome, "sessions");
}

/** The instructions of the user for every project. */
export function globalInstructionsFile(codexHome: string): string {
  return join(codexHome, "AGENTS.md");
}
