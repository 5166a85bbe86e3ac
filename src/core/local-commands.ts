/** Commands of tool calls on this computer: what they inherit, and what came of them. */
import { delimiter } from "node:path";
import type { Config } from "../config/config.ts";
import { filterEnvironment, nameOfEntry, setEntries } from "../process/exec-env.ts";
import type { ExecResult } from "../process/exec.ts";
import type { HelperPool } from "../process/helper-pool.ts";
import { withSandboxMarkers } from "../process/sandbox-environment.ts";
import { type ByteString, textOf } from "../runtime/byte-string.ts";
import { mechanismFor } from "../sandbox/sandbox.ts";
import type { CommandResult, CommandRunner } from "./tools/command-runner.ts";

export interface LocalCommandsInput {
  readonly config: Pick<Config, "codexHome" | "shellEnvironmentPolicy">;
  /** The whole environment of the process. */
  readonly inherited: readonly ByteString[];
  /** Directory with our own tools, found before all others; null: there is none. */
  readonly toolDirectory: string | null;
  /** Loaded when the first command is near: it is not needed for the first request. */
  readonly helpers: () => Promise<HelperPool>;
}

export function localCommands(input: LocalCommandsInput): CommandRunner {
  let filtered: Promise<readonly ByteString[]> | undefined;
  const environment = (): Promise<readonly ByteString[]> =>
    (filtered ??= commandEnvironment(input));
  return {
    run: async (request) => {
      const { execCommand } = await import("../process/exec.ts");
      const { SpawnError } = await import("../process/spawn.ts");
      const helpers = await input.helpers();
      try {
        const result = await execCommand({
          ...request,
          environment: withSandboxMarkers(
            await environment(),
            request.policy,
            mechanismFor(process.platform, request.policy),
          ),
          codexHome: input.config.codexHome,
          helpers,
        });
        return commandResult(result);
      } catch (error) {
        if (!(error instanceof SpawnError)) throw error;
        return { kind: "not-started", reason: error.message };
      } finally {
        void helpers.prepare();
      }
    },
    places: async () => {
      const entries = await environment();
      return { tmpdir: valueOf(entries, "TMPDIR"), home: valueOf(entries, "HOME") };
    },
    prepare: () => void prepare(input),
  };
}

async function prepare(input: LocalCommandsInput): Promise<void> {
  const [helpers] = await Promise.all([input.helpers(), import("../process/exec.ts")]);
  await helpers.prepare();
}

async function commandEnvironment({
  config,
  inherited,
  toolDirectory,
}: LocalCommandsInput): Promise<readonly ByteString[]> {
  const { entries } = await filterEnvironment(inherited, config.shellEnvironmentPolicy);
  if (toolDirectory === null) return entries;
  // Windows writes "Path", and a second name of other letters would hide it.
  const names = entries.map((entry) => textOf(nameOfEntry(entry)));
  const isPath = (each: string): boolean =>
    process.platform === "win32" ? each.toUpperCase() === "PATH" : each === "PATH";
  const name = names.find(isPath) ?? "PATH";
  const path = valueOf(entries, name);
  const value =
    path === undefined || path === "" ? toolDirectory : `${toolDirectory}${delimiter}${path}`;
  return setEntries(entries, { [name]: value });
}

function valueOf(entries: readonly ByteString[], name: string): string | undefined {
  const entry = entries.find((each) => nameOfEntry(each) === name);
  return entry === undefined ? undefined : textOf(entry).slice(name.length + 1);
}

function commandResult(result: ExecResult): CommandResult {
  const { outcome, durationMs, stdout, stderr, aggregated, placeChanges, confinement } = result;
  if (outcome.kind === "could-not-confine") {
    return { kind: "not-started", reason: outcome.message };
  }
  return {
    kind: "ended",
    exitCode: outcome.exitCode,
    timedOutAfterMs: outcome.kind === "timed-out" ? outcome.afterMs : null,
    isAborted: outcome.kind === "aborted",
    isSignaled: outcome.kind === "signaled",
    durationMs,
    stdout,
    stderr,
    aggregated,
    placeChanges,
    confinement,
  };
}
