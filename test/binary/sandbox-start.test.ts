/** The helper's own start in hostile surroundings: no foreign code, no file left, no hang. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";

import { run, type RunOptions } from "../support/run.ts";
import {
  firstReason,
  needsFreedom,
  needsProgram,
  needsRoot,
  needsSandbox,
} from "../support/skip-reasons.ts";
import { tempDir } from "../support/temp-dir.ts";
import { readOnly, underSandbox, workspaceWrite } from "../support/under-sandbox.ts";

const ran = { code: 0, signal: null, stdout: "ran\n", stderr: "" };
const PATH = process.env["PATH"] ?? "";

async function echoUnder(env: Readonly<Record<string, string>>, options: RunOptions = {}) {
  return run(underSandbox(readOnly, "/", ["echo", "ran"]), {
    ...options,
    env: { PATH, ...env },
  });
}

suite("hostile environment", { skip: needsSandbox }, () => {
  test("Node's own variables run nothing and change nothing", async (t) => {
    const directory = tempDir(t);
    const marker = join(directory, "marker");
    const script = join(directory, "evil.cjs");
    writeFileSync(script, `require("node:fs").writeFileSync(${JSON.stringify(marker)}, "x");\n`);
    const settings: Readonly<Record<string, string>>[] = [
      { NODE_OPTIONS: `--require ${script}` },
      { NODE_OPTIONS: "--inspect-brk=0" },
      { NODE_OPTIONS: "--no-such-flag" },
      { NODE_PATH: directory },
      { NODE_EXTRA_CA_CERTS: script },
      { NODE_DEBUG: "fs,module,net" },
      { NODE_DEBUG_NATIVE: "all" },
      { NODE_PENDING_DEPRECATION: "1" },
      { NODE_ICU_DATA: directory },
      { NODE_CHANNEL_FD: "1" },
      { NODE_UNIQUE_ID: "1" },
      { NODE_V8_COVERAGE: join(directory, "coverage") },
      { NODE_REDIRECT_WARNINGS: join(directory, "warnings") },
      { BASH_ENV: script, ENV: script },
    ];
    for (const setting of settings) {
      assert.deepEqual(await echoUnder(setting), ran, JSON.stringify(setting));
      assert.deepEqual(readdirSync(directory), ["evil.cjs"], JSON.stringify(setting));
    }
  });

  test("Node's cache of compiled code is neither read nor written", async (t) => {
    // Node makes the directory before the first line of ours runs; it stays empty.
    const cache = join(tempDir(t), "cache");
    assert.deepEqual(await echoUnder({ NODE_COMPILE_CACHE: cache }), ran);
    const files = readdirSync(cache, { recursive: true, withFileTypes: true });
    assert.deepEqual(
      files.filter((entry) => !entry.isDirectory()),
      [],
    );
  });

  test(
    "no foreign openssl.cnf is read",
    { skip: firstReason(needsProgram("strace"), needsFreedom) },
    async (t) => {
      const directory = tempDir(t);
      const file = join(directory, "openssl.cnf");
      writeFileSync(file, "openssl_conf = x\n");
      const log = join(directory, "log");
      const traced = ["strace", "-f", "-o", log, "-e", "trace=openat,open"];
      const ended = await run([...traced, ...underSandbox(readOnly, "/", ["echo", "ran"])], {
        env: { PATH, OPENSSL_CONF: file },
      });
      assert.deepEqual(ended, ran);
      const seen = await run(["grep", "-c", "openssl.cnf", log]);
      assert.equal(seen.stdout, "0\n");
    },
  );

  test(
    "a preloaded library is not in the process that confines itself",
    { skip: needsProgram("gcc") },
    async (t) => {
      const directory = tempDir(t);
      // Answers prctl and syscall in the kernel's place: everything succeeds, nothing happens.
      const source = join(directory, "evil.c");
      const library = join(directory, "evil.so");
      writeFileSync(source, "long syscall(long n){return 0;} int prctl(int o){return 0;}\n");
      const built = await run(["gcc", "-shared", "-fPIC", "-o", library, source]);
      assert.equal(built.code, 0, built.stderr);
      const command = [
        "sh",
        "-c",
        `grep Seccomp: /proc/self/status; (: > ${directory}/made) 2>&1 || echo denied`,
      ];
      for (const name of ["LD_PRELOAD", "LD_AUDIT"]) {
        const ended = await run(underSandbox(readOnly, "/", command), {
          env: { PATH, [name]: library },
        });
        assert.equal(existsSync(join(directory, "made")), false, name);
        if (ended.code === 0) assert.match(ended.stdout, /^Seccomp:\t2\n[^]*denied\n$/);
      }
    },
  );

  test("no HOME, no TMPDIR, no PATH, or nonsense in them", async (t) => {
    const directory = tempDir(t);
    const settings: Readonly<Record<string, string>>[] = [
      {},
      { HOME: "", TMPDIR: "", XDG_RUNTIME_DIR: "" },
      { HOME: "/no/such", TMPDIR: "/no/such", XDG_RUNTIME_DIR: "/no/such" },
      { HOME: "relative", TMPDIR: "../..", XDG_RUNTIME_DIR: "." },
      { HOME: "/dev/null", TMPDIR: "/dev/null", XDG_RUNTIME_DIR: "/proc" },
      { HOME: "\n", TMPDIR: "\u0001", LANG: "no such" },
      { TMPDIR: directory, HOME: directory },
    ];
    for (const setting of settings) {
      assert.deepEqual(await echoUnder(setting), ran, JSON.stringify(setting));
    }
    assert.deepEqual(readdirSync(directory), []);
    const bare = await run(["env", "-i", ...underSandbox(readOnly, "/", ["echo", "ran"])]);
    assert.deepEqual(bare, ran);
  });

  test("a working directory that is gone, or may not be written", async (t) => {
    const directory = tempDir(t);
    const gone = join(directory, "gone");
    mkdirSync(gone);
    const quoted = underSandbox(readOnly, "/", ["echo", "ran"]).map((word) => `'${word}'`);
    const script = `cd ${gone} && rmdir ${gone} && exec ${quoted.join(" ")}`;
    assert.deepEqual(await run(["sh", "-c", script]), ran);
    assert.deepEqual(await echoUnder({}, { cwd: "/proc/self" }), ran);
    const missing = await run(
      underSandbox(workspaceWrite(), "/no/such/workspace", ["echo", "ran"]),
    );
    assert.deepEqual(missing, ran);
  });

  test("tiny limits: it runs, or says in one line why not", async () => {
    const quoted = underSandbox(readOnly, "/", ["echo", "ran"]).map((word) => `'${word}'`);
    // No limit on address space: V8 reserves more than it uses, and cannot do without.
    for (const limit of ["-n 24", "-c 0", "-t 20", "-s 512", "-l 0"]) {
      const ended = await run(["sh", "-c", `ulimit ${limit} && exec ${quoted.join(" ")}`]);
      assert.deepEqual(ended, ran, limit);
    }
  });

  test(
    "no room for an anonymous file: one line, nothing runs",
    { skip: firstReason(needsRoot, needsFreedom, needsProgram("unshare")) },
    async () => {
      const quoted = underSandbox(readOnly, "/", ["echo", "ran"]).map((word) => `'${word}'`);
      const mounts = ["/dev/shm", "/var/tmp"].map(
        (path) => `mount -t tmpfs -o noexec none ${path}`,
      );
      const script = `${mounts.join(" && ")} && exec ${quoted.join(" ")}`;
      // /tmp holds the helper's link here, and stays: it is the next one to be tried.
      const ended = await run(["unshare", "-m", "sh", "-c", script], { env: { PATH } });
      assert.deepEqual(ended, ran);
    },
  );
});

suite("bad input", { skip: needsSandbox }, () => {
  test("runs nothing, exits 2, in one line", async () => {
    const [helper = ""] = underSandbox(readOnly, "/", ["true"]);
    const policy = JSON.stringify(readOnly);
    for (const words of [
      [],
      ["/"],
      ["/", policy],
      ["/", policy, "--"],
      ["/", "read-only", "--", "echo", "ran"],
      ["/", '"read-only"', "--", "echo", "ran"],
      ["/", '{"mode":"ReadOnly"}', "--", "echo", "ran"],
      ["/", '{"mode":"read-only"', "--", "echo", "ran"],
      ["relative", policy, "--", "echo", "ran"],
      ["--unknown", "/", policy, "--", "echo", "ran"],
      ["--parent-pid", "x", "/", policy, "--", "echo", "ran"],
      ["--", "/", policy, "echo", "ran"],
    ]) {
      const ended = await run([helper, ...words]);
      assert.equal(ended.stdout, "", words.join(" "));
      assert.equal(ended.code, 2, words.join(" "));
      assert.match(ended.stderr, /^codex-linux-sandbox: [^\n]+; see codex-linux-sandbox --help\n$/);
    }
  });

  test("--help is on stdout, exit 0", async () => {
    const [helper = ""] = underSandbox(readOnly, "/", ["true"]);
    const ended = await run([helper, "--help"]);
    assert.equal(ended.code, 0);
    assert.match(ended.stdout, /^Usage: codex-linux-sandbox /);
    assert.equal(ended.stderr, "");
  });
});
