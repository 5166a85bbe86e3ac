/** Starts test/fixtures/victim.ts: an outsider for attacks to aim at, and what it noticed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { fixture, pinnedNode } from "./codex-binary.ts";
import { alreadyConfined, needsNetwork } from "./skip-reasons.ts";

/** What attacks need to know; absent where this process is itself not allowed to have it. */
export type VictimFacts = ReadonlyMap<string, string>;

export interface VictimReport {
  readonly signals: number;
  readonly streamBytes: number;
  readonly datagrams: number;
}

export interface Victim {
  readonly facts: VictimFacts;
  report(): Promise<VictimReport>;
  stop(): Promise<void>;
}

/** A value of the victim's environment that nobody else may read. */
export const victimSecret = "secret-of-the-launcher";

export async function startVictim(directory: string): Promise<Victim> {
  const features = [
    ...(needsNetwork === false ? ["network"] : []),
    ...(alreadyConfined ? [] : ["ipc"]),
  ];
  const child = spawn(pinnedNode, [fixture("victim.ts"), directory, ...features], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, VICTIM_VALUE: victimSecret },
    detached: true, // a process group of its own, for attacks on groups
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const facts = new Map(
    Object.entries(await nextObject()).map(([name, value]) => [name, String(value)]),
  );
  return {
    facts,
    async report() {
      child.stdin.write("report\n");
      const counts = await nextObject();
      return {
        signals: Number(counts["signals"]),
        streamBytes: Number(counts["streamBytes"]),
        datagrams: Number(counts["datagrams"]),
      };
    },
    async stop() {
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };

  async function nextObject(): Promise<Record<string, unknown>> {
    const line = await lines.next();
    if (line.done === true) throw new Error("The victim ended");
    const value: unknown = JSON.parse(line.value);
    if (typeof value !== "object" || value === null) throw new TypeError("Not an object");
    return { ...value };
  }
}
