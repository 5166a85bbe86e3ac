/** `codex generate-ts`: writes the types to a directory. */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Environment } from "../config/codex-home.ts";
import { spawnChild, SpawnError } from "../process/spawn.ts";
import { makeDirectories } from "../runtime/make-directories.ts";
import { typescriptTypes } from "./typescript-types.ts";
import { describeFileProblem } from "../runtime/file-problem.ts";

export interface GenerateOptions {
  readonly out: string;
  /** A formatter that takes `--write` and files, by its path. */
  readonly prettier: string | undefined;
  readonly cwd: string;
  readonly env: Environment;
}

/** What went wrong, or null. */
export async function generateTypes(options: GenerateOptions): Promise<string | null> {
  const directory = resolve(options.cwd, options.out);
  const files: string[] = [];
  try {
    makeDirectories(directory);
    for (const { name, text } of typescriptTypes()) {
      const path = join(directory, name);
      writeFileSync(path, text);
      files.push(path);
    }
  } catch (error) {
    return `Cannot write types to ${JSON.stringify(directory)}: ${describeFileProblem(error)}`;
  }
  return options.prettier === undefined ? null : format(options, options.prettier, files);
}

async function format(
  { cwd, env }: GenerateOptions,
  prettier: string,
  files: readonly string[],
): Promise<string | null> {
  const environment: Record<string, string> = {};
  for (const [key, value] of Object.entries(env)) if (value !== undefined) environment[key] = value;
  try {
    const child = await spawnChild({
      program: resolve(cwd, prettier),
      args: ["--write", ...files],
      cwd,
      environment,
      descriptors: ["null", "null", 2],
      sharesTerminal: true,
    });
    const { code, signal } = await child.end;
    return code === 0 ? null : `${JSON.stringify(prettier)} ended with ${code ?? signal}`;
  } catch (error) {
    if (error instanceof SpawnError) return error.message;
    throw error;
  }
}
