/** Every key of config.toml: a good value, a wrong type, an unknown value, a misspelled name. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";

import {
  configTomlShape,
  historyTomlShape,
  mcpServerTomlShape,
  modelProviderTomlShape,
  profileTomlShape,
  projectTomlShape,
  sandboxTomlShape,
  shellEnvironmentPolicyTomlShape,
  tuiTomlShape,
  workspaceWriteTomlShape,
} from "../../src/config/config-toml.ts";
import * as fc from "fast-check";

import { decodeConfig } from "../../src/config/decode-config.ts";
import { parseTomlFile } from "../../src/config/parse-toml.ts";
import { isPlainConfig } from "../../src/config/plain-config.ts";
import { copyTable, type TomlTable, type TomlValue } from "../../src/config/toml-value.ts";
import { ConfigError, formatProblem } from "../../src/config/config-error.ts";
import { loadSettings } from "../../src/config/load-settings.ts";

interface KeyRow {
  readonly key: string;
  readonly good: unknown;
  readonly wrong: unknown;
  /** The words after "expected" and "found", for the wrong value. */
  readonly complaint: string;
  /** A string that is none of the allowed ones, with its complaint. */
  readonly unknown?: readonly [value: string, complaint: string];
}

const TEXT = { wrong: 3, complaint: "expected a string, found the number 3" };
const FLAG = { wrong: "yes", complaint: 'expected true or false, found "yes"' };
const COUNT = { wrong: -1, complaint: "expected a whole number, 0 or more, found the number -1" };
const TIME = {
  wrong: 0,
  complaint: "expected a number of seconds, more than 0, found the number 0",
};
const TEXTS = { wrong: "a", complaint: 'expected an array, found "a"' };
const TABLE = { wrong: true, complaint: "expected a table, found true" };

function choice(good: string, near: string, ...all: readonly string[]) {
  const quoted = all.map((value) => `"${value}"`);
  const expected = `expected ${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
  const hint = `${expected}, found "${near}"; did you mean "${good}"?`;
  return {
    good,
    wrong: 1,
    complaint: `${expected}, found the number 1`,
    unknown: [near, hint],
  } as const;
}

const MODES = ["read-only", "workspace-write", "danger-full-access"] as const;
const APPROVALS = ["untrusted", "on-failure", "on-request", "never"] as const;
const EFFORTS = ["minimal", "low", "medium", "high"] as const;
const SUMMARIES = ["auto", "concise", "detailed", "none"] as const;
const EDITORS = ["vscode", "vscode-insiders", "windsurf", "cursor", "none"] as const;

const profileRows: readonly KeyRow[] = [
  { key: "model", good: "o3", ...TEXT },
  { key: "model_provider", good: "openai", ...TEXT },
  { key: "approval_policy", ...choice("on-request", "on-requets", ...APPROVALS) },
  { key: "disable_response_storage", good: true, ...FLAG },
  { key: "model_reasoning_effort", ...choice("minimal", "minimum", ...EFFORTS) },
  { key: "model_reasoning_summary", ...choice("concise", "consise", ...SUMMARIES) },
  { key: "chatgpt_base_url", good: "https://example.org", ...TEXT },
  { key: "experimental_instructions_file", good: "a.md", ...TEXT },
];

const rows: readonly KeyRow[] = [
  ...profileRows,
  { key: "model_context_window", good: 1000, ...COUNT },
  { key: "model_max_output_tokens", good: 1000, ...COUNT },
  { key: "model_supports_reasoning_summaries", good: true, ...FLAG },
  { key: "sandbox_mode", ...choice("workspace-write", "workspace_write_", ...MODES) },
  { key: "sandbox_workspace_write", good: {}, ...TABLE },
  { key: "sandbox", good: {}, ...TABLE },
  { key: "shell_environment_policy", good: {}, ...TABLE },
  { key: "notify", good: ["program", "argument"], ...TEXTS },
  { key: "instructions", good: "be nice", ...TEXT },
  { key: "mcp_servers", good: {}, ...TABLE },
  { key: "model_providers", good: {}, ...TABLE },
  { key: "project_doc_max_bytes", good: 0, ...COUNT },
  { key: "profile", good: "p", ...TEXT },
  { key: "profiles", good: { p: {} }, ...TABLE },
  { key: "history", good: {}, ...TABLE },
  { key: "file_opener", ...choice("windsurf", "windsurv", ...EDITORS) },
  { key: "tui", good: {}, ...TABLE },
  { key: "hide_agent_reasoning", good: true, ...FLAG },
  { key: "show_raw_agent_reasoning", good: true, ...FLAG },
  { key: "experimental_resume", good: "/a/rollout.jsonl", ...TEXT },
  { key: "responses_originator_header_internal_override", good: "mine", ...TEXT },
  { key: "projects", good: { "/a": {} }, ...TABLE },
  { key: "preferred_auth_method", ...choice("apikey", "apikeys", "chatgpt", "apikey") },
];

const tables: readonly {
  readonly path: readonly string[];
  readonly shape: object;
  readonly rows: readonly KeyRow[];
  /** What the table needs besides the key under test. */
  readonly required?: Readonly<Record<string, unknown>>;
}[] = [
  { path: [], shape: configTomlShape, rows },
  { path: ["profiles", "p"], shape: profileTomlShape, rows: profileRows },
  {
    path: ["sandbox_workspace_write"],
    shape: workspaceWriteTomlShape,
    rows: [
      { key: "writable_roots", good: ["/tmp"], ...TEXTS },
      { key: "network_access", good: true, ...FLAG },
      { key: "exclude_tmpdir_env_var", good: true, ...FLAG },
      { key: "exclude_slash_tmp", good: true, ...FLAG },
    ],
  },
  {
    path: ["sandbox"],
    shape: sandboxTomlShape,
    rows: [
      { key: "mode", ...choice("read-only", "read_onyl", ...MODES) },
      { key: "writable_roots", good: ["/tmp"], ...TEXTS },
      { key: "network_access", good: true, ...FLAG },
    ],
  },
  {
    path: ["shell_environment_policy"],
    shape: shellEnvironmentPolicyTomlShape,
    rows: [
      { key: "inherit", ...choice("core", "cor", "core", "all", "none") },
      { key: "ignore_default_excludes", good: true, ...FLAG },
      { key: "exclude", good: ["A*"], ...TEXTS },
      { key: "set", good: { A: "1" }, ...TABLE },
      { key: "include_only", good: ["P?TH"], ...TEXTS },
      { key: "experimental_use_profile", good: true, ...FLAG },
    ],
  },
  {
    path: ["mcp_servers", "s"],
    shape: mcpServerTomlShape,
    rows: [
      { key: "command", good: "c", ...TEXT },
      { key: "args", good: ["a"], ...TEXTS },
      { key: "env", good: { A: "1" }, ...TABLE },
      { key: "cwd", good: "/tmp", ...TEXT },
      { key: "url", good: "https://example.org/mcp", ...TEXT },
      { key: "bearer_token_env_var", good: "TOKEN", ...TEXT },
      { key: "http_headers", good: { a: "b" }, ...TABLE },
      { key: "env_http_headers", good: { a: "B" }, ...TABLE },
      { key: "startup_timeout_sec", good: 0.5, ...TIME },
      { key: "tool_timeout_sec", good: 90, ...TIME },
      { key: "enabled", good: false, ...FLAG },
      { key: "enabled_tools", good: ["a"], ...TEXTS },
      { key: "disabled_tools", good: ["a"], ...TEXTS },
    ],
  },
  {
    path: ["model_providers", "x"],
    shape: modelProviderTomlShape,
    required: { name: "X" },
    rows: [
      { key: "name", good: "X", ...TEXT },
      { key: "base_url", good: "https://example.org/v1", ...TEXT },
      { key: "env_key", good: "KEY", ...TEXT },
      { key: "env_key_instructions", good: "ask", ...TEXT },
      { key: "wire_api", ...choice("responses", "response", "responses", "chat") },
      { key: "query_params", good: { a: "b" }, ...TABLE },
      { key: "http_headers", good: { a: "b" }, ...TABLE },
      { key: "env_http_headers", good: { a: "B" }, ...TABLE },
      { key: "request_max_retries", good: 1, ...COUNT },
      { key: "stream_max_retries", good: 1, ...COUNT },
      { key: "stream_idle_timeout_ms", good: 1, ...COUNT },
      { key: "requires_openai_auth", good: true, ...FLAG },
    ],
  },
  {
    path: ["projects", "/a.b"],
    shape: projectTomlShape,
    rows: [{ key: "trust_level", good: "trusted", ...TEXT }],
  },
  {
    path: ["history"],
    shape: historyTomlShape,
    rows: [
      {
        key: "persistence",
        ...choice("save-all", "save_all_", "save-all", "none"),
      },
      { key: "max_bytes", good: 1, ...COUNT },
    ],
  },
  {
    path: ["tui"],
    shape: tuiTomlShape,
    rows: [
      {
        key: "notifications",
        good: ["agent-turn-complete"],
        wrong: 1,
        complaint: "expected true or false or an array, found the number 1",
      },
      { key: "animations", good: false, ...FLAG },
      { key: "screen_reader", good: true, ...FLAG },
      { key: "theme", good: "dark", ...TEXT },
    ],
  },
];

for (const { path, shape, rows: keyRows, required } of tables) {
  const name = path.length === 0 ? "the top level" : path.join(".");
  suite(name, () => {
    test("the table of tests has every key", () => {
      assert.deepEqual(keyRows.map(({ key }) => key).toSorted(), Object.keys(shape).toSorted());
    });
    for (const row of keyRows) keyTests(path, row, required ?? {});
  });
}

function keyTests(
  path: readonly string[],
  { key, good, wrong, complaint, unknown }: KeyRow,
  required: Readonly<Record<string, unknown>>,
): void {
  const others = Object.entries(required).filter(([name]) => name !== key);
  const written = (name: string, value: unknown) => document(path, [...others, [name, value]]);
  const place = (name: string, before = others.length) =>
    `/home/config.toml:${before + (path.length === 0 ? 1 : 2)}:1: ${tomlKey([...path, name])}`;

  test(`${key}: a good value`, async () => {
    const { toml, warnings } = await load(written(key, good));
    assert.deepEqual(warnings, []);
    assert.equal(JSON.stringify(valueAt(toml, [...path, key])), JSON.stringify(good));
    assert.equal(isPlain(written(key, good)), true);
  });

  test(`${key}: a wrong type`, async () => {
    const message = `${place(key)}: ${complaint}`;
    await assert.rejects(load(written(key, wrong)), { name: "ConfigError", message });
    assert.equal(isPlain(written(key, wrong)), false);
  });

  test(`${key}: a misspelled name`, async () => {
    const all = Object.entries(required);
    const text = document(path, [...all, [`${key}q`, good]]);
    const { warnings } = await load(text);
    assert.equal(isPlain(text), false);
    assert.deepEqual(warnings.map(formatProblem), [
      `${place(`${key}q`, all.length)}: unknown key, ignored; did you mean "${key}"?`,
    ]);
  });

  if (unknown === undefined) return;
  test(`${key}: an unknown value`, async () => {
    const [value, hint] = unknown;
    const message = `${place(key)}: ${hint}`;
    await assert.rejects(load(written(key, value)), { name: "ConfigError", message });
    assert.equal(isPlain(written(key, value)), false);
  });
}

test("a required key that is missing is named, at the place of its table", async () => {
  await assert.rejects(load('model = "o3"\n[model_providers.a]\nenv_key = "A"\n'), {
    message: "/home/config.toml:2:18: model_providers.a.name: required, but not set",
  });
});

test("all problems are kept, in the order of the file, and the first is told", async () => {
  const text = 'profile = "p"\n[profiles.p]\nmodel = 3\n[history]\nmax_bytes = "x"\n';
  await assert.rejects(load(text), (error: unknown) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(error.problems.map(formatProblem), [
      "/home/config.toml:3:1: profiles.p.model: expected a string, found the number 3",
      '/home/config.toml:5:1: history.max_bytes: expected a whole number, 0 or more, found "x"',
    ]);
    assert.match(error.message, /found the number 3 \(and 1 more, see "codex config check"\)$/);
    return true;
  });
});

test("keys of later versions are told to have no effect, and are no unknown keys", async () => {
  const { warnings } = await load('model_verbosity = "low"\n[tools]\nweb_search = true\n');
  assert.deepEqual(
    warnings.map(({ complaint: text, isUnknownKey }) => [text, isUnknownKey]),
    [
      ["has no effect in this version", false],
      ["has no effect in this version", false],
    ],
  );
});

const elsewhere: readonly (readonly [string, string])[] = [
  ["[history]\nsandbox_mode = 1\n", 'unknown key, ignored; did you mean "sandbox_mode"?'],
  ["network_access = 1\n", 'unknown key, ignored; did you mean "sandbox.network_access"?'],
  ["zzzzzz = 1\n", "unknown key, ignored"],
  [
    '[profiles.p]\nsandbox_mode = "read-only"\n',
    'profiles cannot set it, ignored; set "sandbox_mode" at the top level',
  ],
];

for (const [text, hint] of elsewhere) {
  test(`a key in the wrong place: ${JSON.stringify(text)}`, async () => {
    const { warnings } = await load(text);
    assert.deepEqual(
      warnings.map(({ complaint }) => complaint),
      [hint],
    );
  });
}

test("the permissions of old are an error that tells what to write", async () => {
  await assert.rejects(load('sandbox_permissions = ["disk-full-read-access"]\n'), {
    message:
      "/home/config.toml:1:1: sandbox_permissions: no longer exists: use sandbox_mode = " +
      '"read-only", "workspace-write" or "danger-full-access", with writable_roots and ' +
      "network_access in [sandbox_workspace_write]",
  });
});

test("variables that no program could be given are refused, without their values", async () => {
  const text = String.raw`shell_environment_policy.set = { "a=b" = "x", c = "secret\u0000" }`;
  await assert.rejects(load(text), (error: unknown) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(
      error.problems.map(({ complaint }) => complaint),
      ['expected a name without "=" and zero bytes', "expected a text without zero bytes"],
    );
    return true;
  });
});

/** Anything that the quick check takes and the schemas do not would be unchecked. */
test("whatever the quick check takes, the schemas take", () => {
  const scalar = fc.constantFrom<TomlValue>(1, -1, 1.5, true, "", "a=b", "core", "never", "\0");
  const inner = fc.constantFrom(
    ...new Set(tables.flatMap(({ rows: keyRows }) => keyRows.map(({ key }) => key))),
    "x",
    "",
  );
  const { document: documents } = fc.letrec<{ document: TomlTable; value: TomlValue }>((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(scalar, { maxLength: 2 }), tie("document")),
    document: fc.dictionary(inner, tie("value"), { maxKeys: 3 }),
  }));
  let taken = 0;
  fc.assert(
    fc.property(documents, (made) => {
      if (!isPlainConfig(copyTable(made))) return;
      taken += 1;
      const { errors, warnings } = decodeConfig(copyTable(made));
      assert.deepEqual({ errors, warnings }, { errors: [], warnings: [] });
    }),
    { numRuns: 5000 },
  );
  assert.ok(taken > 50, `${taken} documents were taken`);
});

function isPlain(text: string): boolean {
  return isPlainConfig(parseTomlFile(text, "config.toml"));
}

function load(text: string) {
  return loadSettings({ file: "/home/config.toml", text }, [], {});
}

function document(
  path: readonly string[],
  entries: readonly (readonly [string, unknown])[],
): string {
  const header = path.length === 0 ? "" : `[${tomlKey(path)}]\n`;
  const lines = entries.map(([name, value]) => `${name} = ${tomlValue(value)}\n`);
  // A profile that is named has to exist.
  const profile = path.length === 0 && entries.some(([name]) => name === "profile");
  return `${header}${lines.join("")}${profile ? "[profiles.p]\n" : ""}`;
}

function tomlKey(path: readonly string[]): string {
  return path.map((part) => (/^\w+$/.test(part) ? part : `"${part}"`)).join(".");
}

function tomlValue(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return JSON.stringify(value);
  }
  const members = Object.entries(value).map(([name, inner]) => `"${name}" = ${tomlValue(inner)}`);
  return `{ ${members.join(", ")} }`;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const name of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = Reflect.get(current, name);
  }
  return current;
}
