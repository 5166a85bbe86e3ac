/**
 * What the sandbox costs one tool command: from the call to the end of `true`, warm and cold, beside
 * a plain spawn of the same program in the same run and, when it is there, a peer's helper.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { execCommand } from "../src/process/exec.ts";
import { HelperPool } from "../src/process/helper-pool.ts";
import { minimalEnvironment } from "../src/process/helper-process.ts";
import { WORKSPACE_WRITE_POLICY } from "../src/protocol/sandbox-policy.ts";
import { byteStringFromText } from "../src/runtime/byte-string.ts";
import type { Figure } from "./figure.ts";
import { quantile } from "./measure.ts";

export interface SandboxLatency {
  readonly plainMs: Spread;
  readonly warmMs: Spread;
  readonly coldMs: Spread;
  /** Call by call, to the plain spawn beside it. */
  readonly warmRatio: number;
  /** A bare start of the Node that is inside, which a cold helper cannot avoid. */
  readonly bareNodeMs: Spread;
  /** `--version`: the least that any start of this executable takes. */
  readonly emptyStartMs: Spread;
  /** Call by call, to the empty start beside it. */
  readonly coldRatio: number;
  /** Of all warm calls of the long run, some after a pause. */
  readonly p99Ms: number;
  /** Of a plain spawn beside each of those calls. */
  readonly plainP99Ms: number;
  readonly calls: number;
  readonly idlePrivateMb: number;
  /** Codex 0.23.0's helper, one process for each command. */
  readonly peerMs: Spread | undefined;
}

export interface Spread {
  readonly p10: number;
  readonly median: number;
  readonly p90: number;
}

export interface LatencyOptions {
  readonly codex: string;
  /** Calls of each kind in turn. */
  readonly rounds: number;
  /** Calls of the long run. */
  readonly calls: number;
  /** Codex 0.23.0's executable. */
  readonly peer: string | undefined;
}

export async function measureSandboxLatency(options: LatencyOptions): Promise<SandboxLatency> {
  const directory = mkdtempSync(join(tmpdir(), "codex-bench-"));
  const program = { path: options.codex, environment: minimalEnvironment(process.env) };
  const warm = new HelperPool({ program });
  const cold = new HelperPool({ program, keepsWarm: false });
  const run = async (helpers: HelperPool): Promise<number> => {
    const startedAt = performance.now();
    const result = await execCommand({
      argv: ["/bin/true"],
      cwd: directory,
      policyCwd: directory,
      policy: WORKSPACE_WRITE_POLICY,
      environment: [byteStringFromText("PATH=/usr/bin:/bin")],
      codexHome: undefined,
      timeoutMs: 10_000,
      helpers,
    });
    const elapsed = performance.now() - startedAt;
    if (result.outcome.kind !== "exited" || result.outcome.exitCode !== 0) {
      throw new Error(`true under the sandbox: ${JSON.stringify(result.outcome)}`);
    }
    return elapsed;
  };
  try {
    const samples: Record<"plain" | "bare" | "empty" | "warm" | "cold" | "peer", number[]> = {
      plain: [],
      bare: [],
      empty: [],
      warm: [],
      cold: [],
      peer: [],
    };
    for (let round = -3; round < options.rounds; round += 1) {
      const plain = await plainSpawn("/bin/true", []);
      const peer =
        options.peer === undefined ? Number.NaN : await peerHelper(options.peer, directory);
      const bare = await plainSpawn(process.execPath, ["-e", "0"]);
      const empty = await plainSpawn(options.codex, ["--version"]);
      const coldMs = await run(cold);
      const warmMs = await runWarm(warm, run, 60);
      if (round < 0) continue; // caches and just-in-time compilation
      samples.plain.push(plain);
      samples.bare.push(bare);
      samples.empty.push(empty);
      samples.cold.push(coldMs);
      samples.warm.push(warmMs);
      if (options.peer !== undefined) samples.peer.push(peer);
    }
    const many: number[] = [];
    const manyPlain: number[] = [];
    for (let call = 0; call < options.calls; call += 1) {
      manyPlain.push(await plainSpawn("/bin/true", []));
      many.push(await runWarm(warm, run, call % 50 === 49 ? 1_000 : 60));
    }
    await warm.prepare();
    await pause(1_000); // until it has everything loaded and waits
    return {
      plainMs: spread(samples.plain),
      warmMs: spread(samples.warm),
      coldMs: spread(samples.cold),
      warmRatio: quantile(
        samples.warm.map((ms, index) => ms / (samples.plain[index] ?? Number.NaN)),
        0.5,
      ),
      bareNodeMs: spread(samples.bare),
      emptyStartMs: spread(samples.empty),
      coldRatio: quantile(
        samples.cold.map((ms, index) => ms / (samples.empty[index] ?? Number.NaN)),
        0.5,
      ),
      p99Ms: quantile(many, 0.99),
      plainP99Ms: quantile(manyPlain, 0.99),
      calls: many.length,
      idlePrivateMb: privateMb(warm.warmPid),
      peerMs: options.peer === undefined ? undefined : spread(samples.peer),
    };
  } finally {
    warm.close();
    cold.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A model thinks between two commands; the helper is started meanwhile. */
async function runWarm(
  helpers: HelperPool,
  run: (helpers: HelperPool) => Promise<number>,
  thinkingMs: number,
): Promise<number> {
  await helpers.prepare();
  await pause(thinkingMs);
  return run(helpers);
}

async function plainSpawn(
  program: string,
  args: readonly string[],
  argv0?: string,
): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(program, [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: "/usr/bin:/bin" },
    ...(argv0 === undefined ? {} : { argv0 }),
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("exit", resolve);
    child.once("error", reject);
  });
  const elapsed = performance.now() - startedAt;
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
  return elapsed;
}

async function peerHelper(peer: string, directory: string): Promise<number> {
  const policy = JSON.stringify({
    mode: "workspace-write",
    writable_roots: [],
    network_access: false,
    exclude_tmpdir_env_var: false,
    exclude_slash_tmp: false,
  });
  return plainSpawn(peer, [directory, policy, "--", "/bin/true"], "codex-linux-sandbox");
}

function spread(values: readonly number[]): Spread {
  return {
    p10: quantile(values, 0.1),
    median: quantile(values, 0.5),
    p90: quantile(values, 0.9),
  };
}

/**
 * Memory that is this process's alone. Clean pages are the executable's own, which every process of
 * this program shares with the page cache. Source: proc_pid_smaps_rollup(5).
 */
function privateMb(pid: number | undefined): number {
  if (pid === undefined) return Number.NaN;
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
  return Number(/^Private_Dirty: +([0-9]+) kB/m.exec(text)?.[1]) / 1024;
}

export function latencyFigures(latency: SandboxLatency): readonly Figure[] {
  const { plainMs, warmMs, coldMs, peerMs } = latency;
  const spreadOf = ({ p10, p90 }: Spread): readonly [number, number] => [p10, p90];
  const time = (name: string, value: Spread, limit?: number): Figure => ({
    name,
    value: value.median,
    unit: "ms",
    spread: spreadOf(value),
    ...(limit === undefined ? {} : { limit }),
  });
  return [
    time("plain spawn of true", plainMs),
    ...(peerMs === undefined ? [] : [time("0.23.0's helper with true", peerMs)]),
    time("tool command true, warm helper", warmMs, peerMs?.median),
    time("bare Node start", latency.bareNodeMs),
    time("tool command true, cold helper", coldMs, 25),
    time("codex --version", latency.emptyStartMs),
    // 25 ms where an empty start of a single executable takes 18.
    { name: "cold, to codex --version", value: latency.coldRatio, unit: "x", limit: 1.39 },
    { name: "warm, to a plain spawn", value: latency.warmRatio, unit: "x", limit: 2.5 },
    {
      name: `warm, 99 of 100 of ${latency.calls} calls within`,
      value: latency.p99Ms,
      unit: "ms",
      limit: 10,
      peer: { name: "plain spawn", value: latency.plainP99Ms },
    },
    {
      name: "private memory of a waiting helper",
      value: latency.idlePrivateMb,
      unit: "MB",
      limit: 12,
    },
  ];
}
