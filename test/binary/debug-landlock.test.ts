/** `codex debug landlock` through the built executable: policy, environment, exit codes, signals. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { codexBinary } from "../support/codex-binary.ts";
import { run, type RunResult } from "../support/run.ts";
import { firstReason, needsProgram, needsSandbox } from "../support/skip-reasons.ts";
import { tempDir, tempDirBesideTmp } from "../support/temp-dir.ts";
import { until } from "../support/until.ts";

interface Place {
  readonly home: string;
  readonly codexHome: string;
  readonly cwd: string;
  readonly outside: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Directories outside /tmp, so that /tmp being writable says nothing about them. */
function place(t: TestContext, configToml?: string): Place {
  const base = tempDirBesideTmp(t);
  const [home, cwd, outside] = ["home", "workspace", "outside"].map((name) => join(base, name));
  assert.ok(home !== undefined && cwd !== undefined && outside !== undefined);
  const codexHome = join(home, ".codex");
  for (const directory of [home, cwd, outside, codexHome]) mkdirSync(directory);
  if (configToml !== undefined) writeFileSync(join(codexHome, "config.toml"), configToml);
  return { home, codexHome, cwd, outside, env: { PATH: "/usr/bin:/bin", HOME: home } };
}

async function landlock(
  { cwd, env }: Place,
  words: readonly string[],
  extra: Readonly<Record<string, string>> = {},
): Promise<RunResult> {
  return run([codexBinary, "debug", "landlock", ...words], { cwd, env: { ...env, ...extra } });
}

const options = { skip: needsSandbox };

function writing(path: string): readonly string[] {
  return ["--", "sh", "-c", 'echo x > "$1"', "sh", path];
}

test("without a flag nothing can be written", options, async (t) => {
  const here = place(t);
  const file = join(here.cwd, "file");
  const denied = await landlock(here, writing(file));
  assert.notEqual(denied.code, 0);
  assert.match(denied.stderr, /Permission denied/);
  assert.equal(existsSync(file), false);
  assert.equal((await run(["sh", "-c", `echo x > ${file}`])).code, 0); // the twin
});

test("--full-auto writes in the workspace and /tmp, nowhere else", options, async (t) => {
  const here = place(t);
  const temporary = tempDir(t, "/tmp");
  assert.equal((await landlock(here, ["--full-auto", ...writing("in-cwd")])).code, 0);
  assert.equal((await landlock(here, ["--full-auto", ...writing(join(temporary, "f"))])).code, 0);
  const outside = join(here.outside, "f");
  assert.match(
    (await landlock(here, ["--full-auto", ...writing(outside)])).stderr,
    /Permission den/,
  );
  assert.equal(existsSync(outside), false);
});

test("the policy comes from flag, -c, file, in this order", options, async (t) => {
  const cases: readonly (readonly [string | undefined, readonly string[], boolean])[] = [
    [undefined, [], false],
    [undefined, ["-s", "workspace-write"], true],
    [undefined, ["-c", "sandbox_mode=workspace-write"], true],
    [undefined, ["-c", 'sandbox.mode="workspace-write"'], true],
    ['sandbox_mode = "workspace-write"', [], true],
    ['[sandbox]\nmode = "workspace-write"', [], true],
    ['sandbox_mode = "workspace-write"', ["-c", "sandbox_mode=read-only"], false],
    ['sandbox_mode = "read-only"', ["--full-auto"], true],
    ['sandbox_mode = "workspace-write"', ["-s", "read-only"], false],
    ['sandbox_mode = "danger-full-access"', [], true],
  ];
  for (const [toml, flags, writable] of cases) {
    const here = place(t, toml);
    const result = await landlock(here, [...flags, ...writing("file")]);
    assert.equal(result.code === 0, writable, `${toml ?? ""} ${flags.join(" ")}: ${result.stderr}`);
  }
});

test("writable_roots and the exclude keys are honoured", options, async (t) => {
  const here = place(t);
  const temporary = tempDir(t, "/tmp");
  const flags = ["--full-auto", "-c", `sandbox_workspace_write.writable_roots=["${here.outside}"]`];
  assert.equal((await landlock(here, [...flags, ...writing(join(here.outside, "f"))])).code, 0);
  const exclude = ["-c", "sandbox_workspace_write.exclude_slash_tmp=true"];
  const inTmp = join(temporary, "f");
  assert.notEqual((await landlock(here, [...flags, ...exclude, ...writing(inTmp)])).code, 0);
});

test("-C changes the directory and with it the workspace", options, async (t) => {
  const here = place(t);
  const words = ["--full-auto", "-C", here.outside, "--", "sh", "-c", "pwd && echo x > f"];
  assert.equal((await landlock(here, words)).stdout, `${here.outside}\n`);
  assert.equal(existsSync(join(here.outside, "f")), true);
  const missing = await landlock(here, ["-C", join(here.cwd, "none"), "--", "echo", "ran"]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /^codex: .*none.*\n$/);
  assert.equal(missing.stdout, "");
});

test("keys are not in the environment, and the marker is", options, async (t) => {
  const here = place(t);
  const secrets = { OPENAI_API_KEY: "sk-1", MY_token: "t", AWS_SECRET: "s", OTHER: "o" };
  const printed = await landlock(here, ["--", "env"], secrets);
  assert.doesNotMatch(printed.stdout, /sk-1|MY_token|AWS_SECRET|OTHER/);
  assert.match(printed.stdout, /^CODEX_SANDBOX_NETWORK_DISABLED=1$/m);
  assert.equal((await landlock(here, ["--", "printenv", "OPENAI_API_KEY"], secrets)).stdout, "");
  const all = ["-c", "shell_environment_policy.inherit=all", "--", "env"];
  const inherited = await landlock(here, all, secrets);
  assert.match(inherited.stdout, /^OTHER=o$/m);
  assert.doesNotMatch(inherited.stdout, /sk-1|MY_token|AWS_SECRET/);
  const network = ["--full-auto", "-c", "sandbox_workspace_write.network_access=true", "--", "env"];
  assert.doesNotMatch((await landlock(here, network)).stdout, /CODEX_SANDBOX/);
});

test("the exit code is the command's; 126 and 127 come with one line", options, async (t) => {
  const here = place(t);
  for (const code of [0, 1, 2, 77, 126, 127, 255]) {
    const result = await landlock(here, ["--", "sh", "-c", `exit ${code}`]);
    assert.deepEqual(result, { code, signal: null, stdout: "", stderr: "" });
  }
  const notFound = await landlock(here, ["--", "no-such-program"]);
  assert.equal(notFound.code, 127);
  assert.equal(notFound.stderr, 'codex: Cannot run "no-such-program": not found\n');
  const notExecutable = await landlock(here, ["--", "/etc/passwd"]);
  assert.equal(notExecutable.code, 126);
  assert.match(notExecutable.stderr, /^codex: Cannot run "\/etc\/passwd": .*\n$/);
  const shell = `"$0" debug landlock -- sh -c 'kill -TERM $$'; echo $?`;
  const signaled = await run(["sh", "-c", shell, codexBinary], { cwd: here.cwd, env: here.env });
  assert.equal(signaled.stdout, "143\n");
});

test("wrong usage answers 2 and runs nothing", options, async (t) => {
  const here = place(t);
  const cases = [
    [],
    ["--"],
    ["--nonsense", "--", "echo", "ran"],
    ["-s", "open", "--", "echo", "ran"],
  ];
  for (const words of cases) {
    const result = await landlock(here, words);
    assert.equal(result.code, 2, words.join(" "));
    assert.equal(result.stdout, "");
    assert.notEqual(result.stderr, "");
  }
});

test("a broken configuration stops it with file, line and column", options, async (t) => {
  const here = place(t, 'model = "a"\nsandbox_mode = 3\n');
  const result = await landlock(here, ["--", "echo", "ran"]);
  assert.equal(result.code, 1);
  assert.equal(result.stdout, "");
  assert.match(result.stderr, /config\.toml:2:1: sandbox_mode: /);
  const syntax = place(t, "sandbox_mode =\n");
  assert.match((await landlock(syntax, ["--", "echo", "ran"])).stderr, /config\.toml:1:\d+/);
});

test("flags after the command's first word are the command's", options, async (t) => {
  const here = place(t);
  const result = await landlock(here, ["echo", "--full-auto", "-C", "x"]);
  assert.equal(result.stdout, "--full-auto -C x\n");
});

test("a TMPDIR that is hostile or missing grants nothing", options, async (t) => {
  const here = place(t);
  const target = join(here.home, "evil");
  const link = join(here.outside, "link");
  symlinkSync(here.home, link);
  for (const TMPDIR of ["/", "..", here.home, link, join(here.home, "missing"), "/etc", ""]) {
    const result = await landlock(here, ["--full-auto", ...writing(target)], { TMPDIR });
    assert.notEqual(result.code, 0, TMPDIR);
    assert.match(result.stderr, /Permission denied/);
  }
});

test("no HOME, a removed directory, tiny limits: it works or says why not", options, async (t) => {
  const here = place(t);
  const noHome = await run([codexBinary, "debug", "landlock", "--", "echo", "ok"], {
    cwd: here.cwd,
    env: { PATH: "/usr/bin:/bin", CODEX_HOME: here.codexHome },
  });
  assert.equal(noHome.stdout, "ok\n");
  const gone = join(here.cwd, "gone");
  mkdirSync(gone);
  const script = `cd '${gone}' && rmdir '${gone}' && exec "$0" debug landlock --full-auto -- echo ok`;
  const removed = await run(["sh", "-c", script, codexBinary], { cwd: here.cwd, env: here.env });
  assert.equal(existsSync(gone), false);
  assert.ok(removed.stdout === "ok\n" || /^codex: .*\n$/.test(removed.stderr), removed.stderr);
  const files = `ulimit -n 32; exec "$0" debug landlock -- sh -c 'ulimit -n; echo ok'`;
  const few = await run(["sh", "-c", files, codexBinary], { cwd: here.cwd, env: here.env });
  assert.equal(few.stdout, "32\nok\n", few.stderr);
  rmdirSync(here.outside);
});

test("NODE_OPTIONS and its kin run nothing in the launcher", options, async (t) => {
  const here = place(t);
  const evil = join(here.outside, "evil.cjs");
  const trace = join(here.outside, "trace");
  writeFileSync(evil, `require("fs").writeFileSync(${JSON.stringify(trace)}, "ran");`);
  const conf = join(here.outside, "openssl.cnf");
  writeFileSync(conf, "openssl_conf = nonsense\n[nonsense]\nproviders = missing\n");
  const hostile = {
    NODE_OPTIONS: `--require ${evil} --inspect`,
    NODE_PATH: here.outside,
    NODE_EXTRA_CA_CERTS: "/dev/zero",
    OPENSSL_CONF: conf,
    BASH_ENV: evil,
    ENV: evil,
  };
  const result = await landlock(here, ["--", "bash", "-c", "echo ok"], hostile);
  assert.deepEqual(result, { code: 0, signal: null, stdout: "ok\n", stderr: "" });
  assert.equal(existsSync(trace), false);
});

const needsCompiler = { skip: firstReason(needsSandbox, needsProgram("gcc")) };

test("a preloaded library is not in the process that confines itself", needsCompiler, async (t) => {
  const here = place(t);
  const source = join(here.outside, "preload.c");
  const library = join(here.outside, "preload.so");
  // Claims that every system call through libc's syscall() succeeded, without making it.
  writeFileSync(source, "long syscall(long number, ...) { (void)number; return 0; }\n");
  assert.equal((await run(["gcc", "-shared", "-fPIC", "-o", library, source])).code, 0);
  const file = join(here.cwd, "file");
  const result = await landlock(here, writing(file), { LD_PRELOAD: library });
  assert.equal(existsSync(file), false);
  assert.notEqual(result.code, 0);
});

for (const flags of [[], ["--full-auto"]]) {
  test(
    `a command that tidies up is waited for: ${flags.join("") || "read-only"}`,
    options,
    async (t) => {
      const here = place(t);
      const script = "trap 'echo tidy; exit 7' INT TERM; echo ready; while :; do sleep 0.05; done";
      // As a terminal does it: to the whole foreground group; and as kill does it: to codex alone.
      for (const target of ["group", "process"]) {
        const words = ["debug", "landlock", ...flags, "--", "sh", "-c", script];
        const child = spawn(codexBinary, words, {
          cwd: here.cwd,
          env: here.env,
          stdio: ["ignore", "pipe", "inherit"],
          detached: true,
        });
        let output = "";
        child.stdout.on("data", (chunk: Buffer) => {
          output += chunk.toString();
          if (output !== "ready\n" || child.pid === undefined) return;
          if (target === "group") process.kill(-child.pid, "SIGINT");
          else process.kill(child.pid, "SIGTERM");
        });
        const code = await new Promise((resolve) => child.on("close", resolve));
        assert.equal(code, 7, target);
        assert.match(output, /^ready\n(tidy\n)+$/);
      }
    },
  );
}

test("no command outlives a launcher that was killed", options, async (t) => {
  const here = place(t);
  const words = ["debug", "landlock", "--full-auto", "--", "sh", "-c", "echo $$; exec sleep 60"];
  const child = spawn(codexBinary, words, {
    cwd: here.cwd,
    env: here.env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const pid = await new Promise<number>((resolve) =>
    child.stdout.once("data", (chunk: Buffer) => resolve(Number(chunk.toString()))),
  );
  child.kill("SIGKILL");
  // Its end of the pipe closes when the last process that holds it goes. A process closes its
  // files a moment before it counts as ended.
  await new Promise((resolve) => child.on("close", resolve));
  assert.ok(await until(() => !isAlive(pid), 2_000));
});

/** A zombie is dead; its parent has not looked yet. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !/^[0-9]+ \(.*\) [ZX]/s.test(stat);
  } catch {
    return false;
  }
}
