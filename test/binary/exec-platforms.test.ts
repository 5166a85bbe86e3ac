/** `codex exec` on systems that this one takes itself for: from source, against a scripted model. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { needsExec, setUpExec, type ExecSetup } from "../exec-mode/exec-harness.ts";
import { pinnedNode, projectRoot } from "../support/codex-binary.ts";
import { assistantMessage, functionCall, respond } from "../support/model-server.ts";
import { run } from "../support/run.ts";
import { asPlatform, fakeMac, needsFakeMac } from "../support/sbpl-fake-mac.ts";
import { profileOf, readSandboxExecArguments } from "../support/sbpl-questions.ts";
import { firstReason } from "../support/skip-reasons.ts";

const DONE = respond(assistantMessage("done"));

function execOn(platform: NodeJS.Platform, ...args: readonly string[]): readonly string[] {
  const main = join(projectRoot, "src/main.ts");
  return [pinnedNode, ...asPlatform(platform), main, "exec", "--skip-git-repo-check", ...args];
}

/** What the model was told of its last call. */
function lastOutput({ server }: ExecSetup): string {
  return JSON.stringify(server.requests.at(-1)?.body);
}

test(
  "macOS: a command of the model runs under sandbox-exec, and knows it",
  { skip: firstReason(needsExec, needsFakeMac) },
  async (t) => {
    const script = "echo $CODEX_SANDBOX-$CODEX_SANDBOX_NETWORK_DISABLED; exit 7";
    const command = ["sh", "-c", script];
    const setup = await setUpExec(t, [respond(functionCall("shell", { command })), DONE]);
    mkdirSync(join(setup.cwd, ".git"));
    const mac = fakeMac(t);
    const { cwd, env } = setup;
    const result = await mac.run(execOn("darwin", "-s", "workspace-write", "go"), { cwd, env });
    assert.deepEqual([result.code, result.stdout], [0, "done\n"], result.stderr);
    const seen = mac.seen()?.argv ?? [];
    assert.deepEqual(readSandboxExecArguments(seen).command, command);
    assert.ok(profileOf(seen));
    assert.match(lastOutput(setup), /seatbelt-1/);
    assert.match(lastOutput(setup), /exit_code[^0-9]*7/);
  },
);

test(
  "macOS: danger-full-access runs the command itself",
  { skip: firstReason(needsExec, needsFakeMac) },
  async (t) => {
    const command = ["sh", "-c", "echo ran-$CODEX_SANDBOX."];
    const setup = await setUpExec(t, [respond(functionCall("shell", { command })), DONE]);
    const mac = fakeMac(t);
    const { cwd, env } = setup;
    const result = await mac.run(execOn("darwin", "-s", "danger-full-access", "go"), { cwd, env });
    assert.equal(result.code, 0, result.stderr);
    assert.equal(mac.seen(), undefined);
    assert.match(lastOutput(setup), /ran-\./);
  },
);

test(
  "Windows: every policy but danger-full-access is refused before the first turn",
  { skip: needsExec },
  async (t) => {
    const setup = await setUpExec(t, [DONE]);
    for (const mode of ["read-only", "workspace-write"]) {
      const { code, stdout, stderr } = await run(execOn("win32", "-s", mode, "go"), setup);
      assert.deepEqual(
        [code, stdout, stderr],
        [
          2,
          "",
          `codex: Cannot run commands under ${mode}: there is no sandbox on Windows yet; choose ` +
            "danger-full-access (-s danger-full-access) to run them with all your rights, " +
            "or run codex in WSL 2\n",
        ],
      );
    }
    assert.equal(setup.server.requests.length, 0);
  },
);

test(
  "Windows: danger-full-access says in one sentence that there is no sandbox",
  { skip: needsExec },
  async (t) => {
    const command = ["no-such-program"];
    const setup = await setUpExec(t, [respond(functionCall("shell", { command })), DONE]);
    const result = await run(execOn("win32", "-s", "danger-full-access", "go"), setup);
    assert.deepEqual([result.code, result.stdout], [0, "done\n"], result.stderr);
    const sentence =
      "codex: There is no sandbox on Windows yet: commands run with all your rights\n";
    assert.ok(result.stderr.startsWith(sentence), result.stderr);
    assert.match(lastOutput(setup), /Cannot run [^:]*no-such-program[^:]*: not found/);
  },
);

test(
  "Windows: a login outside of the profile comes with a note",
  { skip: needsExec },
  async (t) => {
    const setup = await setUpExec(t, [DONE]);
    const main = join(projectRoot, "src/main.ts");
    const words = [pinnedNode, ...asPlatform("win32"), main, "login", "--api-key", "sk-x"];
    const noted = await run(words, setup);
    assert.equal(noted.code, 0, noted.stderr);
    assert.match(noted.stderr, /lies outside of your profile: Windows does not keep other users/);
    const { cwd, env } = setup;
    const inside = await run(words, { cwd, env: { ...env, USERPROFILE: setup.codexHome } });
    assert.deepEqual([inside.code, inside.stderr], [0, "Successfully logged in\n"]);
  },
);
