/**
 * `npm run bench [-- --quick] [--peers] [section…]`: what dist/codex costs, as ratios to a floor or a
 * peer in the same run. Prints tables and writes bench/results.json.
 *
 * --quick: fewer runs, for a first look. --peers: also fetches Codex 0.23.0 and 0.169.0 from the npm
 * registry into a scratch folder and runs them beside ours. A figure over its limit is marked, and
 * the exit code is 1 then; on a busy machine times mean little.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { dirname, join } from "node:path";

import { measureExecCosts } from "./exec-costs.ts";
import { measureGrowth, showGrowth } from "./growth.ts";
import { churnFigures, measureMcp, measureMcpChurn, showMcp } from "./mcp-conversations.ts";
import { fetchPeers, type Peers } from "./peers.ts";
import { type Figure, isOver, reportOf } from "./figure.ts";
import { measureSandboxLatency, latencyFigures } from "./sandbox-latency.ts";
import { measureStarts } from "./starts.ts";
import { measureTui } from "./tui.ts";

const SECTIONS = ["starts", "sandbox", "exec", "growth", "mcp", "tui"] as const;
type Section = (typeof SECTIONS)[number];

const codex = join(dirname(import.meta.dirname), "dist", "codex");
const resultsPath = join(import.meta.dirname, "results.json");
const words = process.argv.slice(2);
const isQuick = words.includes("--quick");
const named = words.filter((word) => !word.startsWith("--"));
const unknown = words.filter(
  (word) => !["--quick", "--peers", ...SECTIONS].some((known) => known === word),
);

if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(" ")}; expected --quick, --peers, ${SECTIONS.join(", ")}`);
  process.exit(2);
}
if (!existsSync(codex)) {
  console.error("Cannot measure: dist/codex is missing; run npm run build first");
  process.exit(1);
}

const peers = words.includes("--peers") ? fetchPeers() : undefined;
const results: Record<string, unknown> = {};
const figures: Figure[] = [];
try {
  const [load = 0] = loadavg();
  if (load > 0.5)
    console.log(`The machine is busy (load ${load.toFixed(1)}): compare ratios only.`);
  for (const section of SECTIONS) {
    if (named.length > 0 && !named.includes(section)) continue;
    console.log(`\n# ${section}`);
    results[section] = await measure(section, peers);
  }
} finally {
  peers?.remove();
}
const machine = { processors: cpus().length, model: cpus()[0]?.model, node: process.version };
const kept: unknown = existsSync(resultsPath) ? JSON.parse(readFileSync(resultsPath, "utf8")) : {};
const before = typeof kept === "object" && kept !== null && named.length > 0 ? kept : {};
const all = { ...before, machine, date: new Date().toISOString(), ...results };
writeFileSync(resultsPath, `${JSON.stringify(all, undefined, 2)}\n`);
const over = figures.filter(isOver);
if (over.length > 0) {
  console.log(`\nOver their limits: ${over.map(({ name }) => name).join("; ")}`);
  process.exitCode = 1;
}

async function measure(section: Section, others: Peers | undefined): Promise<unknown> {
  switch (section) {
    case "starts":
      return show(await measureStarts(codex, isQuick ? 10 : 40, others));
    case "sandbox": {
      const latency = await measureSandboxLatency({
        codex,
        rounds: isQuick ? 20 : 100,
        calls: isQuick ? 50 : 1_000,
        peer: others?.codex23,
      });
      show(latencyFigures(latency));
      return latency;
    }
    case "exec":
      return show(await measureExecCosts(codex, isQuick ? 5 : 20));
    case "growth":
      return measureGrowth(codex, showGrowth);
    case "mcp": {
      const costs = [];
      for (const count of [5, 50, 500]) costs.push(await measureMcp(codex, count));
      for (const cost of costs) showMcp(cost);
      const churn = await measureMcpChurn(codex, isQuick ? 300 : 3_000);
      show(churnFigures(churn));
      console.log(`${churn.descriptors} descriptors more than before the first conversation`);
      return { costs, churn };
    }
    case "tui":
      return show(await measureTui({ codex, peer: others?.codex23, isQuick }));
  }
}

function show(list: readonly Figure[]): readonly Figure[] {
  figures.push(...list);
  for (const figure of list) console.log(reportOf(figure));
  return list;
}
