/** Ordinary programs and their tricks work inside the sandbox; what cannot start says why. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";

import { pinnedNode } from "../support/codex-binary.ts";
import { run, type Command, type RunResult } from "../support/run.ts";
import {
  firstReason,
  needsFreedom,
  needsLinux,
  needsPlatformSandbox,
  needsProgram,
  needsSandbox,
} from "../support/skip-reasons.ts";
import { tempDir } from "../support/temp-dir.ts";
import {
  readOnly,
  spawnCommandUnderSandbox,
  underSandbox,
  workspaceWrite,
} from "../support/under-sandbox.ts";

async function inReadOnly(command: Command): Promise<RunResult> {
  return spawnCommandUnderSandbox(readOnly, "/", command);
}

function succeeded(stdout: string): RunResult {
  return { code: 0, signal: null, stdout, stderr: "" };
}

function python(...lines: readonly string[]): Command {
  return ["python3", "-c", lines.join("\n")];
}

function node(...lines: readonly string[]): Command {
  return [pinnedNode, "--input-type=module", "-e", lines.join("\n")];
}

suite("programs that cannot be started", { skip: needsSandbox }, () => {
  function refused(code: 126 | 127, text: string): RunResult {
    return { code, signal: null, stdout: "", stderr: `codex-linux-sandbox: ${text}\n` };
  }

  test("each has the shell's code and one line", async (t) => {
    const directory = tempDir(t);
    const file = (name: string, content: string, mode: number): string => {
      const path = join(directory, name);
      writeFileSync(path, content);
      chmodSync(path, mode);
      return path;
    };
    const script = file("script", "#!/no/such/interpreter\n", 0o755);
    const plain = file("plain", "echo x\n", 0o644);
    const cases: readonly (readonly [program: string, RunResult])[] = [
      ["no-such-program", refused(127, 'Cannot run "no-such-program": not found')],
      [`${directory}/none`, refused(127, `Cannot run "${directory}/none": not found`)],
      [`${plain}/x`, refused(127, `Cannot run "${plain}/x": not found`)],
      ["", refused(127, 'Cannot run "": the program name is empty')],
      [script, refused(127, `Cannot run "${script}": its interpreter or loader was not found`)],
    ];
    for (const [program, expected] of cases) {
      assert.deepEqual(await inReadOnly([program]), expected);
    }
    for (const program of [directory, plain]) {
      const ended = await inReadOnly([program]);
      assert.equal(ended.code, 126);
      assert.match(ended.stderr, /^codex-linux-sandbox: Cannot run ".*": [^\n]+\n$/);
    }
  });

  test("a text file without an interpreter line is the shell's", async (t) => {
    const path = join(tempDir(t), "script");
    writeFileSync(path, 'echo "ran $1"\n');
    chmodSync(path, 0o755);
    assert.deepEqual(await inReadOnly([path, "x"]), succeeded("ran x\n"));
  });

  test("PATH is searched past files that may not be run", async (t) => {
    const directory = tempDir(t);
    for (const name of ["a", "b", "c"]) mkdirSync(join(directory, name));
    writeFileSync(join(directory, "a/tool"), "", { mode: 0o644 });
    mkdirSync(join(directory, "b/tool"));
    writeFileSync(join(directory, "c/tool"), "#!/bin/sh\necho found\n", { mode: 0o755 });
    const PATH = ["none", "a", "b", "c"].map((name) => join(directory, name)).join(":");
    const command = underSandbox(readOnly, "/", ["tool"]);
    assert.deepEqual(await run(command, { env: { PATH } }), succeeded("found\n"));
  });

  test("a long PATH is searched to its end", async () => {
    const missing = Array.from({ length: 1_000 }, (_, index) => `/no/such/place/${index}`);
    const PATH = [...missing, "/usr/bin", "/bin"].join(":");
    const command = underSandbox(readOnly, "/", ["echo", "found"]);
    assert.deepEqual(await run(command, { env: { PATH } }), succeeded("found\n"));
  });
});

suite("languages", { skip: needsPlatformSandbox }, () => {
  const needsPython = needsProgram("python3");

  test("python: asyncio wakes its loop from another thread", { skip: needsPython }, async () => {
    const ended = await inReadOnly(
      python(
        "import asyncio, threading",
        "async def main():",
        "    loop = asyncio.get_running_loop()",
        "    print(await loop.run_in_executor(None, lambda: 'executor'))",
        "    done = asyncio.Event()",
        "    threading.Thread(target=lambda: loop.call_soon_threadsafe(done.set)).start()",
        "    await done.wait()",
        "    process = await asyncio.create_subprocess_exec('echo', 'child')",
        "    await process.wait()",
        "asyncio.run(main())",
      ),
    );
    assert.deepEqual({ ...ended, stdout: "" }, succeeded(""));
    assert.deepEqual(ended.stdout.split("\n").toSorted(), ["", "child", "executor"]);
  });

  test(
    "python: multiprocessing has locks where /dev/shm is a root, and nowhere else",
    { skip: firstReason(needsLinux, needsPython, needsFreedom) },
    async (t) => {
      const directory = tempDir(t);
      const command = python("import multiprocessing as m", "m.Lock()", "print('locked')");
      const before = await spawnCommandUnderSandbox(workspaceWrite(), directory, command);
      assert.equal(before.code, 1);
      assert.match(before.stderr, /PermissionError: \[Errno 13\]/);
      const policy = workspaceWrite({ writable_roots: ["/dev/shm"] });
      const after = await spawnCommandUnderSandbox(policy, directory, command);
      assert.deepEqual(after, succeeded("locked\n"));
    },
  );

  test("node: every way to start a child", async () => {
    const ended = await inReadOnly(
      node(
        "import { exec, execFile, execFileSync, execSync, fork, spawnSync } from 'node:child_process';",
        "import { promisify } from 'node:util';",
        "console.log(String(execFileSync('echo', ['sync'])).trim());",
        "console.log(String(execSync('cat; echo shell', { input: '' })).trim());",
        "console.log(spawnSync('cat', { input: 'fed' }).error, spawnSync('cat', { input: 'fed' }).stdout + '');",
        "console.log((await promisify(exec)('echo async')).stdout.trim());",
        "console.log((await promisify(execFile)('echo', ['file'])).stdout.trim());",
      ),
    );
    assert.deepEqual(ended, succeeded("sync\nshell\nundefined fed\nasync\nfile\n"));
  });

  test("node: fork with messages both ways", async (t) => {
    const directory = tempDir(t);
    const child = "process.on('message', (m) => { process.send(m + 1); process.disconnect(); });";
    writeFileSync(join(directory, "child.cjs"), child);
    const parent = [
      "const child = require('node:child_process').fork(__dirname + '/child.cjs');",
      "child.on('message', (m) => console.log('got', m));",
      "child.send(41);",
    ];
    writeFileSync(join(directory, "parent.cjs"), parent.join("\n"));
    const ended = await inReadOnly([pinnedNode, join(directory, "parent.cjs")]);
    assert.deepEqual(ended, succeeded("got 42\n"));
  });

  test("node: threads", async () => {
    const ended = await inReadOnly(
      node(
        "import { Worker } from 'node:worker_threads';",
        "const text = 'import { parentPort } from \"node:worker_threads\"; parentPort.postMessage(1)';",
        "new Worker(text, { eval: true }).on('message', (m) => console.log(m));",
      ),
    );
    assert.deepEqual(ended, succeeded("1\n"));
  });

  test("git: init, commit and status", { skip: needsProgram("git") }, async (t) => {
    const directory = tempDir(t);
    const identity = "git -c user.name=u -c user.email=u@example.org";
    const script = `git init -q . && echo x > f && git add f && ${identity} commit -q -m m && git status --porcelain && git log --format=%s`;
    const command = ["sh", "-c", script];
    const ended = await spawnCommandUnderSandbox(workspaceWrite(), directory, command);
    assert.deepEqual(ended, succeeded("m\n"));
    const status = await spawnCommandUnderSandbox(readOnly, directory, ["git", "status", "-s"]);
    assert.deepEqual(status, succeeded(""));
  });

  test(
    "cc and make",
    { skip: firstReason(needsProgram("gcc"), needsProgram("make")) },
    async (t) => {
      const directory = tempDir(t);
      writeFileSync(join(directory, "a.c"), 'int puts(const char *);int main(){puts("built");}\n');
      writeFileSync(join(directory, "Makefile"), "run: a\n\t@./a\na: a.c\n\t@gcc -o a a.c\n");
      const env = { ...process.env, TMPDIR: directory };
      const policy = workspaceWrite({ exclude_tmpdir_env_var: false });
      const ended = await spawnCommandUnderSandbox(policy, directory, ["make", "-j2"], { env });
      assert.deepEqual(ended, succeeded("built\n"));
    },
  );

  const needsPairs = firstReason(needsLinux, needsPython); // a Mac has no SOCK_SEQPACKET
  test("cargo-like: own local stream pairs pass data and ends", { skip: needsPairs }, async () => {
    const ended = await inReadOnly(
      python(
        "import socket, os",
        "a, b = socket.socketpair()",
        "a.send(b'x'); a.sendmsg([b'y']); a.shutdown(socket.SHUT_WR)",
        "print(b.recv(9), b.recvmsg(9)[0], a.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == 1)",
        "r, w = os.pipe()",
        "c, d = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)",
        "socket.send_fds(c, [b'fd'], [r]); print(socket.recv_fds(d, 9, 1)[0])",
      ),
    );
    assert.equal(ended.stderr, "");
    assert.equal(ended.code, 0);
  });
});

suite("terminals and tracing", { skip: needsSandbox }, () => {
  for (const [name, policy] of [
    ["read-only", readOnly],
    ["workspace-write", workspaceWrite()],
  ] as const) {
    test(`script(1) makes a terminal in ${name}`, { skip: needsProgram("script") }, async () => {
      const command = ["script", "-qec", "tty && stty -a | grep -c speed", "/dev/null"];
      const ended = await spawnCommandUnderSandbox(policy, "/tmp", command);
      assert.equal(ended.code, 0);
      assert.match(ended.stdout, /^\/dev\/pts\/\d+\r\n1\r\n$/);
    });
  }

  test(
    "strace traces a child of its own",
    { skip: firstReason(needsProgram("strace"), needsFreedom) },
    async () => {
      const ended = await inReadOnly([
        "strace",
        "-f",
        "-e",
        "trace=getppid",
        "-o",
        "/dev/null",
        "echo",
        "traced",
      ]);
      assert.deepEqual(ended, succeeded("traced\n"));
    },
  );

  test(
    "gdb runs and stops a child of its own",
    { skip: firstReason(needsProgram("gdb"), needsFreedom) },
    async () => {
      const script = [
        "-ex",
        "set startup-with-shell off",
        "-ex",
        "starti",
        "-ex",
        "info inferiors",
      ];
      const ended = await inReadOnly([
        "gdb",
        "-nx",
        "-batch",
        ...script,
        "-ex",
        "kill",
        "/bin/true",
      ]);
      assert.match(ended.stdout, /\* 1 +process \d+ .*\/bin\/true/);
    },
  );
});

test("20 at the same time", { skip: needsPlatformSandbox }, async () => {
  const all = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => inReadOnly(["echo", String(index)])),
  );
  assert.deepEqual(
    all,
    Array.from({ length: 20 }, (_, index) => succeeded(`${index}\n`)),
  );
});
