/** `codex mcp` with many conversations: time and memory of one turn in each, and what it costs idle. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

import { answer, message, startStubModel } from "./stub-model.ts";

export interface McpCosts {
  readonly conversations: number;
  /** From the first request to the end of the last turn. */
  readonly wallMs: number;
  readonly residentMb: number;
  /** Share of one processor, in per cent, over the idle seconds after it. */
  readonly idleCpuPercent: number;
}

const IDLE_SECONDS = 10;
/** V8 collects garbage twice when nothing happens, after 8 and 16 seconds. */
const SETTLE_MS = 20_000;

export async function measureMcp(codex: string, conversations: number): Promise<McpCosts> {
  const home = mkdtempSync(join(tmpdir(), "codex-bench-"));
  const model = await startStubModel();
  model.play([answer([message("done")])]);
  const provider = `name = "bench"\nbase_url = "${model.url}"\nwire_api = "responses"\n`;
  const config = `model_provider = "bench"\n[model_providers.bench]\n${provider}`;
  writeFileSync(join(home, "config.toml"), config);
  const cwd = join(home, "work");
  mkdirSync(cwd);
  const child = spawn(codex, ["mcp"], {
    cwd,
    env: { PATH: "/usr/bin:/bin", HOME: home, CODEX_HOME: home },
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const client = new Client(child);
    const clientInfo = { name: "bench", version: "1" };
    const protocolVersion = "2025-06-18";
    await client.request("initialize", { protocolVersion, capabilities: {}, clientInfo });
    const startedAt = performance.now();
    const turns = Array.from({ length: conversations }, async () =>
      client.request("tools/call", { name: "codex", arguments: { prompt: "go", cwd } }),
    );
    await Promise.all(turns);
    const wallMs = performance.now() - startedAt;
    const pid = child.pid ?? 0;
    const residentMb = residentKib(pid) / 1024;
    await pause(SETTLE_MS);
    const before = cpuTicks(pid);
    await pause(IDLE_SECONDS * 1_000);
    const idleCpuPercent = (cpuTicks(pid) - before) / IDLE_SECONDS; // a tick is 1/100 s
    return { conversations, wallMs, residentMb, idleCpuPercent };
  } finally {
    child.stdin.end();
    child.kill();
    model.close();
    rmSync(home, { recursive: true, force: true });
  }
}

class Client {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, () => void>();
  #lastId = 0;

  constructor(child: ChildProcess & { readonly stdout: NodeJS.ReadableStream }) {
    this.#child = child;
    createInterface({ input: child.stdout }).on("line", (line) => {
      const answered: unknown = JSON.parse(line);
      if (typeof answered !== "object" || answered === null || !("id" in answered)) return;
      if (!("result" in answered)) throw new Error(`Unexpected answer: ${line}`);
      this.#waiting.get(Number(answered.id))?.();
    });
  }

  async request(method: string, params: Readonly<Record<string, unknown>>): Promise<void> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answered = new Promise<void>((resolve) => this.#waiting.set(id, resolve));
    this.#child.stdin?.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    await answered;
  }
}

function residentKib(pid: number): number {
  return Number(/^VmRSS:\s+([0-9]+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]);
}

/** Source: utime and stime of proc_pid_stat(5). */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

export function showMcp({ conversations, wallMs, residentMb, idleCpuPercent }: McpCosts): void {
  console.log(
    `${conversations} conversations with a turn each: ${wallMs.toFixed(0)} ms, ` +
      `${residentMb.toFixed(0)} MB resident, idle CPU ${idleCpuPercent.toFixed(1)} %`,
  );
}

if (import.meta.main) {
  const codex = join(dirname(import.meta.dirname), "dist", "codex");
  for (const count of [1, 50, 500]) showMcp(await measureMcp(codex, count));
}
