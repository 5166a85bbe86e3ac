/** Which of the three programs the executable is, decided by the name it is started under. */
import assert from "node:assert/strict";
import {
  copyFileSync,
  linkSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import {
  binaryUnderName,
  codexBinary,
  helperBinary,
  needsBinary,
} from "../support/codex-binary.ts";
import { run } from "../support/run.ts";
import { needsProgram, needsSandbox } from "../support/skip-reasons.ts";
import { tempDir } from "../support/temp-dir.ts";

const readOnly = '{"mode":"read-only"}';
const helperUsage = /codex-linux-sandbox: Missing argument <policy_cwd>/;

test(
  "the helper is known by file name: bare, by path, by link",
  { skip: needsBinary },
  async () => {
    for (const argv0 of ["codex-linux-sandbox", "/no/such/place/codex-linux-sandbox"]) {
      const { code, stderr } = await run([codexBinary], { argv0 });
      assert.equal(code, 2);
      assert.match(stderr, helperUsage);
    }
    const { code, stderr } = await run([helperBinary()]);
    assert.equal(code, 2);
    assert.match(stderr, helperUsage);
  },
);

test(
  "the helper never becomes the CLI, whatever its arguments",
  { skip: needsBinary },
  async () => {
    for (const words of [
      ["--version"],
      ["exec", "hello"],
      ["debug", "landlock", "--", "echo", "no"],
    ]) {
      const { code, stdout } = await run([helperBinary(), ...words]);
      assert.equal(code, 2, words.join(" "));
      assert.equal(stdout, "");
    }
  },
);

test(
  "other names are the CLI, which runs nothing of a helper's",
  { skip: needsBinary },
  async () => {
    const names = ["codex", "node", "", "codex-linux-sandbox.exe", "Codex-Linux-Sandbox", "./"];
    for (const argv0 of names) {
      const version = await run([codexBinary, "--version"], { argv0 });
      assert.match(version.stdout, /^codex-cli \d+\.\d+\.\d+\n$/, JSON.stringify(argv0));
      const asHelper = await run([codexBinary, "/", readOnly, "--", "echo", "unconfined"], {
        argv0,
      });
      assert.notEqual(asHelper.code, 0, JSON.stringify(argv0));
      assert.doesNotMatch(asHelper.stdout, /unconfined/);
    }
  },
);

const needsPython = needsBinary === false ? needsProgram("python3") : needsBinary;

test("an argument list without any name is the CLI", { skip: needsPython }, async () => {
  const script = "import os, sys; os.execv(sys.argv[1], [''])";
  const { code, stdout } = await run(["python3", "-c", script, codexBinary]);
  assert.notEqual(code, 0);
  assert.equal(stdout, "");
});

test("the patch tool can be asked for by a flag", { skip: needsBinary }, async (t) => {
  const cwd = tempDir(t);
  const patch = "*** Begin Patch\n*** Add File: a.txt\n+x\n*** End Patch";
  const { code, stdout } = await run([codexBinary, "--codex-run-as-apply-patch", patch], { cwd });
  assert.deepEqual(
    { code, stdout },
    { code: 0, stdout: "Success. Updated the following files:\nA a.txt\n" },
  );
  assert.equal(readFileSync(join(cwd, "a.txt"), "utf8"), "x\n");
});

test("apply_patch and applypatch are the patch tool", { skip: needsBinary }, async () => {
  for (const name of ["apply_patch", "applypatch"]) {
    const { code, stdout, stderr } = await run([binaryUnderName(name), "no patch"]);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /patch/i);
  }
});

test(
  "moved, renamed, linked or removed while running, it works",
  { skip: needsSandbox },
  async (t) => {
    const directory = tempDir(t);
    const words = ["debug", "landlock", "--", "echo", "ok"];
    const first = join(directory, "first");
    try {
      linkSync(codexBinary, first);
    } catch {
      copyFileSync(codexBinary, first); // another file system
    }
    const second = join(directory, "a new name");
    renameSync(first, second);
    assert.equal((await run([second, ...words])).stdout, "ok\n");
    const link = join(directory, "link");
    symlinkSync(second, link);
    assert.equal((await run([link, ...words])).stdout, "ok\n");
    // The command removes the executable it came from, and starts it again by the kernel's link.
    const script = `rm '${second}' && echo gone`;
    const policy = ["-s", "workspace-write", "-C", directory, "--", "sh", "-c", script];
    assert.equal((await run([second, "debug", "landlock", ...policy])).stdout, "gone\n");
  },
);

test("it leaves no file behind", { skip: needsSandbox }, async (t) => {
  const home = tempDir(t);
  const temporary = join(home, "tmp");
  const cwd = tempDir(t);
  const env = { PATH: "/usr/bin:/bin", HOME: home, TMPDIR: temporary };
  const before = readdirSync("/dev/shm");
  await run([codexBinary, "debug", "landlock", "--full-auto", "--", "true"], { cwd, env });
  await run([codexBinary, "--help"], { cwd, env });
  await run([helperBinary(), "/", readOnly, "true"], { cwd, env });
  assert.deepEqual(readdirSync(home), []);
  assert.deepEqual(readdirSync(cwd), []);
  assert.deepEqual(readdirSync("/dev/shm"), before);
  rmSync(temporary, { recursive: true, force: true });
});
