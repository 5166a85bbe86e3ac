import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { patchOutcome } from "../../src/apply-patch/run.ts";
import { makeTempDir, removeDir, tempDir } from "../support/temp-dir.ts";
import { listNames, readFiles, writeFiles } from "./files-on-disk.ts";

const LOOP = join(import.meta.dirname, "patch-loop-program.ts");
// 500 and more by hand: KILLED_RUNS=500 node --test test/apply-patch/killed-run.test.ts
const RUNS = Number(process.env["KILLED_RUNS"] ?? 60);
const LONG = Array.from({ length: 200 }, (_, line) => `line ${line}\n`).join("");
const NAMES = [
  "a.txt",
  "one/b.txt",
  "two/deep/c.txt",
  ...Array.from({ length: 20 }, (_, index) => `many/${index}.txt`),
];

interface Outcome {
  readonly isMixed: boolean;
  readonly leftFiles: boolean;
}

function versions(name: string): readonly string[] {
  const rest = name.startsWith("many/") ? "line 0\n" : LONG;
  return name === "two/new.txt" ? ["new\n"] : [`old ${rest}`, `new ${rest}`];
}

function patches(): readonly string[] {
  const update = (from: string, to: string): string =>
    NAMES.map((name) => `*** Update File: ${name}\n@@\n-${from} line 0\n+${to} line 0\n`).join("");
  const framed = (body: string): string => `*** Begin Patch\n${body}*** End Patch\n`;
  return [
    framed(`${update("old", "new")}*** Add File: two/new.txt\n+new\n`),
    framed(`*** Delete File: two/new.txt\n${update("new", "old")}`),
  ];
}

/** One run that is killed at a random moment, one after it that touches other files. */
async function killAndLookAgain(scripts: readonly string[]): Promise<Outcome> {
  const cwd = makeTempDir();
  try {
    writeFiles(cwd, Object.fromEntries(NAMES.map((name) => [name, versions(name)[0] ?? ""])));
    await runUntilKilled(cwd, scripts, Math.random() * 40);
    const isLeftover = (name: string): boolean => name.includes(".codex-apply-patch.");
    const leftFiles = listNames(cwd).some(isLeftover);
    const found = readFiles(cwd);
    const ages = new Set<number>();
    for (const [name, content] of Object.entries(found)) {
      if (isLeftover(name)) continue;
      const age = versions(name).indexOf(content);
      assert.notEqual(age, -1, `${name} is neither old nor new`);
      if (name !== "two/new.txt") ages.add(age);
    }
    for (const name of NAMES) assert.ok(name in found, `${name} is gone`);
    const next = "*** Begin Patch\n*** Add File: next.txt\n+x\n*** End Patch";
    assert.equal(patchOutcome([next], cwd).stderr, "");
    assert.deepEqual(listNames(cwd).filter(isLeftover), []);
    return { isMixed: ages.size > 1, leftFiles };
  } finally {
    removeDir(cwd);
  }
}

async function runUntilKilled(
  cwd: string,
  scripts: readonly string[],
  afterMs: number,
): Promise<void> {
  const child = spawn(process.execPath, [LOOP, ...scripts], { cwd });
  const ended = new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (_, signal) => resolve(signal));
  });
  const errors: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => errors.push(chunk));
  await Promise.race([new Promise((resolve) => child.stdout.once("data", resolve)), ended]);
  await delay(afterMs); // The random moment.
  child.kill("SIGKILL");
  assert.equal(await ended, "SIGKILL", errors.join(""));
}

test(`${RUNS} runs killed at a random moment leave every file old or new`, async (t) => {
  const directory = tempDir(t);
  const scripts = patches().map((patch, index) => {
    const path = join(directory, `${index}.patch`);
    writeFileSync(path, patch);
    return path;
  });
  const outcomes: Outcome[] = [];
  const lane = async (): Promise<void> => {
    while (outcomes.length < RUNS) outcomes.push(await killAndLookAgain(scripts));
  };
  await Promise.all([lane(), lane()]);
  const left = outcomes.filter((outcome) => outcome.leftFiles).length;
  const mixed = outcomes.filter((outcome) => outcome.isMixed).length;
  t.diagnostic(`${outcomes.length} runs: ${left} left temporary files, ${mixed} old and new ones`);
  assert.ok(left > 0, "no run was caught at work");
});
