/** Runs the command given as arguments and prints its peak memory in KiB. */
import { spawnSync } from "node:child_process";

import { childrenUsage } from "./measure.ts";

const [program = "true", ...args] = process.argv.slice(2);
spawnSync(program, args, { stdio: "ignore" });
console.log(childrenUsage().peakKib);
