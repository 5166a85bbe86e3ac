/** Conversations whose commands really run: the built executable is the sandbox helper. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { localMachine } from "../../src/core/local-machine.ts";
import { wholeEnvironment } from "../../src/linux-sandbox/inherited-environment.ts";
import { needsLoopback, type ReceivedRequest } from "../support/model-server.ts";
import { type Harness, type HarnessOptions, startConversation } from "./conversation-harness.ts";

const codex = join(dirname(dirname(import.meta.dirname)), "dist", "codex");

/** Why such a test cannot run here, or false. */
export const needsCommands: string | false =
  needsLoopback !== false ? needsLoopback : existsSync(codex) ? false : "dist/codex is not built";

export async function startWithCommands(t: TestContext, options: HarnessOptions): Promise<Harness> {
  const machine = localMachine({
    env: { ...process.env, ...options.env },
    inheritedEnvironment: wholeEnvironment(),
    executable: codex,
  });
  t.after(() => machine.close());
  return startConversation(t, { ...options, machine: { ...machine, ...options.machine } });
}

/** The outputs that a request sent back, in order; JSON where it is some. */
export function outputsOf(request: ReceivedRequest | undefined): readonly unknown[] {
  const body: unknown = request?.body;
  if (typeof body !== "object" || body === null || !("input" in body)) return [];
  if (!Array.isArray(body.input)) return [];
  return (body.input as readonly unknown[]).flatMap((item) =>
    typeof item === "object" && item !== null && "output" in item ? [parsed(item.output)] : [],
  );
}

function parsed(output: unknown): unknown {
  try {
    return typeof output === "string" ? JSON.parse(output) : output;
  } catch {
    return output;
  }
}
