import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { suite, test } from "node:test";

import { minimalEnvironment } from "../../src/process/helper-process.ts";
import { readProcess } from "../../src/process/process-list.ts";
import { codexBinary, fixture, pinnedNode } from "../support/codex-binary.ts";
import { run } from "../support/run.ts";
import { needsSandbox } from "../support/skip-reasons.ts";
import { comparable, execute, helperPool } from "../support/tool-commands.ts";
import { until } from "../support/until.ts";

const options = { skip: needsSandbox };

test("a helper gets nothing of our environment but where files may be", () => {
  const ours = { HOME: "/h", TMPDIR: "/t", PATH: "/bin", LD_PRELOAD: "/l", MY_KEY: "k" };
  assert.deepEqual(minimalEnvironment(ours), { HOME: "/h", TMPDIR: "/t" });
});

function isAlive(pid: number): boolean {
  return readProcess(pid)?.isZombie === false;
}

suite("HelperPool", options, () => {
  test("has no helper until it is asked to prepare one, and then one", async (t) => {
    const helpers = helperPool(t);
    const pids: (number | undefined)[] = [helpers.warmPid];
    await Promise.all([helpers.prepare(), helpers.prepare()]);
    pids.push(helpers.warmPid);
    await helpers.prepare();
    pids.push(helpers.warmPid);
    const [before, first, second] = pids;
    assert.equal(before, undefined);
    assert.ok(first !== undefined && isAlive(first));
    assert.equal(second, first);
  });

  test("a waiting helper shows nothing of a command and has a clean environment", async (t) => {
    const helpers = helperPool(t);
    await helpers.prepare();
    const pid = helpers.warmPid ?? 0;
    assert.ok(await until(() => readFileSync(`/proc/${pid}/environ`, "utf8") === "", 2_000));
    assert.equal(
      readFileSync(`/proc/${pid}/cmdline`, "utf8"),
      `codex-linux-sandbox\0--template\0--parent-pid\0${process.pid}\0`,
    );
  });

  test("a helper becomes the command, and is replaced when that has ended", async (t) => {
    const helpers = helperPool(t);
    await helpers.prepare();
    const pid = helpers.warmPid;
    const first = await execute({ argv: ["sh", "-c", "echo $$"], helpers });
    assert.equal(comparable(first).stdout, `${pid}\n`);
    assert.ok(await until(() => helpers.warmPid !== undefined, 5_000));
    assert.notEqual(helpers.warmPid, pid);
  });

  test("commands beside it have helpers of their own", async (t) => {
    const helpers = helperPool(t);
    await helpers.prepare();
    const pid = helpers.warmPid;
    const results = await Promise.all(
      [1, 2, 3].map(() => execute({ argv: ["sh", "-c", "echo $$"], helpers })),
    );
    const pids = results.map((result) => comparable(result).stdout.trim());
    assert.equal(pids[0], String(pid));
    assert.equal(new Set(pids).size, 3);
  });

  test("when a command has to wait for its helper, the next one starts beside it", async (t) => {
    if (availableParallelism() < 2) return t.skip("one processor");
    const helpers = helperPool(t);
    await helpers.prepare();
    const first = helpers.warmPid;
    const over = new AbortController();
    const result = execute({ argv: ["sleep", "60"], helpers, signal: over.signal });
    assert.ok(await until(() => ![undefined, first].includes(helpers.warmPid), 5_000));
    over.abort();
    assert.equal((await result).outcome.kind, "aborted");
  });

  test("the death of a waiting helper is no failure of the command", async (t) => {
    const helpers = helperPool(t);
    for (const isNoticed of [true, false]) {
      await helpers.prepare();
      const pid = helpers.warmPid;
      assert.ok(pid !== undefined);
      process.kill(pid, "SIGKILL");
      if (isNoticed) await until(() => helpers.warmPid === undefined, 2_000);
      const result = await execute({ argv: ["echo", "ran"], helpers });
      assert.deepEqual(comparable(result), {
        outcome: { kind: "exited", exitCode: 0 },
        stdout: "ran\n",
        stderr: "",
        isOutputLeftOpen: false,
      });
    }
  });

  test("gives a helper up that waits for long", async (t) => {
    const helpers = helperPool(t, { idleMs: 50 });
    await helpers.prepare();
    const pid = helpers.warmPid;
    assert.ok(pid !== undefined);
    assert.ok(await until(() => helpers.warmPid === undefined, 2_000));
    assert.ok(await until(() => !isAlive(pid), 2_000));
  });

  test("gives its helper and the template up when memory is short, and starts commands cold", async (t) => {
    let isMemoryShort = false;
    const helpers = helperPool(t, { isMemoryShort: () => isMemoryShort });
    await helpers.prepare();
    const pids = [helpers.templatePid, ...helpers.waitingPids];
    assert.equal(pids.length, 2);
    isMemoryShort = true;
    const result = await execute({ argv: ["echo", "ran"], helpers });
    assert.equal(comparable(result).stdout, "ran\n");
    assert.ok(await until(() => pids.every((pid) => pid !== undefined && !isAlive(pid)), 5_000));
    await helpers.prepare();
    assert.deepEqual([helpers.templatePid, helpers.warmPid], [undefined, undefined]);
    const cold = await execute({ argv: ["echo", "ran"], helpers });
    assert.equal(comparable(cold).stdout, "ran\n");
    isMemoryShort = false;
    await helpers.prepare();
    assert.ok(helpers.warmPid !== undefined);
  });

  test("when closed gives its helper up and makes no other", async (t) => {
    const helpers = helperPool(t);
    await helpers.prepare();
    const pid = helpers.warmPid;
    assert.ok(pid !== undefined);
    helpers.close();
    assert.ok(await until(() => !isAlive(pid), 2_000));
    await helpers.prepare();
    assert.equal(helpers.warmPid, undefined);
  });

  test("does not keep a program alive, nor outlive it", async () => {
    // The fixture's pool has a helper waiting when its last line is done, or starts one after it.
    const json = JSON.stringify({ argv: ["true"] });
    const startedAt = performance.now();
    const { code } = await run([pinnedNode, fixture("run-tool-command.ts"), codexBinary, json]);
    assert.equal(code, 0);
    assert.ok(performance.now() - startedAt < 8_000);
  });

  test("a waiting helper dies with the program that started it", async (t) => {
    const script = `
      import { HelperPool } from "./src/process/helper-pool.ts";
      const program = { path: ${JSON.stringify(codexBinary)}, environment: {} };
      const helpers = new HelperPool({ program });
      await helpers.prepare();
      process.stdout.write(String(helpers.warmPid));
      process.kill(process.pid, "SIGKILL");`;
    const { stdout } = await run([pinnedNode, "--input-type=module", "-e", script], {
      cwd: fixture("../.."),
    });
    const pid = Number(stdout);
    assert.ok(pid > 0);
    t.after(() => isAlive(pid) && process.kill(pid, "SIGKILL"));
    assert.ok(await until(() => !isAlive(pid), 500));
  });
});
