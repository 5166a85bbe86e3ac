/**
 * `npm run bench`: start-up times and sizes of dist/codex, as ratios to a bare start of the same
 * Node in the same run. Prints a table and writes bench/results.json.
 */
import { spawnSync } from "node:child_process";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { peakMemoryMb, timeInTurn, type Subject } from "./measure.ts";

const root = dirname(import.meta.dirname);
const codex = join(root, "dist", "codex");
const rounds = Number(process.argv[2] ?? 40);

const subjects: readonly Subject[] = [
  { name: "bare Node start", command: [process.execPath, "-e", "0"] },
  { name: "/bin/true", command: ["/bin/true"] },
  { name: "codex --version", command: [codex, "--version"] },
  { name: "codex --help", command: [codex, "--help"] },
  { name: "codex debug landlock -- true", command: [codex, "debug", "landlock", "--", "true"] },
];

/** Upper limits of the ratio to a bare Node start. */
const limits: Readonly<Record<string, number>> = {
  "codex --version": 0.95,
  "codex --help": 1.8,
  "codex debug landlock -- true": 1.15,
};

if (!existsSync(codex)) {
  console.error("Cannot measure: dist/codex is missing; run npm run build first");
  process.exit(1);
}
const timings = timeInTurn(subjects, rounds);
console.log(`${rounds} runs each, in turn; times in ms, ratio to a bare Node start`);
console.log("median    p10    p90  ratio  limit");
for (const { name, medianMs, p10Ms, p90Ms, ratioToFirst } of timings) {
  const columns = [
    medianMs.toFixed(1),
    p10Ms.toFixed(1),
    p90Ms.toFixed(1),
    ratioToFirst.toFixed(2),
  ];
  const limit = limits[name]?.toFixed(2) ?? "-";
  console.log(`${[...columns, limit].map((column) => column.padStart(6)).join(" ")}  ${name}`);
}
const sizes = {
  binaryMb: statSync(codex).size / 1e6,
  xzMb: xzSizeMb(),
  peakMbDebugLandlock: peakMemoryMb({
    name: "",
    command: [codex, "debug", "landlock", "--", "true"],
  }),
};
console.log(
  `binary ${sizes.binaryMb.toFixed(1)} MB (limit 120), as xz ${sizes.xzMb} MB (limit 32)`,
);
console.log(`peak memory of debug landlock ${sizes.peakMbDebugLandlock.toFixed(1)} MB (limit 80)`);
const results = join(import.meta.dirname, "results.json");
writeFileSync(results, `${JSON.stringify({ rounds, timings, sizes }, undefined, 2)}\n`);

function xzSizeMb(): string {
  const result = spawnSync("sh", ["-c", `xz -6 -T0 -c "$1" | wc -c`, "sh", codex], {
    encoding: "utf8",
  });
  const bytes = Number(result.stdout.trim());
  return bytes > 0 ? (bytes / 1e6).toFixed(1) : "unknown (xz is missing)";
}
