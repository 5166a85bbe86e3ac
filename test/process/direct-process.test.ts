/**
 * Tool commands where no sandbox helper is: started as they are, or behind sandbox-exec. On Linux
 * this process takes itself for a Mac, so that the same code runs.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";

import type { ExecRequest } from "../../src/process/exec.ts";
import { listWithPs, type ProcessFacts } from "../../src/process/process-list.ts";
import { endAllCommands, killAllCommandsNow } from "../../src/process/running-commands.ts";
import { ServerProcess } from "../../src/process/server-process.ts";
import { SpawnError } from "../../src/process/spawn.ts";
import { DANGER_FULL_ACCESS_POLICY, READ_ONLY_POLICY } from "../../src/protocol/sandbox-policy.ts";
import { brand, byteStringFromText } from "../../src/runtime/byte-string.ts";
import { codexBinary, fixture, needsBinary, pinnedNode } from "../support/codex-binary.ts";
import type { RunResult } from "../support/run.ts";
import { asMac, fakeMac, needsFakeMac, type FakeMac } from "../support/sbpl-fake-mac.ts";
import { profileOf, readSandboxExecArguments } from "../support/sbpl-questions.ts";
import { firstReason, needsProgram } from "../support/skip-reasons.ts";
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
import { workspaceWrite } from "../support/under-sandbox.ts";

const needsUnix = process.platform === "win32" ? "is about Unix" : false;
const options = { skip: firstReason(needsUnix, needsProgram("ps")) };

// After everything that asks at its loading has been loaded.
if (process.platform === "linux") Object.defineProperty(process, "platform", { value: "darwin" });

const sh = (script: string): readonly string[] => ["sh", "-c", script];
const exited = (exitCode: number) => ({ kind: "exited", exitCode }) as const;

/** One command under danger-full-access, and all that comes of it. */
interface Row {
  readonly name: string;
  readonly argv: readonly string[];
  readonly changes?: Partial<ExecRequest>;
  readonly result: Partial<ComparableResult>;
}

const rows: readonly Row[] = [
  { name: "success", argv: ["true"], result: { outcome: exited(0) } },
  {
    name: "both pipes and an exit code",
    argv: sh("echo out; echo err >&2; exit 3"),
    result: { outcome: exited(3), stdout: "out\n", stderr: "err\n" },
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
      stderr: 'codex: Cannot run "no-such-program": not found\n',
    },
  },
  {
    name: "an empty name",
    argv: [""],
    result: { outcome: exited(127), stderr: 'codex: Cannot run "": the program name is empty\n' },
  },
  {
    name: "a file that is no program",
    argv: ["/etc/passwd"],
    result: {
      outcome: exited(126),
      stderr: 'codex: Cannot run "/etc/passwd": it is not executable\n',
    },
  },
  {
    name: "words with anything in them, and the name it was called by",
    argv: ["printf", "%s|", "", " a  b ", "é\n", "$HOME", "'\"\\", "-n"],
    result: { outcome: exited(0), stdout: "| a  b |é\n|$HOME|'\"\\|-n|" },
  },
  {
    name: "the name it was called by",
    argv: sh("echo $0"),
    result: { outcome: exited(0), stdout: "sh\n" },
  },
  {
    name: "the directory",
    argv: ["pwd", "-P"],
    changes: { cwd: "/usr/bin" },
    result: { outcome: exited(0), stdout: "/usr/bin\n" },
  },
  {
    name: "a program beside the directory, not beside ours",
    argv: ["./env", "echo", "found"],
    changes: { cwd: "/usr/bin" },
    result: { outcome: exited(0), stdout: "found\n" },
  },
  { name: "an empty standard input", argv: ["cat"], result: { outcome: exited(0) } },
  {
    name: "SIGPIPE for who writes to nobody",
    argv: ["bash", "-c", "yes | head -n 1; echo ${PIPESTATUS[0]}"],
    result: { outcome: exited(0), stdout: "y\n141\n" },
  },
  {
    name: "a time limit",
    argv: sh("echo before; sleep 60; echo after"),
    changes: { timeoutMs: 1_000 },
    result: { outcome: { kind: "timed-out", exitCode: 124, afterMs: 1_000 }, stdout: "before\n" },
  },
  {
    name: "a time limit for what ignores SIGTERM, with groups of its own",
    argv: ["bash", "-c", "trap '' TERM; sleep 60 & setsid sleep 60 & set -m; sleep 60 & wait"],
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
    name: "the last words of a child in the background",
    argv: sh("(sleep 0.1; echo late) & echo early"),
    result: { outcome: exited(0), stdout: "early\nlate\n" },
  },
  {
    name: "too much for exec",
    argv: ["true", "x".repeat(200_000)],
    result: {
      outcome: exited(126),
      stderr: 'codex: Cannot run "true": the arguments and environment are too long (E2BIG)\n',
    },
  },
];

suite("a command that is started as it is", options, () => {
  const free = { policy: DANGER_FULL_ACCESS_POLICY };

  for (const { name, argv, changes, result } of rows) {
    test(name, async (t) => {
      const helpers = helperPool(t);
      assert.deepEqual(comparable(await execute({ argv, helpers, ...free, ...changes })), {
        stdout: "",
        stderr: "",
        isOutputLeftOpen: false,
        ...result,
      });
      assert.ok(await until(() => descendants().length === 0, 3_000), descendants().join(" "));
    });
  }

  test("a text file without #! is a script, one with a missing interpreter is not found", async (t) => {
    const directory = tempDir(t);
    const [plain, broken] = [join(directory, "plain"), join(directory, "broken")];
    writeFileSync(plain, "echo script $1\n", { mode: 0o755 });
    writeFileSync(broken, "#!/no/such/interpreter\n", { mode: 0o755 });
    const helpers = helperPool(t);
    const script = await execute({ argv: [plain, "a"], helpers, ...free });
    assert.deepEqual([script.outcome, textOf(script.stdout)], [exited(0), "script a\n"]);
    const missing = await execute({ argv: [broken], helpers, ...free });
    assert.deepEqual(
      [missing.outcome, textOf(missing.stderr)],
      [exited(127), `codex: Cannot run "${broken}": its interpreter or loader was not found\n`],
    );
  });

  test("gets its environment and nothing of ours", async (t) => {
    const environment = [
      ...plainEnvironment,
      ...["TEXT=é\n=", "X=1", "X=2", "EMPTY="].map(byteStringFromText),
    ];
    const { stdout } = await execute({
      argv: ["env", "-0"],
      environment,
      helpers: helperPool(t),
      ...free,
    });
    assert.deepEqual(textOf(stdout).split("\0").slice(0, -1).toSorted(), [
      "EMPTY=",
      "HOME=/root",
      "PATH=/usr/bin:/bin",
      "TEXT=é\n=",
      "X=1",
    ]);
  });

  test("cannot start in a directory that is none", async (t) => {
    const helpers = helperPool(t);
    const file = join(tempDir(t), "file");
    writeFileSync(file, "");
    for (const [cwd, errno] of [
      ["/no/such", "ENOENT"],
      [file, "ENOTDIR"],
    ] as const) {
      await assert.rejects(execute({ argv: ["true"], cwd, helpers, ...free }), (error) => {
        assert.ok(error instanceof SpawnError);
        assert.deepEqual([error.subject, error.path, error.errno], ["directory", cwd, errno]);
        return true;
      });
    }
    const { argv } = { argv: ["true", "a\0b"] };
    await assert.rejects(execute({ argv, helpers, ...free }), SpawnError);
    const environment = [brand("A=\0")];
    await assert.rejects(execute({ argv: ["true"], environment, helpers, ...free }), SpawnError);
  });

  test("is told apart by abort, with its output; a child that holds the pipe is not waited for", async (t) => {
    const abort = new AbortController();
    const helpers = helperPool(t);
    const aborted = await execute({
      argv: sh("trap '' INT; echo before; sleep 60"),
      signal: abort.signal,
      onOutput: () => abort.abort(),
      helpers,
      ...free,
    });
    assert.deepEqual(
      [aborted.outcome, textOf(aborted.stdout)],
      [{ kind: "aborted", exitCode: 130 }, "before\n"],
    );
    const held = await execute({ argv: sh("sleep 60 & echo $!"), helpers, ...free });
    assert.deepEqual([held.outcome, held.isOutputLeftOpen], [exited(0), true]);
    process.kill(Number(textOf(held.stdout)), "SIGKILL");
  });

  test("a flood of output is counted, and its beginning and end are kept", async (t) => {
    const { stdout } = await execute({
      argv: ["seq", "1", "1000000"],
      limits: { headBytes: 4, tailBytes: 8 },
      helpers: helperPool(t),
      ...free,
    });
    assert.deepEqual(
      [textOf(stdout), stdout.totalBytes, stdout.totalLines],
      ["1\n2\n1000000\n", 6_888_896, 1_000_000],
    );
  });

  test("all commands end with this program, gently or at once", async (t) => {
    const helpers = helperPool(t);
    const argv = sh("trap '' TERM; sleep 60 & sleep 60");
    const gently = execute({ argv, helpers, ...free });
    await until(() => descendants().length >= 3, 5_000);
    await endAllCommands(50);
    assert.deepEqual((await gently).outcome, { kind: "aborted", exitCode: 130 });
    const atOnce = execute({ argv, helpers, ...free });
    await until(() => descendants().length >= 3, 5_000);
    killAllCommandsNow();
    assert.equal((await atOnce).outcome.kind, "signaled");
    assert.ok(await until(() => descendants().length === 0, 3_000));
  });

  test("a server is spoken to, and ends with its tree", async (t) => {
    const request = { cwd: "/", environment: plainEnvironment, helpers: helperPool(t) };
    const heard: string[] = [];
    const onStdout = (bytes: Uint8Array): void => void heard.push(Buffer.from(bytes).toString());
    const script =
      "trap '' TERM; echo problem >&2; sleep 60 & read -r line; echo got $line; sleep 60";
    const server = await ServerProcess.start({ ...request, argv: sh(script), onStdout });
    await server.write("a word\n");
    assert.ok(await until(() => heard.join("") === "got a word\n", 5_000), heard.join(""));
    assert.equal(server.stderrTail, "problem");
    await server.close();
    assert.ok(await until(() => descendants().length === 0, 3_000));
    const missing = { ...request, argv: ["no-such-server"], onStdout };
    await assert.rejects(ServerProcess.start(missing), { errno: "ENOENT" });
  });

  test("under a policy that needs sandbox-exec it does not run without it", async (t) => {
    const { outcome } = await execute({ argv: ["true"], helpers: helperPool(t) });
    assert.ok(
      outcome.kind === "could-not-confine" ||
        process.getBuiltinModule("node:os").platform() === "darwin",
    );
  });
});

suite("a command behind sandbox-exec", { skip: firstReason(needsFakeMac, needsBinary) }, () => {
  /** What the fixture prints of a command, run by `mac` as a Mac would. */
  async function onMac(
    mac: FakeMac,
    request: Omit<Partial<ExecRequest>, "environment"> & {
      readonly environment?: readonly string[];
    },
    before: readonly string[] = [],
  ): Promise<unknown> {
    const words = [fixture("run-direct-command.ts"), codexBinary, JSON.stringify(request)];
    const { stdout, stderr }: RunResult = await mac.run([
      ...before,
      pinnedNode,
      ...asMac,
      ...words,
    ]);
    assert.equal(stderr, "");
    return JSON.parse(stdout);
  }

  test("gets the profile of its policy, and its own words after it", async (t) => {
    const mac = fakeMac(t);
    const workspace = join(tempDir(t), "work");
    mkdirSync(join(workspace, ".git"), { recursive: true });
    const argv = ["printf", "%s|", "--", "-Dx=y", "$HOME"];
    const policy = workspaceWrite();
    const result = await onMac(mac, { argv, policy, cwd: workspace, codexHome: workspace });
    assert.deepEqual(result, {
      outcome: exited(0),
      stdout: "--|-Dx=y|$HOME|",
      stderr: "",
      isOutputLeftOpen: false,
    });
    const seen = mac.seen()?.argv ?? [];
    assert.deepEqual(readSandboxExecArguments(seen).command, argv);
    assert.ok(profileOf(seen));
  });

  test("that is missing never reaches the launcher", async (t) => {
    const mac = fakeMac(t);
    assert.deepEqual(await onMac(mac, { argv: ["./missing"], policy: READ_ONLY_POLICY }), {
      outcome: exited(127),
      stdout: "",
      stderr: 'codex: Cannot run "./missing": not found\n',
      isOutputLeftOpen: false,
    });
    assert.equal(mac.seen(), undefined);
  });

  test("that the launcher could not start is not found; a refused profile confines nothing", async (t) => {
    const outcomeOf = async (ending: string) => {
      const result = await onMac(fakeMac(t, ending), { argv: ["true"] });
      return typeof result === "object" && result !== null && "outcome" in result
        ? result.outcome
        : undefined;
    };
    const said = "echo \"sandbox-exec: execvp() of 'true' failed: No such file or directory\" >&2";
    assert.deepEqual(await outcomeOf(`${said}; exit 71`), exited(127));
    assert.deepEqual(await outcomeOf("echo 'sandbox-exec: bad profile' >&2; exit 65"), {
      kind: "could-not-confine",
      message: "Cannot confine the command: sandbox-exec: bad profile",
    });
    assert.deepEqual(await outcomeOf("exit 65"), exited(65));
  });

  test("ends with its group also where nothing lists processes", async (t) => {
    const mac = fakeMac(t);
    const hidden = ["sh", "-c", 'mount -t tmpfs tmpfs /proc && exec "$@"', "sh"];
    const argv = sh("trap '' TERM; sleep 60 & echo started; while :; do sleep 60; done");
    const startedAt = performance.now();
    const result = await onMac(mac, { argv, timeoutMs: 1_000, graceMs: 50 }, hidden);
    assert.deepEqual(result, {
      outcome: { kind: "timed-out", exitCode: 124, afterMs: 1_000 },
      stdout: "started\n",
      stderr: "",
      isOutputLeftOpen: false,
    });
    assert.ok(performance.now() - startedAt < 10_000);
  });

  test("does not outlive a codex that was killed", async (t) => {
    const mark = `7${Date.now() % 1_000_000}`;
    const script = `trap '' TERM HUP; sleep ${mark} & set -m; sleep ${mark} & wait; sleep ${mark}`;
    const request = JSON.stringify({
      argv: ["bash", "-c", script],
      policy: DANGER_FULL_ACCESS_POLICY,
    });
    const words = [...asMac, fixture("run-direct-command.ts"), codexBinary, request];
    const child = spawn(pinnedNode, words, { stdio: "ignore" });
    t.after(() => child.kill("SIGKILL"));
    const ours = () => withCommandLine(`sleep\0${mark}\0`).length;
    assert.ok(await until(() => ours() === 2, 10_000), `${ours()} of 2`);
    const watchers = () =>
      withCommandLine("codex-orphan-watcher\0").filter(({ parent }) => parent === child.pid);
    assert.ok(await until(() => watchers().length === 1, 10_000));
    child.kill("SIGKILL");
    assert.ok(await until(() => ours() === 0, 10_000), `${ours()} are left`);
  });
});

/** Living processes that this test process started, but for ps itself. */
function descendants(): readonly number[] {
  const all = listWithPs();
  const own = all.find(({ pid }) => pid === process.pid);
  const found = new Set([process.pid]);
  for (let size = 0; size !== found.size;) {
    size = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  return all
    .filter(({ pid, group, isZombie }) => found.has(pid) && group !== own?.group && !isZombie)
    .map(({ pid }) => pid);
}

function withCommandLine(line: string): readonly ProcessFacts[] {
  return listWithPs().filter(({ pid, isZombie }) => {
    try {
      return !isZombie && readFileSync(`/proc/${pid}/cmdline`, "latin1") === line;
    } catch {
      return false;
    }
  });
}
