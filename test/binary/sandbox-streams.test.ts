/** Streams, exit codes, words and environment go through the sandbox as they are. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { suite, test } from "node:test";

import { run, runBytes, type Command, type RunResult } from "../support/run.ts";
import {
  firstReason,
  needsLinux,
  needsPlatformSandbox,
  needsProgram,
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

function shellWord(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function python(...lines: readonly string[]): Command {
  return ["python3", "-c", lines.join("\n")];
}

suite("streams", { skip: needsPlatformSandbox }, () => {
  test("100 MB through a pipe, both ways", async () => {
    const bytes = Buffer.alloc(100 * 1024 * 1024, "0123456789abcdef\n");
    const { code, stdout } = await runBytes(underSandbox(readOnly, "/", ["cat"]), {
      stdin: bytes,
      deadlineMs: 60_000,
    });
    assert.equal(code, 0);
    assert.equal(stdout.length, bytes.length);
    const digest = (data: Buffer): string => createHash("sha1").update(data).digest("hex");
    assert.equal(digest(stdout), digest(bytes));
  });

  test("every byte value arrives as it is", async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
    const { stdout } = await runBytes(underSandbox(readOnly, "/", ["cat"]), { stdin: bytes });
    assert.deepEqual(stdout, bytes);
  });

  test("a writer into a closed pipe ends by SIGPIPE", { skip: needsProgram("bash") }, async () => {
    const script = "yes | head -n 1; echo ${PIPESTATUS[0]}";
    // Without BASH_ENV and ~/.bashrc (read when stdin is a socket), which run whatever is there.
    const command = underSandbox(readOnly, "/", ["bash", "--norc", "-c", script]);
    const env = { PATH: process.env["PATH"] };
    assert.deepEqual(await run(command, { env }), succeeded("y\n141\n"));
  });

  test("/dev/null takes and gives nothing, also created and cut", async () => {
    const script = "echo x > /dev/null; echo x >> /dev/null; cat < /dev/null; : 3<> /dev/null";
    assert.deepEqual(await inReadOnly(["sh", "-c", script]), succeeded(""));
  });

  test("/dev/stdout and /dev/stderr name pipes, too", async () => {
    const quoted = underSandbox(readOnly, "/", [
      "sh",
      "-c",
      "echo out > /dev/stdout; echo err > /dev/stderr",
    ]).map(shellWord);
    // A shell's pipes; those that Node makes are sockets, which no program can open again.
    const ended = await run(["sh", "-c", `${quoted.join(" ")} 2>&1 | cat`]);
    assert.deepEqual(ended, succeeded("out\nerr\n"));
  });

  test("closed standard streams do not keep a command from running", async (t) => {
    const directory = tempDir(t);
    const quoted = underSandbox(workspaceWrite(), directory, ["sh", "-c", "echo ran > done"])
      .map(shellWord)
      .join(" ");
    for (const closed of ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"]) {
      const script = `cd ${directory} && rm -f done && ${quoted} ${closed}; echo $?; cat done`;
      assert.deepEqual(await run(["sh", "-c", script]), succeeded("0\nran\n"), closed);
    }
  });

  test("a job in the background outlives nobody and is waited for", async () => {
    const script = "(sleep 0.1; echo later) & echo now; wait";
    assert.deepEqual(await inReadOnly(["sh", "-c", script]), succeeded("now\nlater\n"));
  });
});

suite("exit codes", { skip: needsPlatformSandbox }, () => {
  test("are the command's own, 0 to 255", async () => {
    const codes = [0, 1, 2, 3, 63, 64, 100, 101, 124, 125, 126, 127, 128, 129, 200, 254, 255];
    for (const code of codes) {
      assert.equal((await inReadOnly(["sh", "-c", `exit ${code}`])).code, code);
    }
  });

  test("a death by signal is one", async () => {
    for (const signal of ["SIGHUP", "SIGINT", "SIGABRT", "SIGKILL", "SIGSEGV", "SIGTERM"]) {
      const ended = await inReadOnly(["sh", "-c", `kill -${signal.slice(3)} $$`]);
      assert.equal(ended.signal, signal);
      assert.equal(ended.code, null);
    }
  });
});

suite("words and environment", { skip: needsPlatformSandbox }, () => {
  test("10,000 arguments arrive, in order", async () => {
    const words = Array.from({ length: 10_000 }, (_, index) => `argument-${index}`);
    const { stdout } = await inReadOnly(["printf", "%s\\n", ...words]);
    assert.deepEqual(stdout.split("\n").slice(0, -1), words);
  });

  test("invalid UTF-8 in words and environment goes through untouched", async () => {
    const quoted = underSandbox(readOnly, "/", [
      "sh",
      "-c",
      'printf %s "$1" | od -An -tx1; printenv X | od -An -tx1',
      "sh",
    ])
      .map(shellWord)
      .join(" ");
    const script = `X=$(printf '\\377\\200'); export X; exec ${quoted} "$(printf 'a\\376b')"`;
    assert.deepEqual(await run(["sh", "-c", script]), succeeded(" 61 fe 62\n ff 80 0a\n"));
  });

  test(
    "duplicates, empty values and entries without a name go through",
    { skip: firstReason(needsLinux, needsProgram("python3")) },
    async () => {
      const words = underSandbox(readOnly, "/", ["cat", "/proc/self/environ"]);
      const script = python(
        "import ctypes, sys",
        "words = [w.encode() for w in sys.argv[1:]]",
        "entries = [b'X=1', b'X=2', b'E=', b'=weird', b'NOEQUALS', b'PATH=/usr/bin:/bin']",
        "argv = (ctypes.c_char_p * (len(words) + 1))(*words, None)",
        "envp = (ctypes.c_char_p * (len(entries) + 1))(*entries, None)",
        "ctypes.CDLL(None).execve(words[0], argv, envp)",
      );
      assert.deepEqual(
        await run([...script, ...words]),
        succeeded("X=1\0X=2\0E=\0=weird\0NOEQUALS\0PATH=/usr/bin:/bin\0"),
      );
    },
  );

  test("an empty environment stays empty", async () => {
    const ended = await run(["env", "-i", ...underSandbox(readOnly, "/", ["/usr/bin/env"])]);
    assert.deepEqual(ended, succeeded(""));
  });
});
