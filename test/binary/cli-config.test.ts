/** Configuration through the built executable: `config check`, errors, layers, start-up times. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import * as fc from "fast-check";

import { codexBinary, needsBinary } from "../support/codex-binary.ts";
import { run, type RunResult } from "../support/run.ts";
import { tempDir } from "../support/temp-dir.ts";

const options = { skip: needsBinary };

interface Place {
  readonly home: string;
  readonly codexHome: string;
  readonly cwd: string;
}

function place(t: TestContext, toml?: string | Uint8Array): Place {
  const home = tempDir(t);
  const codexHome = join(home, ".codex");
  const cwd = join(home, "project");
  mkdirSync(codexHome);
  mkdirSync(cwd);
  if (toml !== undefined) writeFileSync(join(codexHome, "config.toml"), toml);
  return { home, codexHome, cwd };
}

function codex(at: Place, words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const whole = { PATH: process.env["PATH"], HOME: at.home, ...env };
  return run([codexBinary, ...words], { cwd: at.cwd, env: whole });
}

const TOML = `model = "from-file"
profile = "work"
approval_policy = "never"
modle = "x"
[profiles.work]
model = "from-profile"
model_reasoning_effort = "low"
[mcp_servers.s]
command = "server"
env = { TOKEN = "secret-value" }
`;

test("config check tells value, layer and place of every key", options, async (t) => {
  const at = place(t, TOML);
  const words = ["config", "check", "-c", "history.persistence=none", "-s", "workspace-write"];
  const { code, stdout, stderr } = await codex(at, words);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  const file = join(at.codexHome, "config.toml");
  const lines = stdout.split("\n").map((line) => line.trim().replace(/ {2,}/, "  "));
  for (const expected of [
    file,
    `model = "from-profile"  # profile: ${file}:6:1`,
    `approval_policy = "never"  # file: ${file}:3:1`,
    'sandbox_mode = "workspace-write"  # flag: --sandbox workspace-write',
    'history.persistence = "none"  # -c history.persistence=none',
    "project_doc_max_bytes = 32768  # default",
    `mcp_servers.s.env.TOKEN = (hidden)  # file: ${file}:10:9`,
    `warning: ${file}:4:1: modle: unknown key, ignored; did you mean "model"?`,
    "0 errors, 1 warning",
  ]) {
    assert.ok(lines.includes(expected), `${expected}\nis not in\n${lines.join("\n")}`);
  }
  assert.doesNotMatch(stdout, /secret-value/);
});

test("config check --json is for programs", options, async (t) => {
  const at = place(t, "model = 3\nmodle = 1\n");
  const { code, stdout } = await codex(at, ["config", "check", "--json"]);
  assert.equal(code, 1);
  const report: unknown = JSON.parse(stdout);
  assert.ok(typeof report === "object" && report !== null);
  const file = join(at.codexHome, "config.toml");
  assert.deepEqual(
    { ...report, settings: [] },
    {
      ok: false,
      codex_home: at.codexHome,
      file,
      file_exists: true,
      profile: null,
      settings: [],
      errors: [
        {
          message: `${file}:1:1: model: expected a string, found the number 3`,
          key: "model",
          complaint: "expected a string, found the number 3",
          file,
          line: 1,
          column: 1,
          argument: null,
        },
      ],
      warnings: [
        {
          message: `${file}:2:1: modle: unknown key, ignored; did you mean "model"?`,
          key: "modle",
          complaint: 'unknown key, ignored; did you mean "model"?',
          file,
          line: 2,
          column: 1,
          argument: null,
        },
      ],
    },
  );
});

test("config check without a file, with a broken one, and when strict", options, async (t) => {
  const none = await codex(place(t), ["config", "check"]);
  assert.equal(none.code, 0);
  assert.match(none.stdout, /config\.toml \(not there: defaults are in force\)\n/);
  const broken = await codex(place(t, "model = \n"), ["config", "check"]);
  assert.equal(broken.code, 1);
  assert.match(
    broken.stdout,
    /^error: .*config\.toml:1:9: not valid TOML: .*\n1 error, 0 warnings\n$/m,
  );
  const strict = await codex(place(t, "modle = 1\n"), ["config", "check", "--strict-config"]);
  assert.equal(strict.code, 1);
  assert.match(
    strict.stdout,
    /^error: .*config\.toml:1:1: modle: unknown key; did you mean "model"\?\n1 error, 0 warnings\n$/m,
  );
  const refused = await codex(place(t, "modle = 1\n"), ["exec", "--strict-config", "hello"]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /^codex: .*:1:1: modle: unknown key; did you mean "model"\?\n$/);
});

/** `exec` has codes of its own: 1 is a turn that failed. */
const COMMANDS: readonly (readonly [words: readonly string[], exitCode: number])[] = [
  [["exec", "hello"], 2],
  [["exec", "resume", "--last"], 2],
  [["proto"], 1],
  [["mcp"], 1],
  [["debug", "landlock", "true"], 1],
  [["login", "--with-api-key"], 1],
  [["login", "status"], 1],
  [["logout"], 1],
];

for (const [words, exitCode] of COMMANDS) {
  test(`codex ${words.join(" ")} stops at a broken configuration`, options, async (t) => {
    const at = place(t, 'model = "a"\nsandbox_mode = "read_only_"\n');
    const { code, stdout, stderr } = await codex(at, words);
    const key = 'sandbox_mode: expected "read-only", "workspace-write" or "danger-full-access"';
    assert.deepEqual(
      { code, stdout, stderr },
      {
        code: exitCode,
        stdout: "",
        stderr: `codex: ${at.codexHome}/config.toml:2:1: ${key}, found "read_only_"; did you mean "read-only"?\n`,
      },
    );
  });

  test(`codex ${words.join(" ")} stops at a bad -c`, options, async (t) => {
    const { code, stderr } = await codex(place(t), ["-c", "nonsense", ...words]);
    const message = "codex: -c nonsense: expected key=value, found no =\n";
    assert.deepEqual({ code, stderr }, { code: exitCode, stderr: message });
  });
}

test("a config.toml that is a link to no file is not taken for none", options, async (t) => {
  const at = place(t);
  symlinkSync("/nonexistent/config.toml", join(at.codexHome, "config.toml"));
  const message = `${at.codexHome}/config.toml: Cannot read: a link to no file\n`;
  for (const [words, exitCode] of COMMANDS) {
    const { code, stderr } = await codex(at, words);
    assert.deepEqual({ code, stderr }, { code: exitCode, stderr: `codex: ${message}` });
  }
  const check = await codex(at, ["config", "check"]);
  assert.equal(check.code, 1);
  assert.ok(check.stdout.includes(`error: ${message}`), check.stdout);
});

test(
  "a directory to work in that cannot be entered is named with the reason",
  options,
  async (t) => {
    const at = place(t);
    symlinkSync("loop", join(at.cwd, "loop"));
    writeFileSync(join(at.cwd, "file"), "");
    for (const [cd, reason] of [
      ["loop", "too many symbolic links"],
      ["file", "not a directory"],
      ["none", "no such directory"],
    ] as const) {
      const exec = await codex(at, ["exec", "-C", cd, "hello"]);
      const expected = { code: 2, stderr: `codex: --cd: "${cd}": ${reason}\n` };
      assert.deepEqual({ code: exec.code, stderr: exec.stderr }, expected);
      const debug = await codex(at, ["debug", "landlock", "-C", cd, "--", "true"]);
      const told = { code: 1, stderr: `codex: Cannot enter directory "${cd}": ${reason}\n` };
      assert.deepEqual({ code: debug.code, stderr: debug.stderr }, told);
    }
  },
);

test("help, version and completion need no configuration", options, async (t) => {
  const at = place(t, "broken = \n");
  for (const words of [["--help"], ["--version"], ["completion", "zsh"], ["exec", "--help"]]) {
    const { code, stderr } = await codex(at, words);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" }, words.join(" "));
  }
});

test("a CODEX_HOME that is not there is told; nothing is made", options, async (t) => {
  const at = place(t);
  const missing = join(at.home, "missing");
  const { code, stderr } = await codex(at, ["exec", "x"], { CODEX_HOME: missing });
  const message = `codex: Cannot use CODEX_HOME "${missing}": no such directory\n`;
  assert.deepEqual({ code, stderr }, { code: 2, stderr: message });
  assert.equal(existsSync(missing), false);
});

test("looking at things writes nothing", options, async (t) => {
  const home = tempDir(t);
  const at = { home, codexHome: join(home, ".codex"), cwd: home };
  for (const words of [["config", "check"], ["login", "status"], ["logout"], ["man"], ["help"]]) {
    await codex(at, words);
  }
  assert.deepEqual(readdirSync(home), []);
});

test("a hostile file or -c ends in one clear line", options, async (t) => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.string({ unit: "binary", maxLength: 80 }).map((text) => Buffer.from(text)),
    fc
      .constantFrom("a = [[[[", "[a.b.c", 'x = "\\u0000"', "model = 1", "\ufeffmodel = {")
      .map((text) => Buffer.from(text)),
  );
  const override = fc
    .string({ unit: "binary", maxLength: 20 })
    .filter((text) => !text.includes("\0") && text.isWellFormed());
  await fc.assert(
    fc.asyncProperty(bytes, override, async (toml, text) => {
      const at = place(t, toml);
      checkEnd(await codex(at, ["debug", "landlock", "-c", text, "--", "true"]));
      checkEnd(await codex(at, ["config", "check", `--config=${text}`, "--json"]));
    }),
    { numRuns: 20 },
  );
});

function checkEnd({ code, signal, stderr }: RunResult): void {
  assert.equal(signal, null);
  assert.ok(code === 0 || code === 1 || code === 2, `exit code ${code}: ${stderr}`);
  assert.doesNotMatch(stderr, /\n\s+at |[^\P{Cc}\n]/u);
  for (const line of stderr.split("\n").slice(0, -1)) assert.match(line, /^(?:codex|For help): /);
}
