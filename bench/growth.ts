/**
 * How cost grows with size: each subject at 1, 10 and 100 times a size, and the exponent between
 * the two larger ones, after the cost of the smallest run is taken away. 1 is linear.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { spawn } from "node:child_process";

import { Rollout } from "../src/core/rollout.ts";
import { answer, delta, message, shellCall, startStubModel, type StubModel } from "./stub-model.ts";

export interface Growth {
  readonly name: string;
  /** What is counted. */
  readonly unit: string;
  readonly steps: readonly GrowthStep[];
  /** Of user and system time; NaN when the sizes cost next to nothing. */
  readonly exponent: number;
  /** MB from the smallest to the largest. */
  readonly memoryGrowthMb: number;
}

export interface GrowthStep {
  readonly size: number;
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly peakMb: number;
}

interface Subject {
  readonly name: string;
  readonly unit: string;
  /** The smallest of the three sizes. */
  readonly size: number;
  readonly run: (size: number) => Promise<Run>;
}

interface Run {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMb: number;
}

export async function measureGrowth(
  codex: string,
  onResult: (growth: Growth) => void,
): Promise<readonly Growth[]> {
  const home = mkdtempSync(join(tmpdir(), "codex-bench-"));
  const model = await startStubModel();
  try {
    const results: Growth[] = [];
    for (const subject of subjects(new Bench(codex, home, model))) {
      const grown = await grow(subject);
      results.push(grown);
      onResult(grown);
    }
    return results;
  } finally {
    model.close();
    rmSync(home, { recursive: true, force: true });
  }
}

async function grow({ name, unit, size, run }: Subject): Promise<Growth> {
  const floor = await best(run, 1);
  const steps: GrowthStep[] = [];
  for (const times of [1, 10, 100]) {
    steps.push({ size: size * times, ...(await best(run, size * times)) });
  }
  const [first, second, third] = steps.map(({ cpuMs }) => cpuMs - floor.cpuMs);
  const isMeasurable = second !== undefined && third !== undefined && second > 5 && third > second;
  const memories = steps.map(({ peakMb }) => peakMb);
  return {
    name,
    unit,
    steps,
    exponent: isMeasurable && first !== undefined ? Math.log10(third / second) : Number.NaN,
    memoryGrowthMb: Math.max(...memories) - Math.min(...memories),
  };
}

/** The cheapest of three: what disturbs a run only ever adds. */
async function best(run: (size: number) => Promise<Run>, size: number): Promise<Run> {
  const runs: Run[] = [];
  for (let time = 0; time < 3; time += 1) runs.push(await run(size));
  return {
    wallMs: Math.min(...runs.map(({ wallMs }) => wallMs)),
    cpuMs: Math.min(...runs.map(({ cpuMs }) => cpuMs)),
    peakMb: Math.min(...runs.map(({ peakMb }) => peakMb)),
  };
}

function subjects(bench: Bench): readonly Subject[] {
  const streamed = async (text: string, pieceBytes: number): Promise<Run> => {
    const pieces = text.match(new RegExp(`.{1,${pieceBytes}}`, "gs")) ?? [];
    return bench.exec([answer([...pieces.map(delta), message(text)])]);
  };
  return [
    {
      name: "streamed answer in pieces of 64 bytes",
      unit: "bytes",
      size: 20_000,
      run: async (size) => streamed("x".repeat(size), 64),
    },
    {
      name: "deltas of 5 bytes",
      unit: "deltas",
      size: 500,
      run: async (size) => streamed("abcd ".repeat(size), 5),
    },
    {
      name: "output of one command",
      unit: "bytes",
      size: 1_000_000,
      run: async (size) => {
        const script = `yes 0123456789 | head -c ${size}`;
        return bench.exec([
          answer([shellCall("c", ["bash", "-c", script])]),
          answer([message("done")]),
        ]);
      },
    },
    {
      name: "tool steps in one turn",
      unit: "steps",
      size: 4,
      run: async (size) => {
        const steps = Array.from({ length: size }, (_, index) =>
          answer([shellCall(`c${index}`, ["true"])]),
        );
        return bench.exec([...steps, answer([message("done")])]);
      },
    },
    {
      name: "apply_patch, a hunk every 100 lines",
      unit: "lines",
      size: 1_000,
      run: async (size) => bench.patch(size),
    },
    {
      name: "items appended to a session file",
      unit: "items",
      size: 100,
      run: async (size) => bench.append(size),
    },
    {
      name: "a session resumed",
      unit: "messages",
      size: 300,
      run: async (size) => bench.resume(size),
    },
  ];
}

class Bench {
  readonly #codex: string;
  readonly #home: string;
  readonly #model: StubModel;

  constructor(codex: string, home: string, model: StubModel) {
    this.#codex = codex;
    this.#home = home;
    this.#model = model;
    mkdirSync(join(home, "work"));
    const provider = `name = "bench"\nbase_url = "${model.url}"\nwire_api = "responses"\n`;
    writeFileSync(
      join(home, "config.toml"),
      `model_provider = "bench"\n[model_providers.bench]\n${provider}`,
    );
  }

  async exec(answers: readonly string[], words: readonly string[] = ["go"]): Promise<Run> {
    this.#model.play(answers);
    const run = await this.#measure(["exec", "--skip-git-repo-check", ...words]);
    if (this.#model.arrivals.length < answers.length) throw new Error("The model was not asked");
    return run;
  }

  /** A file of so many lines, one of a hundred changed. */
  async patch(lines: number): Promise<Run> {
    const file = join(this.#home, "work", "patched.txt");
    const text = Array.from({ length: lines }, (_, index) => `line ${index}`);
    writeFileSync(file, `${text.join("\n")}\n`);
    const hunks = text.flatMap((line, index) =>
      index % 100 === 50 ? [`@@\n ${text[index - 1] ?? ""}\n-${line}\n+${line} changed`] : [],
    );
    const change = hunks.length > 0 ? hunks.join("\n") : `@@\n-${text[0] ?? ""}\n+changed`;
    const patch = join(this.#home, "patch");
    writeFileSync(
      patch,
      `*** Begin Patch\n*** Update File: patched.txt\n${change}\n*** End Patch\n`,
    );
    const script = `exec -a apply_patch "$0" < "$1"`;
    return this.#measureCommand(["bash", "-c", script, this.#codex, patch]);
  }

  /** In this process: the session file alone, one write for each item. */
  append(size: number): Run {
    const home = mkdtempSync(join(this.#home, "append-"));
    const session = { id: "bench", codexHome: home, cwd: home, instructions: null };
    const rollout = Rollout.start(session, (problem) => {
      throw new Error(problem);
    });
    const startedAt = performance.now();
    const before = process.cpuUsage();
    for (let index = 0; index < size; index += 1) {
      const output = `line ${index} of what a command printed`;
      rollout.append({ type: "function_call_output", call_id: `call_${index}`, output });
    }
    const { user, system } = process.cpuUsage(before);
    rollout.close();
    const wallMs = performance.now() - startedAt;
    return { wallMs, cpuMs: (user + system) / 1_000, peakMb: 0 };
  }

  /** A session with so many messages before this one. */
  async resume(messages: number): Promise<Run> {
    const sessions = join(this.#home, "sessions");
    rmSync(sessions, { recursive: true, force: true });
    await this.exec([answer([message("done")])]);
    const name = readdirSync(sessions, { recursive: true, encoding: "utf8" }).find((entry) =>
      entry.endsWith(".jsonl"),
    );
    if (name === undefined) throw new Error("No session was kept");
    const path = join(sessions, name);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    const line = lines.findLast((text) => text.includes('"role":"assistant"'));
    if (line === undefined) throw new Error("No answer was kept");
    writeFileSync(path, `${[...lines, ...Array<string>(messages).fill(line)].join("\n")}\n`);
    return this.exec([answer([message("done")])], ["resume", "--last", "go on"]);
  }

  async #measure(words: readonly string[]): Promise<Run> {
    return this.#measureCommand([this.#codex, ...words]);
  }

  async #measureCommand(command: readonly string[]): Promise<Run> {
    const script = join(import.meta.dirname, "run-measured.ts");
    const child = spawn(process.execPath, [script, ...command], {
      cwd: join(this.#home, "work"),
      env: { PATH: "/usr/bin:/bin", HOME: this.#home, CODEX_HOME: this.#home },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await new Promise((resolve) => child.once("close", resolve));
    const result: unknown = JSON.parse(text);
    if (!isMeasured(result) || result.end !== 0) throw new Error(`Unexpected run: ${text}`);
    return { wallMs: result.wallMs, cpuMs: result.cpuMs, peakMb: result.peakKib / 1024 };
  }
}

interface Measured {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakKib: number;
  readonly end: number | string;
}

function isMeasured(value: unknown): value is Measured {
  return typeof value === "object" && value !== null && "peakKib" in value && "end" in value;
}

export function showGrowth({ name, unit, steps, exponent, memoryGrowthMb }: Growth): void {
  const figures = steps.map(({ size, cpuMs }) => `${size}: ${cpuMs.toFixed(0)} ms`).join(", ");
  const words = Number.isNaN(exponent) ? "too little to tell" : exponent.toFixed(2);
  const memory = `memory +${memoryGrowthMb.toFixed(0)} MB`;
  console.log(`exponent ${words}, ${memory}  ${name} (${unit}; CPU ${figures})`);
}

if (import.meta.main) {
  const codex = join(dirname(import.meta.dirname), "dist", "codex");
  if (spawnSync(codex, ["--version"]).status !== 0) throw new Error("Run npm run build first");
  await measureGrowth(codex, showGrowth);
}
