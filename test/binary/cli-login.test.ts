/** Storing, showing and removing an API key through the built executable. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { codexBinary, needsBinary } from "../support/codex-binary.ts";
import { run } from "../support/run.ts";
import { needsProgram } from "../support/skip-reasons.ts";
import { tempDir } from "../support/temp-dir.ts";

const options = { skip: needsBinary };
const KEY = "sk-test-1234567890abcdef";
const MASKED = "sk-test-***bcdef";
const TROUBLE = "codex: Cannot store the API key: expected one word of printable characters\n";
const EMPTY = "codex: Cannot store the API key: it is empty\n";

function home(t: TestContext) {
  const directory = tempDir(t);
  const env = { PATH: process.env["PATH"], HOME: directory };
  const codex = (words: readonly string[], stdin = "", more: NodeJS.ProcessEnv = {}) =>
    run([codexBinary, ...words], { cwd: directory, env: { ...env, ...more }, stdin });
  return { directory, file: join(directory, ".codex", "auth.json"), codex, env };
}

const ways: readonly (readonly [string, readonly string[], string])[] = [
  ["standard input", ["--api-key"], `${KEY}\n`],
  ["standard input, by -", ["--api-key", "-"], KEY],
  ["standard input, by --with-api-key", ["--with-api-key"], ` ${KEY}\r\n`],
  ["the argument", ["--api-key", KEY], ""],
  ["the argument after =", [`--api-key=${KEY}`], ""],
];

for (const [name, flags, stdin] of ways) {
  test(`a key from ${name} is stored`, options, async (t) => {
    const { codex, file, directory } = home(t);
    assert.deepEqual(await codex(["login", ...flags], stdin), {
      code: 0,
      signal: null,
      stdout: "",
      stderr: "Successfully logged in\n",
    });
    assert.equal(readFileSync(file, "utf8"), `{\n  "OPENAI_API_KEY": "${KEY}"\n}\n`);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(join(directory, ".codex")).mode & 0o777, 0o700);
  });
}

const empty: readonly (readonly [readonly string[], string])[] = [
  [["--api-key", ""], ""],
  [["--api-key="], ""],
  [["--api-key"], ""],
  [["--api-key"], " \n"],
  [["--with-api-key"], "two words"],
];

for (const [flags, stdin] of empty) {
  test(
    `login ${flags.join(" ")} with ${JSON.stringify(stdin)} stores nothing`,
    options,
    async (t) => {
      const { codex, file } = home(t);
      const { code, stderr } = await codex(["login", ...flags], stdin);
      const isEmpty = stdin.trim() === "";
      assert.deepEqual({ code, stderr }, { code: 1, stderr: isEmpty ? EMPTY : TROUBLE });
      assert.equal(existsSync(file), false);
    },
  );
}

test("signing in with ChatGPT is not supported, and says so", options, async (t) => {
  const { code, stdout, stderr } = await home(t).codex(["login"]);
  assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
  assert.match(stderr, /^codex: Signing in with ChatGPT is not supported in this build: .*\n$/);
});

test("status, logout, status", options, async (t) => {
  const { codex, file } = home(t);
  const status = async (env: NodeJS.ProcessEnv = {}) => {
    const { code, stderr } = await codex(["login", "status"], "", env);
    return [code, stderr];
  };
  assert.deepEqual(await status(), [1, "Not logged in\n"]);
  assert.deepEqual(await status({ OPENAI_API_KEY: KEY }), [
    0,
    `Logged in using an API key - ${MASKED}\nThe key is the one in OPENAI_API_KEY\n`,
  ]);
  await codex(["login", "--api-key"], KEY);
  assert.deepEqual(await status({ OPENAI_API_KEY: "sk-other-1234567890" }), [
    0,
    `Logged in using an API key - ${MASKED}\nThe key is the one in auth.json, which wins over OPENAI_API_KEY\n`,
  ]);
  chmodSync(file, 0o644);
  assert.match(String((await status())[1]), /^codex: "auth\.json" can be read by other users/);
  assert.deepEqual((await codex(["logout"])).stderr, "Successfully logged out\n");
  assert.equal(existsSync(file), false);
  assert.deepEqual(await codex(["logout"]), {
    code: 0,
    signal: null,
    stdout: "",
    stderr: "Not logged in\n",
  });
});

test("a broken auth.json is named, not shown", options, async (t) => {
  const { codex, file } = home(t);
  await codex(["login", "--api-key"], KEY);
  writeFileSync(file, `{"OPENAI_API_KEY": "${KEY}`);
  const { code, stderr } = await codex(["login", "status"]);
  assert.equal(code, 1);
  assert.equal(stderr, `codex: Cannot read "${file}": not valid JSON at line 1 column 45\n`);
});

test(
  "a key typed at a terminal is not shown",
  { skip: needsBinary || needsProgram("script") },
  async (t) => {
    const { codex, env, directory, file } = home(t);
    const words = ["-qec", `${codexBinary} login --api-key`, "/dev/null"];
    const child = spawn("script", words, { cwd: directory, env, timeout: 20_000 });
    let stdout = "";
    for await (const chunk of child.stdout.setEncoding("utf8")) {
      const hadPrompt = stdout.includes("while typing): ");
      stdout += String(chunk);
      // What is typed before the prompt would be shown by the terminal, not by us.
      if (!hadPrompt && stdout.includes("while typing): ")) child.stdin.write(`${KEY}\r`);
    }
    assert.doesNotMatch(stdout, /sk-test/);
    assert.ok(stdout.includes("Successfully logged in"), stdout);
    assert.match(readFileSync(file, "utf8"), /sk-test-1234567890abcdef/);
    assert.equal((await codex(["login", "status"])).code, 0);
  },
);

test("a home that cannot be written is told in words", options, async (t) => {
  const { codex } = home(t);
  const { code, stderr } = await codex(["login", "--api-key", KEY], "", { CODEX_HOME: "/proc" });
  const reason = /^codex: Cannot write "\/proc\/auth\.json": [a-z -]+\n$/u;
  assert.deepEqual([code, reason.test(stderr)], [1, true], stderr);
});
