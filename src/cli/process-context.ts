/** What the process was started with. The only place below `main.ts` that asks for it. */
import { type Environment, findCodexHome, findUserHome } from "../config/codex-home.ts";
import { withDotEnv } from "../config/dot-env.ts";

export interface ProcessContext {
  /** With the variables that `$CODEX_HOME/.env` adds. */
  readonly env: Environment;
  readonly cwd: string;
  readonly home: string;
  readonly codexHome: string;
}

/** Errors: ConfigError when `$CODEX_HOME` names no directory. */
export function readProcessContext(): ProcessContext {
  const home = findUserHome(process.env);
  const codexHome = findCodexHome(process.env, home);
  return { env: withDotEnv(process.env, codexHome), cwd: currentDirectory(home), home, codexHome };
}

/** The directory may have been removed; then only a --cd can name one that exists. */
function currentDirectory(home: string): string {
  try {
    return process.cwd();
  } catch {
    return home;
  }
}
