/** Command lines that are wrong, and output that nobody reads, through the built executable. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { codexBinary, needsBinary } from "../support/codex-binary.ts";
import { run } from "../support/run.ts";
import { tempDir } from "../support/temp-dir.ts";

const options = { skip: needsBinary };

const wrong: readonly (readonly [string, string, string])[] = [
  ["exce hello", 'Unknown command "exce"; did you mean "exec"?', ""],
  ["exce", 'Unknown command "exce"; did you mean "exec"? For a prompt: codex -- exce', ""],
  ["exec --jsno x", 'Unknown option "--jsno" for "codex exec"; did you mean "--json"?', " exec"],
  ["debug landlock", 'Missing argument COMMAND for "codex debug landlock"', " debug landlock"],
  ["debug", '"codex debug" needs a command: landlock, seatbelt', " debug"],
  [
    "-s readonly exec x",
    'Option "-s, --sandbox <MODE>": expected one of read-only, workspace-write, danger-full-access, found "readonly"; did you mean "read-only"?',
    "",
  ],
  ["-m x logout", 'Option "--model" has no meaning for "codex logout"', " logout"],
  ["generate-ts", 'Missing option "--out <DIR>"', " generate-ts"],
];

for (const [line, message, path] of wrong) {
  test(`codex ${line}: exit code 2`, options, async (t) => {
    assert.deepEqual(await run([codexBinary, ...line.split(" ")], { cwd: tempDir(t) }), {
      code: 2,
      signal: null,
      stdout: "",
      stderr: `codex: ${message}\nFor help: codex${path} --help\n`,
    });
  });
}

test("without a terminal there is no session", options, async (t) => {
  const { code, stdout, stderr } = await run([codexBinary, "hello"], { cwd: tempDir(t) });
  assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
  assert.match(stderr, /^codex: Cannot start a session: .*"codex exec PROMPT".*\n$/);
});

test("apply belongs to ChatGPT accounts", options, async (t) => {
  const { code, stderr } = await run([codexBinary, "apply", "task"], { cwd: tempDir(t) });
  assert.equal(code, 1);
  assert.match(stderr, /^codex: Cannot fetch the task: Signing in with ChatGPT is not supported/);
});

test("a reader that goes away early is no failure", options, async (t) => {
  const script = `"$0" completion zsh | true; exit "\${PIPESTATUS[0]}"`;
  const { code, stderr } = await run(["bash", "--norc", "-c", script, codexBinary], {
    cwd: tempDir(t),
  });
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
});

test("output that does not fit on a full disk is told in words", options, async (t) => {
  for (const words of [
    "--version",
    "--help",
    "completion zsh",
    "man",
    "exec --print-schema",
    "proto",
  ]) {
    const script = `"$0" ${words} >/dev/full`;
    const cwd = tempDir(t);
    const env = { PATH: process.env["PATH"], HOME: cwd };
    const { code, stderr } = await run(["sh", "-c", script, codexBinary], { cwd, env });
    const message = "codex: Cannot write to standard output: no space left on the device\n";
    assert.deepEqual({ code, stderr }, { code: 1, stderr: message }, words);
  }
});

for (const [command, protocolVersion] of [
  ["mcp", "2025-03-26"],
  ["acp", 1],
] as const) {
  test(`answers of ${command} that do not fit are told in words`, options, async (t) => {
    const clientInfo = { name: "test", version: "1" };
    const params = { protocolVersion, capabilities: {}, clientInfo };
    const request = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params });
    const cwd = tempDir(t);
    const env = { PATH: process.env["PATH"], HOME: cwd, REQUEST: request };
    const answer = `printf '%s\\n' "$REQUEST" | "$0" ${command}`;
    const fits = await run(["sh", "-c", answer, codexBinary], { cwd, env });
    assert.equal(fits.code, 0);
    assert.match(fits.stdout, /"id":1/u);
    const lost = await run(["sh", "-c", `${answer} >/dev/full`, codexBinary], { cwd, env });
    const message = "codex: Cannot write to standard output: no space left on the device\n";
    assert.deepEqual({ code: lost.code, stderr: lost.stderr }, { code: 1, stderr: message });
  });
}

test("long output arrives whole through a slow pipe", options, async (t) => {
  const whole = await run([codexBinary, "completion", "zsh"], { cwd: tempDir(t) });
  const script = `"$0" completion zsh | { sleep 0.2; cat; }`;
  const slow = await run(["bash", "--norc", "-c", script, codexBinary], { cwd: tempDir(t) });
  assert.equal(slow.stdout, whole.stdout);
});

test("what exec complains about cannot drive the terminal", { skip: needsBinary }, async () => {
  const words = ["exec", "--output-last-message", "/no\u001b[2J/file", "hello"];
  const { code, stderr } = await run([codexBinary, ...words]);
  assert.equal(code, 2);
  assert.equal(stderr, 'codex: Cannot write "/no\u241b[2J/file": no such directory\n');
});
