/**
 * What `codex exec` costs: its start, its streaming, its tools, its memory. `bench.ts` calls it; it
 * can be run alone too. Times are compared with a bare start of the same Node in the same run.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { reportOf, type Figure } from "./figure.ts";
import { quantile } from "./measure.ts";
import { answer, delta, message, shellCall, startStubModel, type StubModel } from "./stub-model.ts";

/** What the limits in milliseconds were set for. */
const REFERENCE_NODE_START_MS = 25;
const STEPS = 200;
const DONE = answer([message("done")]);

/** `codex` is the path of the executable. Times are as on the machine of the limits. */
export async function measureExecCosts(codex: string, rounds: number): Promise<readonly Figure[]> {
  const home = mkdtempSync(join(tmpdir(), "codex-bench-"));
  const model = await startStubModel();
  try {
    return await new ExecBench(codex, home, model).measure(rounds);
  } finally {
    model.close();
    rmSync(home, { recursive: true, force: true });
  }
}

interface Run {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMb: number;
}

class ExecBench {
  readonly #codex: string;
  readonly #home: string;
  readonly #model: StubModel;

  constructor(codex: string, home: string, model: StubModel) {
    this.#codex = codex;
    this.#home = home;
    this.#model = model;
    mkdirSync(join(home, "work"));
    const provider = `name = "bench"\nbase_url = "${model.url}"\nwire_api = "responses"\n`;
    const config = `model_provider = "bench"\n[model_providers.bench]\n${provider}`;
    writeFileSync(join(home, "config.toml"), config);
  }

  async measure(rounds: number): Promise<readonly Figure[]> {
    const start = await this.#firstRequest(rounds);
    const scale = REFERENCE_NODE_START_MS / start.nodeMs;
    const plain = await this.#best([DONE]);
    const oneStep = await this.#best([shellAnswer("true"), DONE]);
    const streamed = await this.#best([streamedAnswer(200 * 1024, 64)]);
    const small = await this.#best([streamedAnswer(20_000 * 5, 5)]);
    const flood = await this.#best([shellAnswer("head -c 100000000 /dev/zero | tr '\\0' x"), DONE]);
    const feed = await this.#best([shellAnswer("yes 0123456789 | head -c 1000000000"), DONE], 1);
    const steps = Array.from({ length: STEPS }, (_, index) => shellAnswer("true", `c${index}`));
    const many = await this.#best([...steps, DONE]);
    const time = (name: string, valueMs: number, limit: number): Figure => {
      return { name, value: valueMs * scale, unit: "ms", limit };
    };
    const memory = (name: string, value: number, limit: number): Figure => {
      return { name, value, unit: "MB", limit };
    };
    return [
      time("exec: start to first request", start.requestMs, 110),
      time("exec: CPU of a streamed answer of 200 KB", streamed.cpuMs, 500),
      time("exec: 20,000 small deltas", small.wallMs, 1500),
      time("exec: a tool that prints 100 MB", flood.wallMs - oneStep.wallMs, 1000),
      time(`exec: one of ${STEPS} tool steps`, (many.wallMs - plain.wallMs) / STEPS, 10),
      memory("exec: peak of a plain turn", plain.peakMb, 110),
      memory("exec: growth by a tool that prints 100 MB", flood.peakMb - oneStep.peakMb, 30),
      memory("exec: growth by a tool that prints 1 GB", feed.peakMb - oneStep.peakMb, 30),
    ];
  }

  /** In turn with bare starts; medians. */
  async #firstRequest(rounds: number): Promise<{ nodeMs: number; requestMs: number }> {
    const node: number[] = [];
    const request: number[] = [];
    for (let round = -1; round < rounds; round += 1) {
      const nodeStartedAt = performance.now();
      spawnSync(process.execPath, ["-e", "0"], { stdio: "ignore", env: {} });
      const nodeMs = performance.now() - nodeStartedAt;
      this.#model.play([DONE]);
      const startedAt = performance.now();
      await this.#end(spawn(this.#codex, this.#arguments(), this.#options()));
      if (round < 0) continue;
      node.push(nodeMs);
      request.push((this.#model.arrivals[0] ?? Number.NaN) - startedAt);
    }
    return { nodeMs: quantile(node, 0.5), requestMs: quantile(request, 0.5) };
  }

  /** The cheapest of some runs: what disturbs a run only ever adds. */
  async #best(answers: readonly string[], times = 3): Promise<Run> {
    const runs: Run[] = [];
    for (let time = 0; time < times; time += 1) runs.push(await this.#run(answers));
    return {
      wallMs: Math.min(...runs.map(({ wallMs }) => wallMs)),
      cpuMs: Math.min(...runs.map(({ cpuMs }) => cpuMs)),
      peakMb: Math.min(...runs.map(({ peakMb }) => peakMb)),
    };
  }

  async #run(answers: readonly string[]): Promise<Run> {
    this.#model.play(answers);
    const script = join(import.meta.dirname, "run-measured.ts");
    const args = [script, this.#codex, ...this.#arguments()];
    const text = await this.#end(spawn(process.execPath, args, this.#options()));
    if (this.#model.arrivals.length !== answers.length) throw new Error(`Unexpected run: ${text}`);
    const result: unknown = JSON.parse(text);
    const { wallMs, cpuMs, peakKib } = numbersOf(result);
    return { wallMs: wallMs ?? NaN, cpuMs: cpuMs ?? NaN, peakMb: (peakKib ?? NaN) / 1024 };
  }

  #arguments(): readonly string[] {
    return ["exec", "--skip-git-repo-check", "-C", join(this.#home, "work"), "go"];
  }

  #options() {
    const env = { PATH: "/usr/bin:/bin", HOME: this.#home, CODEX_HOME: this.#home };
    return { env, stdio: ["ignore", "pipe", "ignore"] as ["ignore", "pipe", "ignore"] };
  }

  /** What it printed. */
  async #end(child: ReturnType<typeof spawn>): Promise<string> {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await new Promise((resolve) => child.once("close", resolve));
    return text;
  }
}

function shellAnswer(script: string, id = "c"): string {
  const command = script.includes(" ") ? ["bash", "-c", script] : [script];
  return answer([shellCall(id, command)]);
}

/** `bytes` of text in pieces. */
function streamedAnswer(bytes: number, pieceBytes: number): string {
  const pieces = Array.from({ length: Math.ceil(bytes / pieceBytes) }, (_, index) =>
    `${index} `.padEnd(pieceBytes, "x").slice(0, pieceBytes),
  );
  return answer([...pieces.map(delta), message(pieces.join(""))]);
}

function numbersOf(value: unknown): Readonly<Record<string, number>> {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}

if (import.meta.main) {
  const codex = join(dirname(import.meta.dirname), "dist", "codex");
  const figures = await measureExecCosts(codex, Number(process.argv[2] ?? 20));
  for (const figure of figures) console.log(reportOf(figure));
}
