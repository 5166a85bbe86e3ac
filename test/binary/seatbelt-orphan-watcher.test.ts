/**
 * What covers a SIGKILL to codex where no parent-death signal exists, as on macOS: a watcher with a
 * lifeline. Run on Linux, where the same code runs.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { addAbortSignal, type Readable } from "node:stream";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { readProcess } from "../../src/process/process-list.ts";
import { pinnedNode, projectRoot } from "../support/codex-binary.ts";

const needsSessions = process.platform === "win32" ? "Windows has no sessions" : false;

const watcherSource = JSON.stringify(join(projectRoot, "src/process/orphan-watcher.ts"));

const WATCHER = `import { runOrphanWatcher } from ${watcherSource};
process.exitCode = await runOrphanWatcher();`;

// Stands for codex: one command that ignores SIGTERM and has a child, and the watcher of both.
const PARENT = `
import { spawn } from "node:child_process";
import { formatSessions } from ${watcherSource};
const script = "trap '' TERM HUP; sleep 300 & echo $!; while :; do sleep 300; done";
const command = spawn("sh", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
command.stdout.once("data", (line) => {
  const flags = ["--input-type=module", "-e", ${JSON.stringify(WATCHER)}];
  const watcher = spawn(process.execPath, flags, { detached: true, stdio: ["ignore", "ignore", "ignore", "pipe"] });
  watcher.stdio[3].write(formatSessions([]) + formatSessions([command.pid]), () => {
    console.log([command.pid, Number(line), watcher.pid].join(" "));
  });
});
`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return readProcess(pid)?.isZombie !== true; // one that nobody waits for
  } catch {
    return false;
  }
}

/** All of it, for a stream that carries one line. */
async function firstLine(stream: Readable): Promise<string> {
  let text = "";
  for await (const chunk of addAbortSignal(AbortSignal.timeout(20_000), stream)) {
    text += String(chunk);
    if (text.endsWith("\n")) break;
  }
  return text.trim();
}

async function allEnd(pids: readonly number[], deadlineMs: number): Promise<readonly number[]> {
  const deadline = performance.now() + deadlineMs;
  while (performance.now() < deadline && pids.some(isAlive)) await sleep(10);
  return pids.filter(isAlive);
}

test(
  "a command and its child do not outlive a killed parent, nor does the watcher",
  { skip: needsSessions },
  async (t) => {
    const flags = ["--input-type=module", "-e", PARENT];
    const parent = spawn(pinnedNode, flags, { stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => parent.kill("SIGKILL"));
    const line = await firstLine(parent.stdout);
    const pids = line.split(" ").map(Number);
    t.after(() => {
      for (const pid of pids.filter(isAlive)) process.kill(pid, "SIGKILL");
    });
    assert.deepEqual(pids.map(isAlive), [true, true, true]);
    parent.kill("SIGKILL");
    assert.deepEqual(await allEnd(pids, 10_000), []);
  },
);
