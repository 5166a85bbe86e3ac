/** The computer this program runs on, as conversations need it. */
import type { Environment } from "../config/codex-home.ts";
import type { ByteString } from "../runtime/byte-string.ts";
import type { Machine } from "./machine.ts";
import { NO_TOOLS } from "./tools/tool.ts";

export interface LocalMachineInput {
  readonly env: Environment;
  /** The whole environment of the process; what of it commands get is up to the configuration. */
  readonly inheritedEnvironment: readonly ByteString[];
}

export function localMachine({ env }: LocalMachineInput): Machine {
  return {
    env,
    commandRunner: () => () =>
      Promise.resolve({ kind: "not-started", reason: "not in this build" }),
    commandPlaces: () => ({ tmpdir: env["TMPDIR"], home: env["HOME"] }),
    hasPlatformSandbox: process.platform === "linux" || process.platform === "darwin",
    applyPatchProgram: null,
    createTurnDiff: () => ({
      beforePatch: () => undefined,
      unifiedDiff: () => Promise.resolve(null),
    }),
    startDetached: () => undefined,
    createTools: () => NO_TOOLS,
  };
}
