/** `codex mcp` with many conversations: time and memory of one turn in each, and what it costs idle. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

import type { Figure } from "./figure.ts";
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
  return withServer(codex, async ({ client, pid, cwd }) => {
    const startedAt = performance.now();
    const turns = Array.from({ length: conversations }, async () =>
      client.request("tools/call", { name: "codex", arguments: { prompt: "go", cwd } }),
    );
    await Promise.all(turns);
    const wallMs = performance.now() - startedAt;
    const residentMb = residentKib(pid) / 1024;
    await pause(SETTLE_MS);
    const before = cpuTicks(pid);
    await pause(IDLE_SECONDS * 1_000);
    const idleCpuPercent = (cpuTicks(pid) - before) / IDLE_SECONDS; // a tick is 1/100 s
    return { conversations, wallMs, residentMb, idleCpuPercent };
  });
}

/** What conversations leave that are opened, have a turn, and are closed. */
export interface McpChurn {
  readonly conversations: number;
  readonly residentMb: number;
  /** Since the first tenth of the conversations. */
  readonly growthMb: number;
  /** More than before the first conversation. */
  readonly descriptors: number;
}

export async function measureMcpChurn(codex: string, conversations: number): Promise<McpChurn> {
  return withServer(codex, async ({ client, pid, cwd }) => {
    const descriptorsBefore = countDescriptors(pid);
    let early = 0;
    for (let count = 1; count <= conversations; count += 1) {
      const { conversationId } = await client.request("newConversation", { cwd });
      await client.request("addConversationListener", { conversationId });
      const items = [{ type: "text", data: { text: "go" } }];
      const completed = client.completion();
      await client.request("sendUserMessage", { conversationId, items });
      await completed;
      await client.request("closeConversation", { conversationId });
      if (count === Math.ceil(conversations / 10)) early = residentKib(pid);
    }
    const residentMb = residentKib(pid) / 1024;
    const descriptors = countDescriptors(pid) - descriptorsBefore;
    return { conversations, residentMb, growthMb: residentMb - early / 1024, descriptors };
  });
}

export function churnFigures({ conversations, residentMb, growthMb }: McpChurn): Figure[] {
  const name = `codex mcp: ${conversations} conversations opened and closed`;
  return [
    { name: `${name}, resident`, value: residentMb, unit: "MB" },
    { name: `${name}, growth since the first tenth`, value: growthMb, unit: "MB", limit: 20 },
  ];
}

interface Served {
  readonly client: Client;
  readonly pid: number;
  readonly cwd: string;
}

/** A server with a home and a model of its own, after the handshake. */
async function withServer<Result>(
  codex: string,
  use: (served: Served) => Promise<Result>,
): Promise<Result> {
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
    return await use({ client, pid: child.pid ?? 0, cwd });
  } finally {
    child.stdin.end();
    child.kill();
    model.close();
    rmSync(home, { recursive: true, force: true });
  }
}

type Answer = Readonly<Record<string, unknown>>;

class Client {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (result: Answer) => void>();
  #completed: () => void = () => undefined;
  #lastId = 0;

  constructor(child: ChildProcess & { readonly stdout: NodeJS.ReadableStream }) {
    this.#child = child;
    createInterface({ input: child.stdout }).on("line", (line) => this.#receive(line));
  }

  async request(method: string, params: Answer): Promise<Answer> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#child.stdin?.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    return answered;
  }

  /** Resolves with the next event that says that a task is complete. */
  completion(): Promise<void> {
    return new Promise((resolve) => {
      this.#completed = resolve;
    });
  }

  #receive(line: string): void {
    const received: unknown = JSON.parse(line);
    if (typeof received !== "object" || received === null) return;
    if ("method" in received) {
      if (line.includes('"type":"task_complete"')) this.#completed();
    } else if ("id" in received) {
      const { id } = received;
      const result = "result" in received ? received.result : undefined;
      if (typeof result !== "object" || result === null) {
        throw new Error(`Unexpected answer: ${line}`);
      }
      this.#waiting.get(Number(id))?.({ ...result });
      this.#waiting.delete(Number(id));
    }
  }
}

function residentKib(pid: number): number {
  return Number(/^VmRSS:\s+([0-9]+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]);
}

function countDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
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
  console.log(await measureMcpChurn(codex, 1_000));
}
