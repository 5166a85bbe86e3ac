/** How the built `codex exec` ends before its time, and that nothing of it is left. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  type ExecSetup,
  jsonLines,
  needsExec,
  setUpExec,
  startExec,
} from "../exec-mode/exec-harness.ts";
import {
  assistantMessage,
  CREATED,
  functionCall,
  HANG,
  respond,
  textDelta,
} from "../support/model-server.ts";
import { until } from "../support/until.ts";

const options = { skip: needsExec, timeout: 60_000 };
const DONE = respond(assistantMessage("done"));
/** Children of its own, one in a session of its own, and one that ignores SIGTERM. */
const SLEEPERS =
  "sleep 97531 & setsid sleep 97531 & (trap '' TERM; sleep 97531) & echo started; sleep 97531";
const BUSY = respond(functionCall("shell", { command: ["bash", "-c", SLEEPERS], timeout: 60_000 }));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function follow(child: ChildProcess): { stdout: () => string; ended: Promise<Ended> } {
  let stdout = "";
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve) =>
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr })),
  );
  return { stdout: () => stdout, ended };
}

/** Processes whose environment names this run's home; zombies are over. */
function leftOf({ codexHome }: ExecSetup): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .filter((pid) => {
      try {
        if (/^State:\s+[ZX]/mu.test(readFileSync(`/proc/${pid}/status`, "utf8"))) return false;
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
        return environment.includes(codexHome) && command !== "";
      } catch {
        return false;
      }
    })
    .map((pid) => `${pid} ${readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")}`);
}

const signals: readonly (readonly [NodeJS.Signals, number])[] = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
];

for (const [signal, exitCode] of signals) {
  test(`${signal} during a command: exit code ${exitCode}, nothing is left`, options, async (t) => {
    const setup = await setUpExec(t, [BUSY, DONE]);
    const child = startExec(t, setup, ["--json", "hi"]);
    const { stdout, ended } = follow(child);
    assert.ok(await until(() => stdout().includes("exec_command_output_delta"), 20_000));
    const sentAt = performance.now();
    child.kill(signal);
    const result = await ended;
    assert.deepEqual([result.code, result.signal], [exitCode, null]);
    assert.ok(performance.now() - sentAt < 3000, "ended soon");
    assert.ok(await until(() => leftOf(setup).length === 0, 500), leftOf(setup).join("\n"));
    const last = jsonLines(result.stdout).at(-1);
    assert.deepEqual(last, { id: "0", msg: { type: "turn_aborted", reason: "interrupted" } });
  });
}

test("SIGKILL during a command: nothing is left", options, async (t) => {
  // What leaves its session is known half a second later at the latest.
  const command = ["bash", "-c", SLEEPERS.replace("echo", "sleep 0.7; echo")];
  const call = functionCall("shell", { command, timeout: 60_000 });
  const setup = await setUpExec(t, [respond(call), DONE]);
  const child = startExec(t, setup, ["--json", "hi"]);
  const { stdout, ended } = follow(child);
  assert.ok(await until(() => stdout().includes("exec_command_output_delta"), 20_000));
  child.kill("SIGKILL");
  await ended;
  assert.ok(await until(() => leftOf(setup).length === 0, 500), leftOf(setup).join("\n"));
});

test("SIGINT while the model is silent closes the connection", options, async (t) => {
  const setup = await setUpExec(t, [{ stream: [CREATED, textDelta("a"), HANG] }]);
  const child = startExec(t, setup, ["hi"]);
  const { ended } = follow(child);
  assert.ok(await until(() => setup.server.requests.length === 1, 20_000));
  child.kill("SIGINT");
  assert.equal((await ended).code, 130);
  await setup.server.requests[0]?.closed;
});

test("--timeout ends the run with 124", options, async (t) => {
  const setup = await setUpExec(t, [BUSY, DONE]);
  const child = startExec(t, setup, ["--timeout", "1s", "hi"]);
  const { ended } = follow(child);
  const { code, stderr } = await ended;
  assert.equal(code, 124);
  assert.match(stderr, /\ncodex: Out of time: stopped after 1 s \(--timeout\)\n$/u);
  assert.ok(await until(() => leftOf(setup).length === 0, 500), leftOf(setup).join("\n"));
});

test("--timeout also ends the wait for a silent model", options, async (t) => {
  const setup = await setUpExec(t, [{ silent: true }]);
  const { ended } = follow(startExec(t, setup, ["--timeout", "1s", "hi"]));
  assert.equal((await ended).code, 124);
});

test("SIGTERM ends the pause that a server asked for", options, async (t) => {
  const limited = { status: 429, headers: { "retry-after": "600" }, body: {} } as const;
  const setup = await setUpExec(t, [limited]);
  const child = startExec(t, setup, ["--json", "hi"]);
  const { stdout, ended } = follow(child);
  assert.ok(await until(() => stdout().includes("retrying 1/1"), 20_000));
  child.kill("SIGTERM");
  assert.equal((await ended).code, 143);
});

test("a background process of a command does not outlive the run", options, async (t) => {
  const command = ["bash", "-c", "sleep 97531 >/dev/null 2>&1 & echo ok"];
  const setup = await setUpExec(t, [respond(functionCall("shell", { command })), DONE]);
  const { ended } = follow(startExec(t, setup, ["hi"]));
  assert.equal((await ended).code, 0);
  assert.ok(await until(() => leftOf(setup).length === 0, 500), leftOf(setup).join("\n"));
});

test("a reader that goes away ends a --json run quietly", options, async (t) => {
  const setup = await setUpExec(t, [BUSY, DONE]);
  const child = startExec(t, setup, ["--json", "hi"]);
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<number | null>((resolve) =>
    child.once("exit", (code) => resolve(code)),
  );
  child.stdout?.once("data", () => child.stdout?.destroy());
  assert.equal(await ended, 1);
  assert.equal(stderr, "");
  assert.ok(await until(() => leftOf(setup).length === 0, 500), leftOf(setup).join("\n"));
});

test("a session killed at a command is resumed with an answer for it", options, async (t) => {
  const setup = await setUpExec(t, [BUSY, DONE]);
  const child = startExec(t, setup, ["--json", "hi"]);
  const { stdout, ended } = follow(child);
  assert.ok(await until(() => stdout().includes("exec_command_output_delta"), 20_000));
  child.kill("SIGKILL");
  await ended;
  const resumed = follow(startExec(t, setup, ["resume", "--last", "go on"]));
  const end = await resumed.ended;
  assert.deepEqual([end.code, end.stdout], [0, "done\n"]);
  const body = JSON.stringify(setup.server.requests.at(-1)?.body);
  assert.match(body, /"call_id":"call_1","output":"aborted by the user before it finished"/u);
  assert.ok(existsHome(setup));
});

function existsHome({ codexHome }: ExecSetup): boolean {
  return readdirSync(join(codexHome, "sessions")).length === 1;
}
