/** Times whole processes in turn, so that a drifting machine slows all of them alike. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import koffi from "koffi";

/** Peers write there even for a look at their version, and refuse a home below /tmp. */
const home = makeHome(join(dirname(import.meta.dirname), "dist"));
process.on("exit", () => rmSync(home, { recursive: true, force: true }));

/** A signal leaves one behind, maybe with hundreds of megabytes of copies: the next run removes it. */
function makeHome(parent: string): string {
  for (const name of readdirSync(parent)) {
    const owner = /^bench-home-([0-9]+)-/.exec(name)?.[1];
    if (owner !== undefined && !isRunning(Number(owner))) {
      rmSync(join(parent, name), { recursive: true, force: true });
    }
  }
  return mkdtempSync(join(parent, `bench-home-${process.pid}-`));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

export interface Subject {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
  /** Run in turn in the place of the command's program; from copiesOf. */
  readonly copies?: readonly string[];
}

/**
 * Several copies of a program, all written in the same way. How a file lies in the page cache, and
 * that is how it was written, makes up to a tenth of a start, and two copies differ by a few
 * percent: programs that are held against each other are measured on several copies of each.
 */
export function copiesOf(program: string): readonly string[] {
  return Array.from({ length: COPIES }, (_, index) => {
    const directory = join(copiesHome, String(index));
    mkdirSync(directory, { recursive: true });
    const copy = join(directory, basename(program));
    copyFileSync(program, copy);
    return copy;
  });
}

/** To be called when all of them have been measured: they are large. */
export function removeCopies(): void {
  rmSync(copiesHome, { recursive: true, force: true });
}

const COPIES = 3;
const copiesHome = join(home, "copies");

export interface Timing {
  readonly name: string;
  readonly medianMs: number;
  readonly p10Ms: number;
  readonly p90Ms: number;
  /** Median of the ratios to the first subject, run by run. */
  readonly ratioToFirst: number;
}

/** `rounds` runs of each subject, one after the other, after one warm-up round. */
export function timeInTurn(subjects: readonly Subject[], rounds: number): readonly Timing[] {
  const samples = subjects.map((): number[] => []);
  for (let round = -1; round < rounds; round += 1) {
    subjects.forEach((subject, index) => {
      const elapsed = runOnce(subject, Math.max(0, round));
      if (round >= 0) samples[index]?.push(elapsed);
    });
  }
  const first = samples[0] ?? [];
  return subjects.map(({ name }, index) => {
    const own = samples[index] ?? [];
    const ratios = own.map((value, round) => value / (first[round] ?? Number.NaN));
    return {
      name,
      medianMs: quantile(own, 0.5),
      p10Ms: quantile(own, 0.1),
      p90Ms: quantile(own, 0.9),
      ratioToFirst: quantile(ratios, 0.5),
    };
  });
}

/** Largest resident set, in MB, of one run of the command: getrusage(RUSAGE_CHILDREN). */
export function peakMemoryMb(subject: Subject): number {
  const script = new URL("peak-memory.ts", import.meta.url).pathname;
  const result = spawnSync(process.execPath, [script, ...subject.command], { encoding: "utf8" });
  return Number(result.stdout.trim().split("\n").at(-1)) / 1024;
}

export interface ChildrenUsage {
  /** Of the largest of them. */
  readonly peakKib: number;
  /** User and system time, together. */
  readonly cpuMs: number;
}

/** Of the children waited for, with theirs. Source: getrusage(2). */
export function childrenUsage(): ChildrenUsage {
  const usage = new BigInt64Array(18); // two timevals, then 14 longs; ru_maxrss is the first
  const getrusage: (who: number, usage: BigInt64Array) => unknown = koffi
    .load("libc.so.6")
    .func("int getrusage(int who, void *usage)");
  getrusage(-1, usage);
  const [userS = 0, userUs = 0, systemS = 0, systemUs = 0, peakKib = 0] = Array.from(usage, Number);
  return { peakKib, cpuMs: (userS + systemS) * 1000 + (userUs + systemUs) / 1000 };
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function runOnce({ name, command, environment, copies = [] }: Subject, round: number): number {
  const [named, ...args] = command;
  const program = copies[round % copies.length] ?? named;
  const started = performance.now();
  const result = spawnSync(program, args, {
    stdio: "ignore",
    env: environment ?? { PATH: "/usr/bin:/bin", HOME: home },
  });
  const elapsed = performance.now() - started;
  if (result.status !== 0) throw new Error(`${name} ended with ${result.status ?? result.signal}`);
  return elapsed;
}
