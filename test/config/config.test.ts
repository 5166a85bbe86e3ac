import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";

import * as fc from "fast-check";

import { ConfigError } from "../../src/config/config-error.ts";
import { type ConfigFlags, loadConfig } from "../../src/config/config.ts";
import { overridesFromJson } from "../../src/config/overrides.ts";
import { loadSandboxConfig } from "../../src/config/sandbox-config.ts";
import { tempDir } from "../support/temp-dir.ts";

interface Run {
  readonly toml?: string | Uint8Array;
  readonly overrides?: readonly string[];
  readonly flags?: ConfigFlags;
  readonly env?: Readonly<Record<string, string>>;
  readonly isStrict?: boolean;
}

interface Places {
  readonly codexHome: string;
  readonly cwd: string;
  readonly home: string;
}

function places(t: TestContext): Places {
  const home = tempDir(t);
  const codexHome = join(home, ".codex");
  const cwd = join(home, "project");
  mkdirSync(codexHome);
  mkdirSync(cwd);
  return { codexHome, cwd, home };
}

function loadAt(at: Places, run: Run) {
  if (run.toml !== undefined) writeFileSync(join(at.codexHome, "config.toml"), run.toml);
  return loadConfig({
    ...at,
    env: run.env ?? {},
    overrides: run.overrides ?? [],
    flags: run.flags ?? {},
    isStrict: run.isStrict ?? false,
  });
}

const PROFILES = `
model = "file"
profile = "first"
[profiles.first]
model = "first"
[profiles.second]
model = "second"
approval_policy = "never"
`;

suite("which layer wins", () => {
  const cases: readonly (readonly [string, Run, string])[] = [
    ["the default", {}, "gpt-5"],
    ["the file over the default", { toml: 'model = "file"' }, "file"],
    ["the profile over the file", { toml: PROFILES }, "first"],
    ["the profile of -c", { toml: PROFILES, overrides: ["profile=second"] }, "second"],
    ["the profile of the flag", { toml: PROFILES, flags: { profile: "second" } }, "second"],
    [
      "the profile of the flag over that of -c",
      { toml: PROFILES, overrides: ["profile=second"], flags: { profile: "first" } },
      "first",
    ],
    ["-c over the profile", { toml: PROFILES, overrides: ["model=override"] }, "override"],
    ["the last -c", { overrides: ["model=a", "model=b"] }, "b"],
    ["-c into the profile", { toml: PROFILES, overrides: ["profiles.first.model=x"] }, "x"],
    [
      "the flag over -c",
      { toml: PROFILES, overrides: ["model=override"], flags: { model: "flag" } },
      "flag",
    ],
    ["the model of --oss", { toml: PROFILES, flags: { oss: true } }, "gpt-oss:20b"],
    ["the flag over --oss", { flags: { oss: true, model: "gpt-oss:120b" } }, "gpt-oss:120b"],
  ];
  for (const [name, run, model] of cases) {
    test(name, async (t) => {
      assert.equal((await loadAt(places(t), run)).model, model);
    });
  }

  test("a table of -c replaces the table, a dotted key only itself", async (t) => {
    const toml = '[history]\npersistence = "none"\nmax_bytes = 7\n';
    const at = places(t);
    const dotted = await loadAt(at, { toml, overrides: ["history.max_bytes=8"] });
    assert.deepEqual(dotted.history, { persistence: "none", maxBytes: 8 });
    const whole = await loadAt(at, { toml, overrides: ["history={max_bytes=8}"] });
    assert.deepEqual(whole.history, { persistence: "save-all", maxBytes: 8 });
  });

  test("a client's settings count like -c", async (t) => {
    const config = await loadConfig({
      ...places(t),
      env: {},
      overrides: overridesFromJson({ model: "o3", "history.persistence": "none" }),
    });
    assert.deepEqual([config.model, config.history.persistence], ["o3", "none"]);
  });

  test("the environment is no layer", async (t) => {
    const env = { CODEX_MODEL: "x", MODEL: "x", CODEX_SANDBOX_MODE: "danger-full-access" };
    const config = await loadAt(places(t), { env });
    assert.deepEqual([config.model, config.sandboxPolicy.mode], ["gpt-5", "read-only"]);
  });
});

const WORKSPACE_WRITE = {
  mode: "workspace-write",
  writable_roots: [],
  network_access: false,
  exclude_tmpdir_env_var: false,
  exclude_slash_tmp: false,
} as const;
const READ_ONLY = { mode: "read-only" } as const;
const DANGER = { mode: "danger-full-access" } as const;

suite("the sandbox", () => {
  const cases: readonly (readonly [string, Run, object])[] = [
    ["the default", {}, READ_ONLY],
    ["sandbox_mode", { toml: 'sandbox_mode = "workspace-write"' }, WORKSPACE_WRITE],
    ["danger", { toml: 'sandbox_mode = "danger-full-access"' }, DANGER],
    [
      "the table of the older form",
      { toml: '[sandbox]\nmode = "workspace-write"' },
      WORKSPACE_WRITE,
    ],
    [
      "the older form with its settings",
      {
        toml: '[sandbox]\nmode = "workspace-write"\nnetwork_access = true\nwritable_roots = ["/"]',
      },
      { ...WORKSPACE_WRITE, network_access: true, writable_roots: ["/"] },
    ],
    [
      "both forms: sandbox_mode wins",
      { toml: 'sandbox_mode = "read-only"\n[sandbox]\nmode = "danger-full-access"' },
      READ_ONLY,
    ],
    [
      "both forms: network_access of the newer one wins",
      {
        toml:
          'sandbox_mode = "workspace-write"\n[sandbox]\nnetwork_access = true\n' +
          "[sandbox_workspace_write]\nnetwork_access = false",
      },
      WORKSPACE_WRITE,
    ],
    [
      "both forms: -c wins over the file, whatever its form",
      { toml: 'sandbox_mode = "danger-full-access"', overrides: ["sandbox.mode=read-only"] },
      READ_ONLY,
    ],
    [
      "the flag",
      { toml: 'sandbox_mode = "danger-full-access"', flags: { sandboxMode: "workspace-write" } },
      WORKSPACE_WRITE,
    ],
    [
      "the flag takes the settings of the file",
      {
        toml: "[sandbox_workspace_write]\nexclude_slash_tmp = true\nexclude_tmpdir_env_var = true\n",
        flags: { sandboxMode: "workspace-write" },
      },
      { ...WORKSPACE_WRITE, exclude_slash_tmp: true, exclude_tmpdir_env_var: true },
    ],
    [
      "a profile cannot set it",
      {
        toml: 'profile = "p"\n[profiles.p]\nsandbox_mode = "danger-full-access"',
      },
      READ_ONLY,
    ],
  ];
  for (const [name, run, policy] of cases) {
    test(name, async (t) => {
      const at = places(t);
      const config = await loadAt(at, run);
      assert.deepEqual(config.sandboxPolicy, policy);
      const narrow = await loadSandboxConfig({
        ...at,
        overrides: run.overrides ?? [],
        sandboxMode: run.flags?.sandboxMode,
      });
      assert.deepEqual(narrow, {
        sandboxPolicy: config.sandboxPolicy,
        shellEnvironmentPolicy: config.shellEnvironmentPolicy,
        warnings: config.warnings,
      });
    });
  }

  test("both forms give a warning", async (t) => {
    const toml = 'sandbox_mode = "read-only"\n[sandbox]\nmode = "read-only"';
    const { warnings, codexHome } = await loadAt(places(t), { toml });
    assert.deepEqual(warnings, [
      `${codexHome}/config.toml:2:2: sandbox: sandbox_mode is set as well, and wins where both say something`,
    ]);
  });

  test("roots: ~ is the home, relative ones start at the file, missing ones are left out", async (t) => {
    const at = places(t);
    mkdirSync(join(at.codexHome, "beside"));
    mkdirSync(join(at.home, "in-home"));
    const roots = [
      "~",
      "~/in-home",
      "beside",
      "/usr/../usr",
      "/no/such/dir",
      "project",
      "a\\u0000",
    ];
    const written = roots.map((root) => `"${root}"`).join(", ");
    const toml = `sandbox_mode = "workspace-write"\n[sandbox_workspace_write]\nwritable_roots = [${written}]`;
    const { sandboxPolicy, warnings } = await loadAt(at, { toml });
    assert.deepEqual(sandboxPolicy, {
      ...WORKSPACE_WRITE,
      writable_roots: [at.home, join(at.home, "in-home"), join(at.codexHome, "beside"), "/usr"],
    });
    const file = join(at.codexHome, "config.toml");
    const key = "sandbox_workspace_write.writable_roots";
    const left = "no such file or directory, left out:";
    assert.deepEqual(warnings, [
      `${file}:3:62: ${key}[4]: ${left} "/no/such/dir"`,
      `${file}:3:78: ${key}[5]: ${left} "${at.codexHome}/project"`,
      `${file}:3:89: ${key}[6]: ${left} "${at.codexHome}/a\\u0000"`,
    ]);
  });

  test("roots of -c start at the working directory", async (t) => {
    const at = places(t);
    mkdirSync(join(at.cwd, "beside"));
    const overrides = ["sandbox_workspace_write.writable_roots=['beside']"];
    const flags: ConfigFlags = { sandboxMode: "workspace-write" };
    const { sandboxPolicy } = await loadAt(at, { overrides, flags });
    assert.deepEqual(sandboxPolicy, {
      ...WORKSPACE_WRITE,
      writable_roots: [join(at.cwd, "beside")],
    });
  });

  test("an empty root is refused: it would be the folder of the file", async (t) => {
    const toml = 'sandbox_mode = "workspace-write"\nsandbox_workspace_write.writable_roots = [""]';
    const at = places(t);
    await assert.rejects(loadAt(at, { toml }), {
      message: `${at.codexHome}/config.toml:2:43: sandbox_workspace_write.writable_roots[0]: expected a path, found an empty string`,
    });
  });
});

suite("the environment policy", () => {
  test("the default is the core, without secrets", async (t) => {
    assert.deepEqual((await loadAt(places(t), {})).shellEnvironmentPolicy, {
      inherit: "core",
      ignoreDefaultExcludes: false,
      exclude: [],
      set: {},
      includeOnly: [],
      useProfile: false,
    });
  });

  test("every key counts", async (t) => {
    const toml = `[shell_environment_policy]
inherit = "all"
ignore_default_excludes = true
exclude = ["A*"]
set = { B = "1" }
include_only = ["P*"]
experimental_use_profile = true
`;
    assert.deepEqual((await loadAt(places(t), { toml })).shellEnvironmentPolicy, {
      inherit: "all",
      ignoreDefaultExcludes: true,
      exclude: ["A*"],
      set: { B: "1" },
      includeOnly: ["P*"],
      useProfile: true,
    });
  });
});

suite("refusals", () => {
  const cases: readonly (readonly [string, Run, string])[] = [
    ["broken TOML", { toml: "a = 1\nb =\n" }, "FILE:2:4: not valid TOML: "],
    [
      "a string that is not closed",
      { toml: 'a = 1\nmodel = "x\n' },
      "FILE:2:11: not valid TOML: a string without its closing quote",
    ],
    [
      "the same with line ends of Windows",
      { toml: "model = 'x\r\na = 1\r\n" },
      "FILE:1:11: not valid TOML: a string without its closing quote",
    ],
    [
      "a control character in a string",
      { toml: 'model = "x\u0001"' },
      "FILE:1:11: not valid TOML: control characters are not allowed in strings",
    ],
    [
      "text without quotes",
      { toml: "model = gpt-5\n" },
      "FILE:1:9: not valid TOML: invalid value; text needs quotes",
    ],
    ["a key twice", { toml: "model = 'a'\nmodel = 'b'" }, "FILE:2:1: not valid TOML: "],
    ["no UTF-8", { toml: Uint8Array.from([0x61, 0x0a, 0x62, 0xff]) }, "FILE:2:2: not valid UTF-8"],
    [
      "a missing profile",
      { toml: 'profile = "x"' },
      'FILE:1:1: profile: config profile "x" not found',
    ],
    [
      "a missing profile of the flag",
      { flags: { profile: "x" } },
      '--profile x: profile: config profile "x" not found',
    ],
    [
      "a missing provider",
      { overrides: ["model_provider=x"] },
      '-c model_provider=x: model_provider: Model provider "x" not found; there are "openai", "oss"',
    ],
    [
      "a provider without a usable address",
      { toml: 'model_provider = "x"\n[model_providers.x]\nname = "X"\nbase_url = "file:///etc"' },
      'FILE:4:1: model_providers.x.base_url: expected a URL that begins with http:// or https://, found "file:///etc"',
    ],
    ["a missing directory", { flags: { cd: "nowhere" } }, '--cd: "nowhere": no such directory'],
    [
      "a file as directory",
      { flags: { cd: "/etc/passwd" } },
      '--cd: "/etc/passwd": not a directory',
    ],
    ["an empty directory name", { flags: { cd: "" } }, '--cd: "": no such directory'],
    [
      "missing instructions",
      { toml: 'experimental_instructions_file = "/nowhere"' },
      'FILE:1:1: experimental_instructions_file: cannot read "/nowhere": no such file or directory',
    ],
    [
      "empty instructions",
      { toml: 'experimental_instructions_file = "/dev/null"' },
      'FILE:1:1: experimental_instructions_file: the file "/dev/null" is empty',
    ],
    [
      "a scalar made a table",
      { toml: 'model = "a"', overrides: ["model.foo=1"] },
      "-c model.foo=1: model: expected a string, found a table with the key foo",
    ],
    [
      "a misspelled key, when strict",
      { toml: 'modle = "x"', isStrict: true },
      'FILE:1:1: modle: unknown key; did you mean "model"?',
    ],
  ];
  for (const [name, run, message] of cases) {
    test(name, async (t) => {
      const at = places(t);
      await assert.rejects(loadAt(at, run), (error: unknown) => {
        assert.ok(error instanceof ConfigError);
        const told = error.message.replace(`${at.codexHome}/config.toml`, "FILE");
        assert.equal(message.endsWith(": ") ? told.slice(0, message.length) : told, message);
        return true;
      });
    });
  }

  test("a directory in the place of the file", async (t) => {
    const at = places(t);
    mkdirSync(join(at.codexHome, "config.toml"));
    await assert.rejects(loadAt(at, {}), /config\.toml: Cannot read: not a regular file$/);
  });

  test("a later key is no reason to stop, when strict", async (t) => {
    const { model } = await loadAt(places(t), { toml: 'model_verbosity = "low"', isStrict: true });
    assert.equal(model, "gpt-5");
  });
});

test("what a file can say arrives", async (t) => {
  const at = places(t);
  writeFileSync(join(at.cwd, "instructions.md"), "\n be brief \n");
  const config = await loadAt(at, {
    flags: { cd: "." },
    toml: `
model = "mine"
model_provider = "proxy"
model_context_window = 1000
model_max_output_tokens = 100
model_reasoning_effort = "high"
model_reasoning_summary = "none"
model_supports_reasoning_summaries = true
approval_policy = "untrusted"
disable_response_storage = true
preferred_auth_method = "apikey"
notify = ["notify-send", "done"]
project_doc_max_bytes = 0
experimental_instructions_file = "instructions.md"
experimental_resume = "old.jsonl"
file_opener = "none"
hide_agent_reasoning = true
show_raw_agent_reasoning = true
responses_originator_header_internal_override = "mine"
[model_providers.proxy]
name = "Proxy"
base_url = "https://proxy.example/v1/"
wire_api = "responses"
env_key = "PROXY_KEY"
request_max_retries = 1000
[mcp_servers.b]
url = "https://example.org/mcp"
bearer_token_env_var = "TOKEN"
startup_timeout_sec = 0.5
tool_timeout_sec = 90
enabled = false
enabled_tools = ["x"]
disabled_tools = ["y"]
[mcp_servers.a]
command = "a"
args = ["--x"]
env = { A = "1" }
[mcp_servers."no good"]
command = "c"
[projects."${at.cwd}"]
trust_level = "trusted"
[tui]
animations = false
`,
  });
  assert.deepEqual(
    {
      ...config,
      modelProviders: [...config.modelProviders.keys()],
      warnings: config.warnings.map((text) => text.replace(at.codexHome, "")),
    },
    {
      codexHome: at.codexHome,
      cwd: at.cwd,
      profile: undefined,
      model: "mine",
      modelFamily: {
        family: "mine",
        supportsReasoning: false,
        usesLocalShell: false,
        usesApplyPatchTool: false,
        needsPatchInstructions: false,
        contextWindow: undefined,
        maxOutputTokens: undefined,
      },
      modelContextWindow: 1000,
      modelMaxOutputTokens: 100,
      modelReasoningEffort: "high",
      modelReasoningSummary: "none",
      modelSupportsReasoning: true,
      modelProvider: {
        id: "proxy",
        name: "Proxy",
        baseUrl: "https://proxy.example/v1",
        wireApi: "responses",
        envKey: "PROXY_KEY",
        envKeyInstructions: undefined,
        queryParams: {},
        httpHeaders: {},
        envHttpHeaders: {},
        requestMaxRetries: 100,
        streamMaxRetries: 5,
        streamIdleTimeoutMs: 300_000,
        requiresOpenaiAuth: false,
      },
      modelProviders: ["openai", "oss", "proxy"],
      disableResponseStorage: true,
      preferredAuthMethod: "apikey",
      chatgptBaseUrl: undefined,
      originator: "mine",
      approvalPolicy: "untrusted",
      sandboxPolicy: READ_ONLY,
      isSandboxChosen: false,
      shellEnvironmentPolicy: {
        inherit: "core",
        ignoreDefaultExcludes: false,
        exclude: [],
        set: {},
        includeOnly: [],
        useProfile: false,
      },
      trust: "trusted",
      baseInstructions: "be brief",
      projectDocMaxBytes: 0,
      mcpServers: [
        {
          name: "a",
          isEnabled: true,
          transport: { kind: "stdio", command: "a", args: ["--x"], env: { A: "1" }, cwd: at.cwd },
          startupTimeoutMs: 10_000,
          toolTimeoutMs: 60_000,
          enabledTools: undefined,
          disabledTools: [],
        },
        {
          name: "b",
          isEnabled: false,
          transport: {
            kind: "http",
            url: "https://example.org/mcp",
            bearerTokenEnvVar: "TOKEN",
            httpHeaders: {},
            envHttpHeaders: {},
          },
          startupTimeoutMs: 500,
          toolTimeoutMs: 90_000,
          enabledTools: ["x"],
          disabledTools: ["y"],
        },
      ],
      notify: ["notify-send", "done"],
      history: { persistence: "save-all", maxBytes: undefined },
      experimentalResume: join(at.cwd, "old.jsonl"),
      fileOpener: "none",
      hideAgentReasoning: true,
      showRawAgentReasoning: true,
      tui: { notifications: true, animations: false, screenReader: false, theme: undefined },
      warnings: [
        '/config.toml:38:14: mcp_servers."no good": not started: a name may hold only letters, digits, _ and -',
      ],
    },
  );
});

for (const [lines, complaint] of [
  ["args = []", ": expected a program at command, or an address at url"],
  ['command = ""', ": expected the name of a program at command"],
  ['command = "a"\nurl = "http://b"', ": both command and url are set, expected one of them"],
  ['url = "ftp://b"', ": expected an address with http:// or https:// at url"],
] as const) {
  test(`a server that cannot be: ${JSON.stringify(lines)}`, async (t) => {
    const at = places(t);
    await assert.rejects(loadAt(at, { toml: `[mcp_servers.a]\n${lines}\n` }), {
      name: "ConfigError",
      message: `${join(at.codexHome, "config.toml")}:1:14: mcp_servers.a${complaint}`,
    });
  });
}

test("settings of the other kind of server are warned about", async (t) => {
  const toml =
    '[mcp_servers.a]\ncommand = "a"\nbearer_token_env_var = "T"\n[mcp_servers.b]\nurl = "http://b"\ncwd = "/"\n';
  const { warnings } = await loadAt(places(t), { toml });
  assert.deepEqual(
    warnings.map((text) => text.slice(text.indexOf(": ") + 2)),
    [
      "mcp_servers.a.bearer_token_env_var: has no effect for a server with command",
      "mcp_servers.b.cwd: has no effect for a server with url",
    ],
  );
});

test("nothing in the working directory is read: no .env, no config.toml", async (t) => {
  const at = places(t);
  mkdirSync(join(at.cwd, ".codex"));
  const toml = 'model = "evil"\nsandbox_mode = "danger-full-access"\n';
  writeFileSync(join(at.cwd, ".codex", "config.toml"), toml);
  writeFileSync(join(at.cwd, "config.toml"), toml);
  writeFileSync(join(at.cwd, ".env"), "OPENAI_BASE_URL=http://evil.example\n");
  const { model, sandboxPolicy, modelProvider } = await loadAt(at, {});
  assert.deepEqual(
    [model, sandboxPolicy.mode, modelProvider.baseUrl],
    ["gpt-5", "read-only", "https://api.openai.com/v1"],
  );
});

test("a config.toml behind a link is read", async (t) => {
  const at = places(t);
  writeFileSync(join(at.home, "elsewhere.toml"), 'model = "linked"');
  symlinkSync(join(at.home, "elsewhere.toml"), join(at.codexHome, "config.toml"));
  assert.equal((await loadAt(at, {})).model, "linked");
});

test("any bytes and any -c give a configuration or one line", async (t) => {
  const at = places(t);
  const fragments = fc.constantFrom(
    'model = "a"\n',
    "[sandbox_workspace_write]\n",
    "writable_roots = [",
    '"~"]\n',
    "[profiles.p]\n",
    "[[mcp_servers]]\n",
    "sandbox_mode = ",
    "true\n",
    '"""',
    "\ufeff",
    "\u001b[2J",
    "[projects.'/a']\n",
    "{ a = ",
    "}\n",
    "0x1f\n",
    "1979-05-27\n",
  );
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.array(fragments, { maxLength: 8 }).map((parts) => Buffer.from(parts.join(""))),
  );
  const override = fc.oneof(
    fc.string(),
    fc
      .tuple(fc.constantFrom("model", "a.b", "sandbox", '"'), fc.string())
      .map(([key, value]) => `${key}=${value}`),
  );
  await fc.assert(
    fc.asyncProperty(bytes, fc.array(override, { maxLength: 2 }), async (toml, overrides) => {
      try {
        await loadAt(at, { toml, overrides });
      } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
        assert.doesNotMatch(error.message, /\p{Cc}/u);
      }
    }),
    { numRuns: 500 },
  );
});
