/** Runs the command given as arguments and prints what it cost, as one line of JSON. */
import { spawnSync } from "node:child_process";

import { childrenUsage } from "./measure.ts";

const [program = "true", ...args] = process.argv.slice(2);
const startedAt = performance.now();
const { status, signal } = spawnSync(program, args, { stdio: "ignore" });
const wallMs = performance.now() - startedAt;
console.log(JSON.stringify({ ...childrenUsage(), wallMs, end: status ?? signal }));
