/** The computer this program runs on, as conversations need it. */
import { join } from "node:path";
import type { Environment } from "../config/codex-home.ts";
import type { HelperPool } from "../process/helper-pool.ts";
import type { ByteString } from "../runtime/byte-string.ts";
import { startDetached } from "./detached-program.ts";
import { localCommands } from "./local-commands.ts";
import type { Machine } from "./machine.ts";
import { makeToolDirectory } from "./tool-directory.ts";
import { NO_TOOLS, type ToolProvider } from "./tools/tool.ts";

export interface LocalMachineInput {
  readonly env: Environment;
  /** The whole environment of the process; what of it commands get is up to the configuration. */
  readonly inheritedEnvironment: readonly ByteString[];
  /** Absolute path of this executable, which is also the sandbox helper and apply_patch. */
  readonly executable: string;
  /** The same file as the kernel keeps it, which also works after it was replaced. */
  readonly helperPath?: string;
  readonly createTools?: (config: Parameters<Machine["createTools"]>[0]) => ToolProvider;
}

/** `close` gives up the waiting helper; commands that run have to be ended before. */
export function localMachine(input: LocalMachineInput): Machine & { readonly close: () => void } {
  const { env, executable } = input;
  let pool: Promise<HelperPool> | undefined;
  const helpers = (): Promise<HelperPool> =>
    (pool ??= createPool(input.helperPath ?? executable, env));
  return {
    env,
    createCommands: (config) => {
      const toolDirectory = makeToolDirectory(config.codexHome, executable);
      return {
        runner: localCommands({
          config,
          inherited: input.inheritedEnvironment,
          toolDirectory,
          helpers,
        }),
        applyPatchProgram: toolDirectory === null ? null : join(toolDirectory, "apply_patch"),
      };
    },
    hasPlatformSandbox: process.platform === "linux" || process.platform === "darwin",
    startDetached: (argv, cwd) => void startDetached(argv, cwd, env),
    createTools: input.createTools ?? (() => NO_TOOLS),
    close: () => void pool?.then((made) => made.close()),
  };
}

async function createPool(path: string, env: Environment): Promise<HelperPool> {
  const { HelperPool: Pool } = await import("../process/helper-pool.ts");
  const { minimalEnvironment } = await import("../process/helper-process.ts");
  return new Pool({ program: { path, environment: minimalEnvironment(env) } });
}
