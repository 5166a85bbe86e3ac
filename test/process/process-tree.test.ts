import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { suite, test, type TestContext } from "node:test";

import {
  listProcesses,
  parseStat,
  readProcess,
  type ProcessFacts,
} from "../../src/process/process-list.ts";
import { membersOf, ProcessTree } from "../../src/process/process-tree.ts";
import { needsLinux } from "../support/skip-reasons.ts";
import { until } from "../support/until.ts";

const options = { skip: needsLinux };

function facts(pid: number, parent: number, session: number, startTicks = pid): ProcessFacts {
  return { pid, parent, group: session, session, isZombie: false, startTicks };
}

suite("parseStat", () => {
  const rest = "1 2 3 34816 5 4194304 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 10";
  for (const name of ["cat", "a b", "x) S 9 9 9", ") R 1 (", "", "\n) Z ("]) {
    test(`reads the line of a program named ${JSON.stringify(name)}`, () => {
      assert.deepEqual(parseStat(`42 (${name}) S ${rest}\n`), {
        pid: 42,
        parent: 1,
        group: 2,
        session: 3,
        isZombie: false,
        startTicks: 98_765,
      });
    });
  }

  test("tells the ended from the living", () => {
    assert.equal(parseStat(`42 (x) Z ${rest}`)?.isZombie, true);
    assert.equal(parseStat(`42 (x) T ${rest}`)?.isZombie, false);
  });

  test("takes nothing else", () => {
    assert.equal(parseStat(""), undefined);
    assert.equal(parseStat("42 (x) S 1 2"), undefined);
  });

  test("agrees with the kernel about ourselves", options, () => {
    const own = readProcess(process.pid);
    assert.deepEqual([own?.pid, own?.parent], [process.pid, process.ppid]);
    assert.ok(listProcesses().some(({ pid }) => pid === process.pid));
  });
});

suite("membersOf", () => {
  const nobody: ReadonlyMap<number, number> = new Map();
  const pids = (members: readonly ProcessFacts[]): readonly number[] =>
    members.map(({ pid }) => pid).toSorted((a, b) => a - b);

  test("finds the session, and descendants that left it, in any order", () => {
    const all = [facts(30, 20, 30), facts(20, 10, 20), facts(12, 1, 10), facts(10, 1, 10)];
    assert.deepEqual(pids(membersOf(new Set([10]), nobody, all)), [10, 12, 20, 30]);
    assert.deepEqual(pids(membersOf(new Set([10]), nobody, all.toReversed())), [10, 12, 20, 30]);
  });

  test("leaves everybody else alone, ended ones too", () => {
    const all = [facts(1, 0, 1), facts(10, 1, 10), { ...facts(11, 10, 10), isZombie: true }];
    assert.deepEqual(pids(membersOf(new Set([10]), nobody, all)), [10]);
  });

  test("finds a known process by its start, and no later one of its number", () => {
    const all = [facts(50, 1, 50, 700), facts(51, 1, 51, 800)];
    const known = new Map([
      [50, 700],
      [51, 799],
    ]);
    assert.deepEqual(pids(membersOf(new Set([10]), known, all)), [50]);
  });
});

/** Starts a shell that leads a session and prints one line when its script is that far. */
async function startScript(t: TestContext, script: string): Promise<ProcessTree> {
  const child = spawn("sh", ["-c", script], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { pid, stdout } = child;
  assert.ok(pid !== undefined);
  const tree = new ProcessTree([pid]);
  t.after(() => tree.killNow());
  await new Promise((resolve) => stdout.once("data", resolve));
  return tree;
}

suite("ProcessTree", options, () => {
  test("ends a shell with what it started, SIGTERM being enough", async (t) => {
    const tree = await startScript(t, "sleep 60 & sleep 60 & echo; wait");
    assert.equal(tree.members().length, 3);
    const startedAt = performance.now();
    assert.equal(await tree.end(5_000), true);
    assert.ok(performance.now() - startedAt < 2_000);
    assert.deepEqual(tree.members(), []);
  });

  test("kills what ignores SIGTERM", async (t) => {
    const tree = await startScript(t, "trap '' TERM; sleep 60 & echo; while :; do wait; done");
    assert.equal(await tree.end(50), true);
    assert.deepEqual(tree.members(), []);
  });

  test("finds process groups and sessions that were made below", async (t) => {
    // The shell's own group, one of its job, and a session beneath both.
    const script = "set -m; sleep 60 & set +m; setsid sleep 60 & echo; wait";
    const tree = await startScript(t, `exec bash -c '${script}'`);
    const found = await until(
      () => new Set(tree.members().map(({ group }) => group)).size === 3,
      5_000,
    );
    assert.ok(found, JSON.stringify(tree.members()));
    assert.equal(await tree.end(2_000), true);
    assert.deepEqual(tree.members(), []);
  });

  test("wakes a stopped process for its end", async (t) => {
    const tree = await startScript(t, "sleep 60 & kill -STOP $!; echo; wait");
    assert.equal(await tree.end(5_000), true);
    assert.deepEqual(tree.members(), []);
  });

  test("is content with nothing", async () => {
    assert.equal(await new ProcessTree([]).end(1_000), true);
  });
});
