/** `codex exec` without a provider far away: a local server, a recording, the demo. */
import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  jsonLines,
  lineChecker,
  needsExec,
  runExec,
  setUpExec,
} from "../exec-mode/exec-harness.ts";
import { codexBinary } from "../support/codex-binary.ts";
import {
  assistantMessage,
  type ReceivedRequest,
  respond,
  respondChat,
  type ServerAnswer,
} from "../support/model-server.ts";
import { run } from "../support/run.ts";
import { tempDir } from "../support/temp-dir.ts";

const options = { skip: needsExec, timeout: 60_000 };

function localServer(models: readonly string[]): ServerAnswer {
  const answer = ({ path }: ReceivedRequest): ServerAnswer =>
    path.endsWith("/models")
      ? { status: 200, body: { object: "list", data: models.map((id) => ({ id })) } }
      : respondChat({ content: "done" });
  return answer;
}

test(
  "--oss asks the local server for the model under the name it has there",
  options,
  async (t) => {
    const setup = await setUpExec(t, [localServer(["other", "openai/gpt-oss-20b"])]);
    const env = { ...setup.env, CODEX_OSS_BASE_URL: setup.server.url };
    const { code, stdout } = await runExec({ ...setup, env }, ["--oss", "hi"]);
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "done\n" });
    const [models, chat] = setup.server.requests;
    assert.deepEqual([models?.path, chat?.path], ["/v1/models", "/v1/chat/completions"]);
    assert.equal(chat?.headers.authorization, undefined);
    assert.match(JSON.stringify(chat?.body), /"model":"openai\/gpt-oss-20b"/u);
  },
);

test("--oss says which models there are when the wanted one is missing", options, async (t) => {
  const setup = await setUpExec(t, [localServer(["llama3:latest", "qwen"])]);
  const env = { ...setup.env, CODEX_OSS_BASE_URL: setup.server.url };
  const { code, stdout, stderr } = await runExec({ ...setup, env }, ["--oss", "hi"]);
  assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
  assert.match(
    stderr,
    /^codex: No local server has model "gpt-oss:20b": .* has llama3:latest, qwen\. /u,
  );
  assert.match(stderr, /ollama pull gpt-oss:20b/u);
  assert.equal(stderr.split("\n").length, 2, "one line");
  const chosen = await runExec({ ...setup, env }, ["--oss", "-m", "llama3", "hi"]);
  assert.equal(chosen.code, 0);
});

test("--oss without a local server says how to get one", options, async (t) => {
  const setup = await setUpExec(t, [respond(assistantMessage("no"))]);
  const env = { ...setup.env, CODEX_OSS_BASE_URL: "http://127.0.0.1:9/v1" };
  const { code, stderr } = await runExec({ ...setup, env }, ["--oss", "hi"]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /"http:\/\/127\.0\.0\.1:9\/v1" does not answer \(ECONNREFUSED\)\. Start Ollama/u,
  );
  assert.equal(setup.server.requests.length, 0);
});

test(
  "the demo: a whole turn, with no key, no network, and nothing left behind",
  options,
  async (t) => {
    const temporary = tempDir(t);
    const env = {
      PATH: process.env["PATH"],
      HOME: temporary,
      TMPDIR: temporary,
      http_proxy: "http://127.0.0.1:9",
    };
    const { code, stdout, stderr } = await run([codexBinary, "demo"], { cwd: "/", env });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\S/u);
    for (const words of [
      /recording/iu, // labelled
      /exec bash -c .ls -l /u, // looks
      /Read-only file system|Permission denied/u, // is refused
      /apply_patch\(auto_approved=true\) exited 0/u, // patches
      /Hello, /u, // runs
    ]) {
      assert.match(stderr, words);
    }
    assert.deepEqual(readdirSync(temporary), []);
  },
);

test("the demo without a place for its workspace says so", options, async (t) => {
  const env = { PATH: process.env["PATH"], HOME: tempDir(t), TMPDIR: "/no/such/directory" };
  const { code, stderr } = await run([codexBinary, "demo"], { cwd: "/", env });
  const reason = "no such file or directory";
  const sentence = `codex: Cannot make a workspace in "/no/such/directory": ${reason}\n`;
  assert.deepEqual([code, stderr], [1, sentence]);
});

test("the demo as JSON lines keeps to the schema", options, async (t) => {
  const temporary = tempDir(t);
  const env = { PATH: process.env["PATH"], HOME: temporary, TMPDIR: temporary };
  const { code, stdout } = await run([codexBinary, "demo", "--json"], { cwd: "/", env });
  assert.equal(code, 0);
  const check = await lineChecker();
  for (const line of jsonLines(stdout)) assert.equal(check(line), undefined);
  assert.ok(check({}) !== undefined && check({ id: "0", msg: { type: "surprise" } }) !== undefined);
});

test("a recording that is none is refused with the number of its line", options, async (t) => {
  const setup = await setUpExec(t, [respond(assistantMessage("no"))]);
  const file = join(setup.cwd, "bad.jsonl");
  writeFileSync(file, '{"recording":1,"wire_api":"responses"}\n{"events":7}\n');
  const { code, stderr } = await runExec(setup, ["--replay", file, "hi"]);
  assert.equal(code, 2);
  assert.match(stderr, /^codex: Cannot replay ".*bad\.jsonl": line 2: .*\n$/u);
  for (const [flag, path, problem] of [
    ["--replay", ".", "it is a directory"],
    ["--replay", "missing", "no such file or directory"],
    ["--record", "missing/file", "no such file or directory"],
  ] as const) {
    const unusable = await runExec(setup, [flag, path, "hi"]);
    const message = `codex: Cannot ${flag === "--replay" ? "replay" : "record to"} "${path}": ${problem}\n`;
    assert.deepEqual([unusable.code, unusable.stderr], [2, message]);
  }
});
