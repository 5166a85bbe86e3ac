/** The computer this program runs on, as conversations need it. */
import type { Environment } from "../config/codex-home.ts";
import type { HelperPool } from "../process/helper-pool.ts";
import type { ByteString } from "../runtime/byte-string.ts";
import { startDetached } from "./detached-program.ts";
import { localCommands } from "./local-commands.ts";
import type { Machine } from "./machine.ts";
import type { ServersInput } from "./tools/mcp-tools.ts";
import { makeToolDirectory } from "./tool-directory.ts";
import { externalTools } from "./external-tools.ts";

export interface LocalMachineInput {
  readonly env: Environment;
  /** The whole environment of the process; what of it commands get is up to the configuration. */
  readonly inheritedEnvironment: readonly ByteString[];
  /** Absolute path of this executable, which is also the sandbox helper and apply_patch. */
  readonly executable: string;
  /** The same file as Linux keeps it, which also works after it was replaced; unused elsewhere. */
  readonly helperPath?: string;
}

export interface LocalMachine extends Machine {
  /** What MCP servers are started with. */
  readonly servers: Omit<ServersInput, "emit">;
  /** Gives up the waiting helper; commands and servers that run have to be ended before. */
  readonly close: () => void;
}

export function localMachine(input: LocalMachineInput): LocalMachine {
  const { env, executable } = input;
  let pool: Promise<HelperPool> | undefined;
  const keptFile = process.platform === "linux" ? input.helperPath : undefined;
  const helpers = (): Promise<HelperPool> => (pool ??= createPool(keptFile ?? executable, env));
  const servers = { env, inherited: input.inheritedEnvironment, helpers };
  return {
    env,
    createCommands: (config) => {
      const toolDirectory = makeToolDirectory(config.codexHome, executable);
      return {
        runner: localCommands({
          config,
          inherited: input.inheritedEnvironment,
          toolDirectory: toolDirectory?.path ?? null,
          helpers,
        }),
        applyPatchProgram: toolDirectory?.applyPatchProgram ?? null,
      };
    },
    hasPlatformSandbox: process.platform === "linux" || process.platform === "darwin",
    startDetached: (argv, cwd) => startDetached(argv, cwd, env),
    servers,
    createTools: (config, emit) => externalTools({ ...servers, config, emit }),
    close: () => void pool?.then((made) => made.close()),
  };
}

async function createPool(path: string, env: Environment): Promise<HelperPool> {
  const { HelperPool: Pool } = await import("../process/helper-pool.ts");
  const { minimalEnvironment } = await import("../process/helper-process.ts");
  return new Pool({ program: { path, environment: minimalEnvironment(env) } });
}
