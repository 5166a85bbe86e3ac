/** Programs of the user that are started and left alone. */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../config/codex-home.ts";
import { describeFileProblem } from "../runtime/file-problem.ts";

/**
 * With the user's own environment, no input, and output to nowhere. Resolves with why it could not
 * be started, or undefined; never rejects.
 */
export async function startDetached(
  argv: readonly string[],
  cwd: string,
  env: Environment,
): Promise<string | undefined> {
  const [name, ...args] = argv;
  if (name === undefined) return undefined;
  const program = findProgram(name, env["PATH"] ?? "");
  // Said at once: a program that runs one prompt is over soon after.
  if (program === undefined) return `Cannot start ${JSON.stringify(name)}: not found in PATH`;
  const problem = problemOf(program);
  if (problem !== undefined) return `Cannot start ${JSON.stringify(name)}: ${problem}`;
  const environment: Record<string, string> = {};
  for (const [key, value] of Object.entries(env)) if (value !== undefined) environment[key] = value;
  try {
    const { spawnChild } = await import("../process/spawn.ts");
    const child = await spawnChild({
      program,
      args,
      cwd,
      environment,
      descriptors: ["null", "null", "null"],
    });
    child.setHolding(false);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Undefined when there is no such program. */
function findProgram(name: string, path: string): string | undefined {
  if (name.includes("/")) return name;
  return path
    .split(":")
    .filter((directory) => directory !== "")
    .map((directory) => join(directory, name))
    .find((file) => problemOf(file) === undefined);
}

/** Why it cannot be executed. */
function problemOf(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    return describeFileProblem(error);
  }
}
