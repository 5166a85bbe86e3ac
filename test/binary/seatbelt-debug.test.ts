/** `codex debug seatbelt` as a program, with a stand-in where macOS has sandbox-exec. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { run, type RunOptions } from "../support/run.ts";
import { codex, fakeMac, needsFakeMac, needsNoSandboxExec } from "../support/sbpl-fake-mac.ts";
import {
  checkAll,
  group,
  profileOf,
  readSandboxExecArguments,
  WRITE_OPERATIONS,
} from "../support/sbpl-questions.ts";
import { tempDir } from "../support/temp-dir.ts";

interface Place {
  readonly workspace: string;
  readonly options: RunOptions;
}

/** A workspace outside of /tmp's own root, and an environment with something to hide. */
function place(t: TestContext): Place {
  const top = tempDir(t);
  const workspace = join(top, "work");
  mkdirSync(join(workspace, ".git/hooks"), { recursive: true });
  mkdirSync(join(top, "codex-home"));
  const env = {
    PATH: process.env["PATH"],
    HOME: top,
    CODEX_HOME: join(top, "codex-home"),
    OPENAI_API_KEY: "secret",
    NODE_OPTIONS: "",
  };
  return { workspace, options: { cwd: workspace, env } };
}

const seatbelt = (...words: readonly string[]): readonly string[] => [
  ...codex,
  "debug",
  "seatbelt",
  ...words,
];

test(
  "without sandbox-exec: one line, exit 1, whatever else is wrong",
  { skip: needsNoSandboxExec },
  async (t) => {
    const { options } = place(t);
    const expected = {
      code: 1,
      signal: null,
      stdout: "",
      stderr: 'codex: "debug seatbelt" needs macOS: there is no /usr/bin/sandbox-exec here\n',
    };
    assert.deepEqual(await run(seatbelt("--", "touch", "x"), options), expected);
    assert.deepEqual(await run(seatbelt("-C", "/missing", "--full-auto", "ls"), options), expected);
    assert.deepEqual(await run(seatbelt("-s", "danger-full-access", "ls"), options), expected);
  },
);

test("a program of that name in PATH is not taken", { skip: needsNoSandboxExec }, async (t) => {
  const { workspace, options } = place(t);
  writeFileSync(join(workspace, "sandbox-exec"), "#!/bin/sh\necho taken\n", { mode: 0o755 });
  const env = { ...options.env, PATH: `${workspace}:${process.env["PATH"] ?? ""}` };
  const result = await run(seatbelt("--", "ls"), { ...options, env });
  assert.deepEqual([result.code, result.stdout], [1, ""]);
});

test("the very vector that a Mac would get, and the markers", { skip: needsFakeMac }, async (t) => {
  const { workspace, options } = place(t);
  const mac = fakeMac(t);
  const command = ["printf", "%s|", "a b", "--", "-Dx=y", "$HOME"];
  const result = await mac.run(seatbelt("--full-auto", "--", ...command), options);
  assert.deepEqual(result, { code: 0, signal: null, stdout: "a b|--|-Dx=y|$HOME|", stderr: "" });
  const seen = mac.seen();
  const parsed = readSandboxExecArguments(seen?.argv ?? []);
  assert.deepEqual(parsed.command, command);
  const profile = profileOf(seen?.argv ?? []);
  checkAll(profile, [
    group("allow", WRITE_OPERATIONS, [`${workspace}/x`, "/tmp/x"]),
    group("deny", WRITE_OPERATIONS, [
      `${workspace}/.git/hooks/x`,
      join(workspace, "../codex-home/x"),
    ]),
  ]);
  const { CODEX_SANDBOX, CODEX_SANDBOX_NETWORK_DISABLED, OPENAI_API_KEY } = seen?.environment ?? {};
  assert.deepEqual(
    [CODEX_SANDBOX, CODEX_SANDBOX_NETWORK_DISABLED, OPENAI_API_KEY],
    ["seatbelt", "1", undefined],
  );
});

test(
  "read-only has no parameter at all; the network has no marker",
  { skip: needsFakeMac },
  async (t) => {
    const { options } = place(t);
    const mac = fakeMac(t);
    assert.equal((await mac.run(seatbelt("true"), options)).code, 0);
    assert.deepEqual([...readSandboxExecArguments(mac.seen()?.argv ?? []).parameters], []);
    const network = ["-c", "sandbox_workspace_write.network_access=true"];
    assert.equal((await mac.run(seatbelt("--full-auto", ...network, "true"), options)).code, 0);
    assert.equal(mac.seen()?.environment["CODEX_SANDBOX_NETWORK_DISABLED"], undefined);
  },
);

test("-C chooses the workspace", { skip: needsFakeMac }, async (t) => {
  const { workspace, options } = place(t);
  const mac = fakeMac(t);
  const words = ["--full-auto", "-C", "work", "--", "pwd"];
  const result = await mac.run(seatbelt(...words), { ...options, cwd: join(workspace, "..") });
  assert.equal(result.stdout, `${workspace}\n`);
  const missing = await mac.run(seatbelt("-C", "gone", "pwd"), options);
  assert.deepEqual(
    [missing.code, missing.stderr],
    [1, 'codex: Cannot enter directory "gone": no such directory\n'],
  );
});

test(
  "the exit code, the signal and the input are the command's",
  { skip: needsFakeMac },
  async (t) => {
    const { options } = place(t);
    const mac = fakeMac(t);
    const sh = (script: string, more: RunOptions = {}) =>
      mac.run(seatbelt("--", "sh", "-c", script), { ...options, ...more });
    assert.equal((await sh("exit 41")).code, 41);
    assert.equal((await sh("kill -TERM $$")).signal, "SIGTERM");
    assert.equal((await sh("cat", { stdin: "through\n" })).stdout, "through\n");
    // Nothing that Node did to this process is left: signals, descriptors.
    const state = await sh(
      "grep -E '^Sig(Ign|Blk)' /proc/self/status; ls /proc/self/fd | sort | tr '\\n' ' '",
    );
    assert.match(state.stdout, /SigBlk:\t0{16}\nSigIgn:\t0{16}\n0 1 2 3 $/);
  },
);

test("a missing program is 127, one that cannot be run 126", { skip: needsFakeMac }, async (t) => {
  const { workspace, options } = place(t);
  const mac = fakeMac(t);
  writeFileSync(join(workspace, "data"), "");
  const outcome = async (...command: readonly string[]) => {
    const { code, stderr } = await mac.run(seatbelt("--", ...command), options);
    return [code, stderr];
  };
  assert.deepEqual(await outcome("no-such-program"), [
    127,
    'codex: Cannot run "no-such-program": not found\n',
  ]);
  assert.deepEqual(await outcome("./missing"), [127, 'codex: Cannot run "./missing": not found\n']);
  assert.deepEqual(await outcome("./data"), [
    126,
    'codex: Cannot run "./data": it is not executable\n',
  ]);
  assert.equal(mac.seen(), undefined);
});

test("danger-full-access starts the command itself", { skip: needsFakeMac }, async (t) => {
  const { options } = place(t);
  const mac = fakeMac(t);
  const words = ["-s", "danger-full-access", "--", "printenv", "CODEX_SANDBOX"];
  const result = await mac.run(seatbelt(...words), options);
  assert.deepEqual([result.code, result.stdout, result.stderr], [1, "", ""]);
  assert.equal(mac.seen(), undefined);
});
