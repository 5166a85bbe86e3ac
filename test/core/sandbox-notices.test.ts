import assert from "node:assert/strict";
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { SandboxNoticeBoard } from "../../src/core/tools/sandbox-notices.ts";
import type { EndedCommand } from "../../src/core/tools/command-runner.ts";
import { emptyOutput } from "../../src/process/output-capture.ts";
import type { EventMsg } from "../../src/protocol/event.ts";
import {
  assistantMessage,
  functionCall,
  respond,
  startModelServer,
} from "../support/model-server.ts";
import { tempDir } from "../support/temp-dir.ts";
import { runTurn } from "./conversation-harness.ts";
import { needsCommands, outputsOf, startWithCommands } from "./shell-harness.ts";

const options = { skip: needsCommands, timeout: 30_000 };

const ended: EndedCommand = {
  kind: "ended",
  exitCode: 0,
  timedOutAfterMs: null,
  isAborted: false,
  isSignaled: false,
  durationMs: 1,
  stdout: emptyOutput,
  stderr: emptyOutput,
  aggregated: emptyOutput,
  placeChanges: [],
  confinement: undefined,
};

test("what a kernel lacks is told to the user once, and not to the model", () => {
  const board = new SandboxNoticeBoard();
  const messages: EventMsg[] = [];
  const confinement = { landlockAbi: 4, placesSealed: true, skippedRoots: [] };
  for (let round = 0; round < 2; round += 1) {
    const told = board.report({ ...ended, confinement }, { emit: (msg) => messages.push(msg) });
    assert.deepEqual(told, { notes: [], placeChanges: [] });
  }
  assert.equal(messages.length, 1);
  assert.match(JSON.stringify(messages), /Landlock \(ABI 4\) does not confine signals/u);
});

interface Ran {
  readonly messages: readonly EventMsg[];
  readonly outputs: readonly unknown[];
  readonly cwd: string;
  readonly refusals: readonly string[];
}

async function runScripts(
  t: TestContext,
  scripts: readonly string[],
  overrides: readonly string[] = [],
): Promise<Ran> {
  const calls = scripts.map((script, index) =>
    functionCall("shell", { command: ["bash", "-c", script] }, `call_${index}`),
  );
  const server = await startModelServer(t, [respond(...calls), respond(assistantMessage("done"))]);
  const { conversation, cwd, refusals } = await startWithCommands(t, {
    url: server.url,
    overrides: ['sandbox_mode="workspace-write"', ...overrides],
  });
  const messages = await runTurn(conversation, "go");
  const reasons = refusals.open.map(({ reason }) => reason);
  return { messages, outputs: outputsOf(server.requests[1]), cwd, refusals: reasons };
}

function outputText(output: unknown): string {
  assert.ok(typeof output === "object" && output !== null && "output" in output);
  return String(output.output);
}

function noticesIn(messages: readonly EventMsg[]): readonly string[] {
  return messages.flatMap((msg) => (msg.type === "background_event" ? [msg.message] : []));
}

test(
  "a protected place that a command makes is undone, and told to user and model",
  options,
  async (t) => {
    const { messages, outputs, cwd, refusals } = await runScripts(t, [
      "mkdir .codex && echo x > .codex/config.toml; echo ok > kept",
    ]);
    assert.ok(existsSync(join(cwd, "kept")));
    assert.ok(!existsSync(join(cwd, ".codex")));
    const words = `Protected place "${cwd}/.codex" was created by the command: undone`;
    assert.deepEqual(noticesIn(messages), [words]);
    assert.ok(outputText(outputs[0]).startsWith(`${words}\n`));
    assert.deepEqual(refusals, [words]);
  },
);

test("a root that grants nothing is told once, with the reason", options, async (t) => {
  const place = tempDir(t);
  mkdirSync(join(place, "inner"));
  symlinkSync("/usr", join(place, "inner", "link"));
  const roots = JSON.stringify([place, join(place, "inner", "link")]);
  const { messages, outputs } = await runScripts(
    t,
    ["true", "true"],
    [`sandbox_workspace_write.writable_roots=${roots}`],
  );
  const notices = noticesIn(messages);
  assert.equal(notices.length, 1, notices.join("\n"));
  assert.match(notices[0] ?? "", /inner\/link" is not writable: /u);
  const [first, second] = outputs.map((output) => JSON.stringify(output));
  assert.match(first ?? "", /is not writable: /u);
  assert.doesNotMatch(second ?? "", /is not writable/u);
});
