/** Start-up times beside a bare start of the same Node, sizes, and peak memory. */
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";

import type { Figure } from "./figure.ts";
import { copiesOf, peakMemoryMb, removeCopies, timeInTurn, type Subject } from "./measure.ts";
import type { Peers } from "./peers.ts";

/** Upper limits of the ratio to a bare Node start. */
const LIMITS: Readonly<Record<string, number>> = {
  "codex --version": 0.95,
  "codex --help": 1.8,
  "codex debug landlock -- true": 1.1,
  "codex completion bash": 3.2,
  "codex config check": 3.2,
};

export async function measureStarts(
  codex: string,
  rounds: number,
  peers: Peers | undefined,
): Promise<readonly Figure[]> {
  const nodes = copiesOf(process.execPath);
  const executables = copiesOf(codex);
  const timings = timeInTurn(
    [
      { name: "bare Node start", command: [process.execPath, "-e", "0"], copies: nodes },
      { name: "/bin/true", command: ["/bin/true"] },
      ...Object.keys(LIMITS).map((name) => ({ ...ownSubject(codex, name), copies: executables })),
      ...(peers === undefined ? [] : peerSubjects(peers)),
    ],
    rounds,
  );
  removeCopies();
  const debugLandlock = ownSubject(codex, "codex debug landlock -- true");
  const xzMb = xzSizeMb(codex);
  return [
    ...timings.flatMap(({ name, medianMs, p10Ms, p90Ms, ratioToFirst }): readonly Figure[] => [
      { name, value: medianMs, unit: "ms", spread: [p10Ms, p90Ms] },
      { name: `${name}, to a bare Node start`, value: ratioToFirst, unit: "x", ...limitOf(name) },
    ]),
    { name: "executable", value: statSync(codex).size / 1e6, unit: "MB", limit: 120 },
    ...(xzMb === undefined
      ? []
      : [{ name: "executable as xz", value: xzMb, unit: "MB", limit: 32 } as const]),
    {
      name: "peak memory of codex debug landlock -- true",
      value: peakMemoryMb(debugLandlock),
      unit: "MB",
      limit: 80,
    },
  ];
}

function limitOf(name: string): { readonly limit?: number } {
  const limit = LIMITS[name];
  return limit === undefined ? {} : { limit };
}

function ownSubject(codex: string, name: string): Subject {
  return { name, command: [codex, ...name.split(" ").slice(1)] };
}

function peerSubjects({ codex23, codex169 }: Peers): readonly Subject[] {
  return [
    { name: "0.23.0: codex --version", command: [codex23, "--version"] },
    {
      name: "0.23.0: codex debug landlock -- true",
      command: [codex23, "debug", "landlock", "--", "true"],
    },
    { name: "0.169.0: codex --version", command: [codex169, "--version"] },
    { name: "0.169.0: codex sandbox -- true", command: [codex169, "sandbox", "--", "true"] },
  ];
}

/** Undefined without xz. */
function xzSizeMb(path: string): number | undefined {
  const script = `xz -6 -T0 -c "$1" | wc -c`;
  const result = spawnSync("sh", ["-c", script, "sh", path], { encoding: "utf8" });
  const bytes = Number(result.stdout.trim());
  return bytes > 0 ? bytes / 1e6 : undefined;
}
