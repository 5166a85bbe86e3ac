/** Programs of the user that are started and left alone. */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../config/codex-home.ts";

/** With the user's own environment, no input, and output to nowhere. Never rejects. */
export async function startDetached(
  argv: readonly string[],
  cwd: string,
  env: Environment,
): Promise<void> {
  const [name, ...args] = argv;
  const program = name === undefined ? undefined : findProgram(name, env["PATH"] ?? "");
  if (program === undefined) return;
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
  } catch {
    // Nobody waits for it, and a turn is not worse for it.
  }
}

/** Undefined when there is no such program. */
function findProgram(name: string, path: string): string | undefined {
  if (name.includes("/")) return name;
  return path
    .split(":")
    .filter((directory) => directory !== "")
    .map((directory) => join(directory, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
