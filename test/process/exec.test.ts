import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";

import { inheritedSoftOpenFiles } from "../../src/linux-sandbox/original-limits.ts";
import type { ExecRequest } from "../../src/process/exec.ts";
import type { HelperPool } from "../../src/process/helper-pool.ts";
import { findOrphans } from "../../src/process/orphans.ts";
import { WATCHER_NAME } from "../../src/process/orphan-watcher.ts";
import { listProcesses } from "../../src/process/process-list.ts";
import { endAllCommands, killAllCommandsNow } from "../../src/process/running-commands.ts";
import { SpawnError } from "../../src/process/spawn.ts";
import {
  DANGER_FULL_ACCESS_POLICY,
  READ_ONLY_POLICY,
  WORKSPACE_WRITE_POLICY,
  type SandboxPolicy,
} from "../../src/protocol/sandbox-policy.ts";
import { brand, byteStringFromText } from "../../src/runtime/byte-string.ts";
import { codexBinary, fixture, pinnedNode, projectRoot } from "../support/codex-binary.ts";
import { run } from "../support/run.ts";
import {
  firstReason,
  needsFreedom,
  needsSandbox,
  type SkipReason,
} from "../support/skip-reasons.ts";
import { tempDir } from "../support/temp-dir.ts";
import {
  comparable,
  execute,
  helperPool,
  plainEnvironment,
  textOf,
  type ComparableResult,
} from "../support/tool-commands.ts";
import { until } from "../support/until.ts";

const options = { skip: needsSandbox };

/** One command and all that comes of it, whichever way its helper was started. */
interface Row {
  readonly name: string;
  readonly argv: readonly string[];
  readonly changes?: Partial<ExecRequest>;
  readonly result: Partial<ComparableResult>;
  /** How many processes it leaves behind; none unless it says so. */
  readonly leaves?: number;
  readonly skip?: SkipReason;
}

const sh = (script: string): readonly string[] => ["sh", "-c", script];
const exited = (exitCode: number) => ({ kind: "exited", exitCode }) as const;

const rows: readonly Row[] = [
  { name: "success", argv: ["true"], result: { outcome: exited(0) } },
  {
    name: "both pipes and an exit code",
    argv: sh("echo out; echo err >&2; exit 3"),
    result: { outcome: exited(3), stdout: "out\n", stderr: "err\n" },
  },
  {
    name: "exit code 1, which a helper that cannot confine has too",
    argv: ["false"],
    result: { outcome: exited(1) },
  },
  {
    name: "a signal",
    argv: sh("echo so far; kill -TERM $$"),
    result: {
      outcome: { kind: "signaled", exitCode: 143, signal: "SIGTERM" },
      stdout: "so far\n",
    },
  },
  {
    name: "a program that is not there",
    argv: ["no-such-program", "x"],
    result: {
      outcome: exited(127),
      stderr: 'codex-linux-sandbox: Cannot run "no-such-program": not found\n',
    },
  },
  {
    name: "a file that is no program",
    argv: ["/etc/passwd"],
    result: {
      outcome: exited(126),
      stderr:
        'codex-linux-sandbox: Cannot run "/etc/passwd": ' +
        "it is not executable, or its directory may not be entered (EACCES)\n",
    },
  },
  {
    name: "words with anything in them",
    argv: ["printf", "%s|", "", " a  b ", "é\n", "$HOME", "'\"\\", "-n"],
    result: { outcome: exited(0), stdout: "| a  b |é\n|$HOME|'\"\\|-n|" },
  },
  {
    name: "the directory",
    argv: ["pwd", "-P"],
    changes: { cwd: "/usr/bin" },
    result: { outcome: exited(0), stdout: "/usr/bin\n" },
  },
  {
    name: "an empty standard input",
    argv: sh("cat; readlink /proc/self/fd/0"),
    result: { outcome: exited(0), stdout: "/dev/null\n" },
  },
  {
    name: "standard output that can be opened again",
    argv: sh("echo one > /dev/stdout; echo two >> /proc/self/fd/1; echo three > /dev/stderr"),
    result: { outcome: exited(0), stdout: "one\ntwo\n", stderr: "three\n" },
  },
  {
    name: "no other descriptor",
    argv: sh("exec 9< /proc/self/fd; ls /proc/$$/fd"),
    result: { outcome: exited(0), stdout: "0\n1\n2\n9\n" },
  },
  {
    name: "a session and a group of its own, and signals as they are by default",
    argv: sh(
      'read -r pid _ _ _ group session _ < /proc/$$/stat; test "$pid $pid" = "$group $session"' +
        " && grep -E '^(SigBlk|SigIgn|NoNewPrivs|Seccomp):' /proc/self/status",
    ),
    result: {
      outcome: exited(0),
      stdout: "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n",
    },
  },
  {
    name: "SIGPIPE for who writes to nobody",
    argv: ["bash", "-c", "yes | head -n 1; echo ${PIPESTATUS[0]}"],
    result: { outcome: exited(0), stdout: "y\n141\n" },
  },
  {
    name: "a refused write",
    argv: sh("echo x > /no-such-file-here"),
    result: {
      outcome: exited(2),
      stderr: "sh: 1: cannot create /no-such-file-here: Permission denied\n",
    },
  },
  {
    name: "no sandbox",
    skip: needsFreedom,
    argv: ["grep", "-E", "^(NoNewPrivs|Seccomp):", "/proc/self/status"],
    changes: { policy: DANGER_FULL_ACCESS_POLICY },
    result: { outcome: exited(0), stdout: "NoNewPrivs:\t0\nSeccomp:\t0\n" },
  },
  {
    name: "a time limit",
    argv: sh("echo before; sleep 60; echo after"),
    changes: { timeoutMs: 1_000 },
    result: {
      outcome: { kind: "timed-out", exitCode: 124, afterMs: 1_000 },
      stdout: "before\n",
    },
  },
  {
    name: "a time limit for what ignores SIGTERM and holds the pipe",
    argv: ["bash", "-c", "trap '' TERM; sleep 60 & (setsid sleep 60 &); set -m; sleep 60 & wait"],
    changes: { timeoutMs: 1_000, graceMs: 50 },
    result: { outcome: { kind: "timed-out", exitCode: 124, afterMs: 1_000 } },
  },
  {
    name: "a time limit of nothing",
    argv: ["sleep", "60"],
    changes: { timeoutMs: 0 },
    result: { outcome: { kind: "timed-out", exitCode: 124, afterMs: 0 } },
  },
  {
    name: "no time limit",
    argv: ["echo", "x"],
    changes: { timeoutMs: Infinity },
    result: { outcome: exited(0), stdout: "x\n" },
  },
  {
    name: "a child in the background that holds the pipe",
    argv: sh("sleep 60 & echo started"),
    result: { outcome: exited(0), stdout: "started\n", isOutputLeftOpen: true },
    leaves: 1,
  },
  {
    name: "the last words of a child in the background",
    // Until the shell is gone, and not by the clock: what comes late has little time.
    argv: sh("(while kill -0 $$ 2> /dev/null; do :; done; echo late) & echo early"),
    result: { outcome: exited(0), stdout: "early\nlate\n" },
  },
  {
    name: "a message larger than a pipe holds",
    argv: ["printf", "%s", "x".repeat(120_000)],
    changes: {
      environment: [...plainEnvironment, byteStringFromText(`LARGE=${"y".repeat(120_000)}`)],
    },
    result: { outcome: exited(0), stdout: "x".repeat(120_000) },
  },
  {
    name: "too much for exec",
    argv: ["true", "x".repeat(200_000)],
    result: {
      outcome: exited(126),
      stderr:
        'codex-linux-sandbox: Cannot run "true": ' +
        "the arguments and environment are too long (E2BIG)\n",
    },
  },
];

for (const way of ["warm", "cold"] as const) {
  suite(`a command with a ${way} helper`, options, () => {
    /** A pool whose next helper is of this suite's kind. */
    async function pool(t: TestContext): Promise<HelperPool> {
      const helpers = helperPool(t, { keepsWarm: way === "warm" });
      await helpers.prepare();
      assert.equal(helpers.warmPid !== undefined, way === "warm");
      t.after(() => endAllCommands(50));
      return helpers;
    }

    for (const { name, argv, changes, result, leaves = 0, skip = false } of rows) {
      test(name, { skip }, async (t) => {
        const helpers = await pool(t);
        const startedAt = performance.now();
        assert.deepEqual(comparable(await execute({ argv, helpers, ...changes })), {
          stdout: "",
          stderr: "",
          isOutputLeftOpen: false,
          ...result,
        });
        assert.ok(performance.now() - startedAt < 5_000);
        // Who closed the pipe last may still be on its way out.
        // So may a helper be that has just come about, until the pool has it.
        assert.ok(await until(() => livingOf(helpers).length === leaves, 1_000));
      });
    }

    test("gets its environment byte for byte, and its helper none of it", async (t) => {
      const environment = [
        ...plainEnvironment,
        brand("BYTES=\xff\xfe\x80"),
        byteStringFromText("TEXT=é\n="),
        ...["X=1", "X=2", "EMPTY=", "=weird", "lonely"].map(byteStringFromText),
        byteStringFromText("NODE_OPTIONS=--require=/no/such/file"),
        byteStringFromText("OPENSSL_CONF=/no/such/file"),
        byteStringFromText("NODE_V8_COVERAGE=/no/such/directory"),
      ];
      const result = await execute({
        argv: ["cat", "/proc/self/environ"],
        environment,
        helpers: await pool(t),
      });
      assert.equal(
        Buffer.from(result.stdout.head).toString("latin1"),
        environment.map((entry) => `${entry}\0`).join(""),
      );
      assert.equal(textOf(result.stderr), "");
    });

    test("a library to preload is the command's matter", async (t) => {
      const environment = [...plainEnvironment, byteStringFromText("LD_PRELOAD=/no/such/lib.so")];
      const result = await execute({ argv: ["true"], environment, helpers: await pool(t) });
      assert.deepEqual(result.outcome, exited(0));
      // The loader complains once, for the program itself.
      assert.equal(textOf(result.stderr).split("cannot be preloaded").length, 2);
    });

    test("has the soft limit of open files that we were started with", async (t) => {
      const helpers = await pool(t);
      const result = await execute({ argv: sh("ulimit -Sn"), helpers });
      const own = /^Max open files +([0-9]+)/m.exec(readFileSync("/proc/self/limits", "latin1"));
      assert.equal(textOf(result.stdout), `${inheritedSoftOpenFiles() ?? own?.[1]}\n`);
    });

    test("writes where workspace-write lets it and nowhere else", async (t) => {
      const [inside, outside] = [tempDir(t), tempDir(t)];
      const policy: SandboxPolicy = {
        ...WORKSPACE_WRITE_POLICY,
        exclude_slash_tmp: true,
        exclude_tmpdir_env_var: true,
      };
      const argv = sh(`echo x > ${inside}/new; echo x > ${outside}/new`);
      const helpers = await pool(t);
      const confined = await execute({ argv, cwd: "/", policyCwd: inside, policy, helpers });
      assert.deepEqual(comparable(confined), {
        outcome: exited(2),
        stdout: "",
        stderr: `sh: 1: cannot create ${outside}/new: Permission denied\n`,
        isOutputLeftOpen: false,
      });
      assert.equal(existsSync(join(inside, "new")), true);
      const free = await execute({ argv, policy: DANGER_FULL_ACCESS_POLICY, helpers });
      assert.deepEqual(free.outcome, exited(0));
    });

    test("cannot start in a directory that is none", async (t) => {
      const helpers = await pool(t);
      const file = join(tempDir(t), "file");
      writeFileSync(file, "");
      for (const [cwd, errno] of [
        ["/no/such", "ENOENT"],
        [file, "ENOTDIR"],
      ] as const) {
        await assert.rejects(execute({ argv: ["true"], cwd, helpers }), (error) => {
          assert.ok(error instanceof SpawnError);
          assert.deepEqual([error.subject, error.path, error.errno], ["directory", cwd, errno]);
          return true;
        });
      }
    });

    test("does not run under a policy that cannot be carried out", async (t) => {
      const mark = join(tempDir(t), "ran");
      const policy: SandboxPolicy = { ...WORKSPACE_WRITE_POLICY, writable_roots: ["relative"] };
      const result = await execute({ argv: ["touch", mark], policy, helpers: await pool(t) });
      assert.deepEqual(result.outcome, {
        kind: "could-not-confine",
        message:
          "Cannot confine the command: its description is damaged: " +
          'policy: writable_roots[0] "relative" is not absolute',
      });
      assert.equal(existsSync(mark), false);
    });

    test("is told apart by abort, with its output", async (t) => {
      const abort = new AbortController();
      const helpers = await pool(t);
      const result = await execute({
        argv: sh("trap '' INT; echo before; sleep 60"),
        signal: abort.signal,
        onOutput: () => abort.abort(),
        helpers,
      });
      assert.deepEqual(comparable(result), {
        outcome: { kind: "aborted", exitCode: 130 },
        stdout: "before\n",
        stderr: "",
        isOutputLeftOpen: false,
      });
      assert.ok(await until(() => livingOf(helpers).length === 0, 1_000));
    });

    test("keeps the order of arrival, and counts exactly what it does not keep", async (t) => {
      const helpers = await pool(t);
      const ordered = await execute({
        argv: sh("for i in 1 2 3; do echo out $i; sleep 0.05; echo err $i >&2; sleep 0.05; done"),
        helpers,
      });
      assert.equal(textOf(ordered.aggregated), "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n");
      const { stdout } = await execute({
        argv: ["seq", "1", "100000"],
        limits: { headBytes: 4, tailBytes: 7 },
        helpers,
      });
      assert.deepEqual(
        { ...stdout, head: textOf({ ...stdout, tail: stdout.head.subarray(0, 0) }), tail: null },
        {
          head: "1\n2\n",
          tail: null,
          totalBytes: 588_895,
          totalLines: 100_000,
          omittedBytes: 588_884,
          omittedLines: 99_997,
        },
      );
      assert.equal(textOf({ ...stdout, head: stdout.tail.subarray(0, 0) }), "100000\n");
    });

    test("eight at once, each with its own answer", async (t) => {
      const helpers = await pool(t);
      const results = await Promise.all(
        [0, 1, 2, 3, 4, 5, 6, 7].map((code) =>
          execute({ argv: sh(`echo ${code}; sleep 0.1; exit ${code}`), helpers }),
        ),
      );
      assert.deepEqual(
        results.map((result) => [result.outcome, textOf(result.stdout)]),
        [0, 1, 2, 3, 4, 5, 6, 7].map((code) => [exited(code), `${code}\n`]),
      );
    });
  });
}

suite("execCommand", options, () => {
  test("starts nothing for a signal that was given already", async (t) => {
    const mark = join(tempDir(t), "ran");
    const result = await execute({
      argv: ["touch", mark],
      policy: DANGER_FULL_ACCESS_POLICY,
      signal: AbortSignal.abort(),
      helpers: helperPool(t),
    });
    assert.deepEqual(result.outcome, { kind: "aborted", exitCode: 130 });
    assert.equal(existsSync(mark), false);
  });

  test("refuses words that no program can get", async (t) => {
    const helpers = helperPool(t);
    for (const changes of [
      { argv: [] },
      { argv: ["true", "a\0b"] },
      { argv: ["true"], environment: [brand("A=\0")] },
      { argv: ["true"], cwd: "relative" },
      { argv: ["true"], cwd: "/a\0b" },
    ]) {
      await assert.rejects(execute({ helpers, ...changes }), SpawnError);
    }
  });

  test("a helper that is no helper is told apart from a command that fails", async (t) => {
    for (const path of ["/bin/true", "/bin/false"]) {
      const helpers = helperPool(t, { program: { path, environment: {} }, keepsWarm: false });
      const result = await execute({ argv: ["true"], helpers });
      assert.deepEqual(result.outcome, {
        kind: "could-not-confine",
        message:
          "Cannot confine the command: the sandbox helper ended before it began " +
          `(exit code ${path === "/bin/true" ? 0 : 1})`,
      });
    }
    const helpers = helperPool(t, { program: { path: "/no/such", environment: {} } });
    await assert.rejects(execute({ argv: ["true"], helpers }), {
      name: "SpawnError",
      subject: "program",
      errno: "ENOENT",
    });
  });

  test("says what the policy came to on this kernel", async (t) => {
    const helpers = helperPool(t);
    const policy: SandboxPolicy = { ...WORKSPACE_WRITE_POLICY, writable_roots: ["/no/such"] };
    const { confinement } = await execute({ argv: ["true"], policy, cwd: tempDir(t), helpers });
    assert.ok((confinement?.landlockAbi ?? 0) > 0);
    assert.deepEqual(
      confinement?.skippedRoots.flatMap(({ path, reason, covered }) =>
        covered ? [] : [[path, reason]],
      ),
      [["/no/such", "it does not exist"]],
    );
    const free = await execute({ argv: ["true"], policy: DANGER_FULL_ACCESS_POLICY, helpers });
    assert.equal(free.confinement, undefined);
  });

  test("a command without its helper's file: it was replaced meanwhile", async (t) => {
    const script = join(tempDir(t), "helper");
    writeFileSync(script, "#!/bin/sh\nexit 5\n");
    chmodSync(script, 0o755);
    const helpers = helperPool(t, { program: { path: script, environment: {} } });
    const { outcome } = await execute({ argv: ["true"], helpers, policy: READ_ONLY_POLICY });
    assert.equal(outcome.kind, "could-not-confine");
  });

  test("a helper that never begins is not taken for a command that took too long", async (t) => {
    const script = join(tempDir(t), "helper");
    writeFileSync(script, "#!/bin/sh\nexec sleep 60\n");
    chmodSync(script, 0o755);
    const helpers = helperPool(t, { program: { path: script, environment: {} } });
    const slow = { argv: ["true"], helpers, policy: READ_ONLY_POLICY, graceMs: 50 };
    assert.deepEqual((await execute({ ...slow, timeoutMs: 2_000 })).outcome, {
      kind: "could-not-confine",
      message: "Cannot confine the command: the sandbox helper did not begin within 2000 ms",
    });
    assert.equal((await execute({ ...slow, timeoutMs: 100 })).outcome.kind, "timed-out");
  });
});

suite("the end of all commands", options, () => {
  const escapes =
    "sleep 60 & (setsid sh -c 'sleep 60 & sleep 60' &); (setsid setsid sleep 60 &); sleep 0.2; ";

  test("endAllCommands ends what runs, and what earlier commands left", async (t) => {
    const helpers = helperPool(t);
    const left = await execute({ argv: sh(`${escapes} echo left`), helpers });
    assert.deepEqual(left.outcome, exited(0));
    assert.ok(findOrphans().filter(({ isZombie }) => !isZombie).length >= 3);
    const running = execute({ argv: sh(`trap '' TERM; ${escapes} sleep 60`), helpers });
    await until(() => livingOf(helpers).length >= 7, 5_000);
    const startedAt = performance.now();
    await endAllCommands(100);
    assert.ok(performance.now() - startedAt < 3_000);
    assert.deepEqual(livingOf(helpers), []);
    assert.deepEqual((await running).outcome, { kind: "aborted", exitCode: 130 });
  });

  test("killAllCommandsNow does it without waiting", async (t) => {
    const helpers = helperPool(t);
    const running = execute({ argv: sh(`trap '' TERM; ${escapes} sleep 60`), helpers });
    await until(() => livingOf(helpers).length >= 5, 5_000);
    killAllCommandsNow();
    assert.equal((await running).outcome.kind, "signaled");
    assert.deepEqual(livingOf(helpers), []);
  });
});

const mainText = readFileSync(join(projectRoot, "src/main.ts"), "utf8");
const needsWatcher = mainText.includes(WATCHER_NAME)
  ? false
  : "main.ts does not start the orphan watcher yet";

suite("codex itself is killed", { skip: firstReason(needsSandbox, needsWatcher) }, () => {
  test("nothing of its command is left half a second later", async (t) => {
    const mark = `6${Date.now() % 1_000_000}`; // a duration that names the processes of this test
    const script =
      `trap '' TERM HUP; sleep ${mark} & set -m; sleep ${mark} & set +m; ` +
      `setsid sleep ${mark} & (setsid sleep ${mark} &) ; sleep ${mark}`;
    const ours = (): number =>
      listProcesses().filter(
        ({ pid, isZombie }) => !isZombie && commandLine(pid) === `sleep\0${mark}\0`,
      ).length;
    const json = JSON.stringify({ argv: ["bash", "-c", script] });
    const { pid, end } = startFixture(t, [fixture("run-tool-command.ts"), codexBinary, json]);
    assert.ok(await until(() => ours() === 5, 10_000), `${ours()} of 5 processes`);
    // The one whose parent ended is noticed when codex looks again.
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    process.kill(pid, "SIGKILL");
    assert.ok(await until(() => ours() === 0, 500), `${ours()} are left`);
    await end;
  });
});

suite("memory and speed", { skip: firstReason(needsSandbox, needsFreedom) }, () => {
  test("a command that prints 200 MB costs next to no memory", async () => {
    const json = JSON.stringify({ argv: ["head", "-c", "200000000", "/dev/zero"] });
    const result = await run([pinnedNode, fixture("run-tool-command.ts"), codexBinary, json]);
    assert.equal(result.stderr, "");
    const report: unknown = JSON.parse(result.stdout);
    assert.ok(typeof report === "object" && report !== null);
    assert.ok("bytes" in report && report.bytes === 200_000_000);
    assert.ok("grownKib" in report && typeof report.grownKib === "number");
    assert.ok(report.grownKib < 30_000, `${report.grownKib} KiB`);
  });
});

/** Processes that came from commands of this test process and still live. */
function livingOf(helpers: HelperPool): readonly number[] {
  const all = listProcesses();
  const own = all.find(({ pid }) => pid === process.pid);
  const descendants = new Set([process.pid]);
  for (let size = 0; size !== descendants.size;) {
    size = descendants.size;
    for (const { pid, parent } of all) if (descendants.has(parent)) descendants.add(pid);
  }
  return all
    .filter(
      ({ pid, session, isZombie }) =>
        descendants.has(pid) &&
        session !== own?.session &&
        !isZombie &&
        !helpers.waitingPids.includes(pid) &&
        pid !== helpers.watcherPid &&
        session !== helpers.templatePid,
    )
    .map(({ pid }) => pid);
}

function commandLine(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return undefined;
  }
}

function startFixture(t: TestContext, args: readonly string[]) {
  const { promise: end, resolve } = Promise.withResolvers<void>();
  const child = spawn(pinnedNode, [...args], { stdio: "ignore" });
  child.once("exit", () => resolve());
  t.after(() => child.kill("SIGKILL"));
  assert.ok(child.pid !== undefined);
  return { pid: child.pid, end };
}
