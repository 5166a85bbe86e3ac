/** What the process was started with. The only place below `main.ts` that asks for it. */
import { type Environment, findCodexHome, findUserHome } from "../config/codex-home.ts";
import { withDotEnv } from "../config/dot-env.ts";

export interface ProcessContext {
  /** With the variables that `$CODEX_HOME/.env` adds. */
  readonly env: Environment;
  /** The home when the current directory was removed. */
  readonly cwd: string;
  readonly isCwdRemoved: boolean;
  readonly home: string;
  readonly codexHome: string;
}

/** Errors: ConfigError when `$CODEX_HOME` names no directory. */
export function readProcessContext(): ProcessContext {
  const home = findUserHome(process.env);
  const codexHome = findCodexHome(process.env, home);
  const cwd = currentDirectory();
  const env = withDotEnv(process.env, codexHome);
  return { env, cwd: cwd ?? home, isCwdRemoved: cwd === undefined, home, codexHome };
}

function currentDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}
