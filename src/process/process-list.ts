/**
 * The processes of this machine. Linux shows them in /proc, other systems through ps(1).
 * Source: proc_pid_stat(5); ps(1) of macOS and of procps.
 */
import { readdirSync, readFileSync } from "node:fs";

import { runNow } from "./spawn.ts";

export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** Where nothing tells sessions (ps on macOS), the group. */
  readonly session: number;
  /** It has ended and waits for its parent to notice. */
  readonly isZombie: boolean;
  /** Clock ticks since boot, or since 1970; with `pid` it names one process and no later one. */
  readonly startTicks: number;
}

/** Every process that the system shows. Empty where there is no way to see them. */
export function listProcesses(): readonly ProcessFacts[] {
  if (process.platform === "win32") return [];
  return process.platform === "linux" ? listProc() : listWithPs();
}

/** From ps(1), by the words that every Unix knows. Exported for tests, which run it on Linux too. */
export function listWithPs(): readonly ProcessFacts[] {
  const columns = "pid=,ppid=,pgid=,stat=,lstart=";
  // The start is written in the zone and the language of the environment.
  const text = runNow("/bin/ps", ["-A", "-o", columns], { LC_ALL: "C", TZ: "UTC" });
  return (text ?? "").split("\n").flatMap((line) => parsePsLine(line) ?? []);
}

function listProc(): readonly ProcessFacts[] {
  let names: readonly string[];
  try {
    names = readdirSync("/proc");
  } catch {
    return [];
  }
  return names.flatMap((name) => (/^[0-9]+$/.test(name) ? (readProcess(Number(name)) ?? []) : []));
}

/** Undefined when there is no such process. */
export function readProcess(pid: number): ProcessFacts | undefined {
  if (process.platform !== "linux") return listProcesses().find((facts) => facts.pid === pid);
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return undefined;
  }
}

/** One line of /proc/PID/stat. The name in it may hold anything, also ")" and blanks. */
export function parseStat(line: string): ProcessFacts | undefined {
  const pid = Number(line.slice(0, line.indexOf(" ")));
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  const [parent, group, session, startTicks] = [1, 2, 3, 19].map((index) => Number(fields[index]));
  if (parent === undefined || group === undefined || session === undefined) return undefined;
  if (startTicks === undefined || !Number.isSafeInteger(startTicks)) return undefined;
  return { pid, parent, group, session, isZombie: state === "Z" || state === "X", startTicks };
}

/** One line of ps: four words, then the moment of the start, "Thu Nov 26 17:34:10 2026". */
export function parsePsLine(line: string): ProcessFacts | undefined {
  const match = /^ *([0-9]+) +([0-9]+) +([0-9]+) +(\S+) +(\S.*\S) *$/.exec(line);
  if (match === null) return undefined;
  const [pid = 0, parent = 0, group = 0] = match.slice(1, 4).map(Number);
  const [state = "", started = ""] = match.slice(4);
  const startedAtMs = Date.parse(`${started} UTC`);
  if (pid === 0 || Number.isNaN(startedAtMs)) return undefined;
  const startTicks = startedAtMs / MS_PER_TICK;
  return { pid, parent, group, session: group, isZombie: state.startsWith("Z"), startTicks };
}

const MS_PER_TICK = 10;
