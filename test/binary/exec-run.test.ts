/** Whole runs of the built `codex exec`: requests, output, files, exit codes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { codexBinary } from "../support/codex-binary.ts";
import {
  type ExecSetup,
  jsonLines,
  needsExec,
  runExec,
  setUpExec,
  startExec,
} from "../exec-mode/exec-harness.ts";
import {
  assistantMessage,
  COMPLETED,
  CREATED,
  CUT,
  functionCall,
  HANG,
  respond,
  type ServerAnswer,
  textDelta,
} from "../support/model-server.ts";
import { run } from "../support/run.ts";
import { until } from "../support/until.ts";

const options = { skip: needsExec, timeout: 60_000 };
const HELLO = respond(textDelta("Hel"), textDelta("lo"), assistantMessage("Hello"));
const DONE = respond(assistantMessage("done"));
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);

test("a plain answer: progress on stderr, the answer on stdout", options, async (t) => {
  const setup = await setUpExec(t, [HELLO]);
  const { code, stdout, stderr } = await runExec(setup, ["hi there"]);
  assert.deepEqual({ code, stdout }, { code: 0, stdout: "Hello\n" });
  const lines = stderr.replaceAll(/\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\]/gu, "[ts]").split("\n");
  assert.match(lines.shift() ?? "", /^\[ts\] Codex \d/u);
  assert.deepEqual(lines, [
    "--------",
    `workdir: ${setup.cwd}`,
    "model: gpt-5",
    "provider: mock",
    "approval: never",
    "sandbox: read-only",
    "reasoning effort: medium",
    "reasoning summaries: auto",
    "--------",
    "[ts] User instructions:",
    "hi there",
    "[ts] codex",
    "Hello",
    "[ts] tokens used: 110",
    "",
  ]);
  assert.equal(setup.server.requests.length, 1);
  assert.equal(setup.server.requests[0]?.headers.authorization, "Bearer sk-mock-secret-key");
});

test("--json: one value a line, the first with its version", options, async (t) => {
  const setup = await setUpExec(t, [
    respond(functionCall("shell", { command: ["echo", "hi"] })),
    DONE,
  ]);
  const { code, stdout, stderr } = await runExec(setup, ["--json", "do it"]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  const usage = {
    type: "token_count",
    input_tokens: 100,
    cached_input_tokens: 20,
    output_tokens: 30,
    reasoning_output_tokens: 5,
    total_tokens: 130,
  };
  const lines = jsonLines(stdout.replace(/"secs":\d+,"nanos":\d+/u, '"secs":0,"nanos":0'));
  assert.deepEqual(lines, [
    {
      schema_version: 1,
      workdir: setup.cwd,
      model: "gpt-5",
      provider: "mock",
      approval: "never",
      sandbox: "read-only",
      "reasoning effort": "medium",
      "reasoning summaries": "auto",
    },
    { prompt: "do it" },
    { id: "0", msg: { type: "task_started", model_context_window: 272_000 } },
    {
      id: "0",
      msg: {
        type: "exec_command_begin",
        call_id: "call_1",
        command: ["echo", "hi"],
        cwd: setup.cwd,
        parsed_cmd: [{ Unknown: { cmd: "echo hi" } }],
      },
    },
    {
      id: "0",
      msg: {
        type: "exec_command_output_delta",
        call_id: "call_1",
        stream: "stdout",
        chunk: "aGkK",
      },
    },
    {
      id: "0",
      msg: {
        type: "exec_command_end",
        call_id: "call_1",
        stdout: "hi\n",
        stderr: "",
        aggregated_output: "hi\n",
        exit_code: 0,
        duration: { secs: 0, nanos: 0 },
      },
    },
    { id: "0", msg: usage },
    { id: "0", msg: { type: "agent_message", message: "done" } },
    { id: "0", msg: usage },
  ]);
});

test("a patch that does not fit leaves a line", options, async (t) => {
  const patch = "*** Begin Patch\n*** Update File: none.txt\n@@\n-x\n+y\n*** End Patch";
  const call = respond(functionCall("shell", { command: ["apply_patch", patch] }));
  const setup = await setUpExec(t, [call, DONE]);
  const { stdout, stderr } = await runExec(setup, ["go"]);
  assert.equal(stdout, "done\n");
  assert.match(stderr, /\] Patch did not apply: Failed to read file to update none\.txt: .*$/mu);
});

test(
  "a patch that is refused leaves a line, and one that is allowed does not",
  options,
  async (t) => {
    const patch = "*** Begin Patch\n*** Add File: new.txt\n+x\n*** End Patch";
    const call = respond(functionCall("apply_patch", { input: patch }));
    const refused = await setUpExec(t, [call, DONE]);
    const file = join(refused.cwd, "new.txt");
    const message = `Patch did not apply: the sandbox is read-only: no writing to "${file}"`;
    const human = await runExec(refused, ["go"]);
    assert.equal(human.stdout, "done\n");
    assert.ok(human.stderr.includes(`] ${message}\n`), human.stderr);
    const json = await runExec(await setUpExec(t, [call, DONE]), ["--json", "go"]);
    const notice =
      /"type":"background_event","message":"Patch did not apply: the sandbox is read-only/u;
    assert.match(json.stdout, notice);
    assert.equal(existsSync(file), false);
    const allowed = await setUpExec(t, [call, DONE]);
    const { stderr } = await runExec(allowed, ["-s", "workspace-write", "go"]);
    assert.doesNotMatch(stderr, /did not apply/u);
    assert.equal(readFileSync(join(allowed.cwd, "new.txt"), "utf8"), "x\n");
  },
);

const failures: readonly (readonly [string, ServerAnswer, number, RegExp])[] = [
  [
    "400",
    { status: 400, body: { error: { message: "bad field" } } },
    1,
    /ERROR: .*400.*bad field/u,
  ],
  [
    "401",
    { status: 401, body: { error: { message: "no" } } },
    1,
    /ERROR: .*401.*\nThe key was refused: .*"codex login --api-key"/u,
  ],
  [
    "404",
    { status: 404, body: { error: { message: "The model does not exist" } } },
    1,
    /ERROR: .*404.*The model does not exist\nCheck the name of the model, .*base_url and wire_api/u,
  ],
  [
    "context overflow",
    { status: 400, body: { error: { code: "context_length_exceeded", message: "too long" } } },
    1,
    /ERROR: .*compact/u,
  ],
  [
    "the page of another server",
    { status: 200, headers: { "content-type": "text/html" }, body: "<html>Sign in</html>" },
    1,
    /ERROR: "http.*\/responses" answered with text\/html .*: <html>Sign in<\/html>; check base_url/u,
  ],
  ["500 for ever", { status: 500, body: {} }, 2, /retrying 1\/1 in .*ERROR: .*500/su],
  ["early close for ever", { stream: [CREATED, CUT] }, 2, /ERROR: stream disconnected/u],
];

for (const [name, answer, requests, words] of failures) {
  test(`a run that fails exits with 1: ${name}`, options, async (t) => {
    const setup = await setUpExec(t, [answer]);
    const { code, stdout, stderr } = await runExec(setup, ["hi"]);
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
    assert.match(stderr, words);
    assert.equal(setup.server.requests.length, requests);
  });
}

test("429 with Retry-After is obeyed", options, async (t) => {
  const limited = { status: 429, headers: { "retry-after": "1" }, body: {} } as const;
  const setup = await setUpExec(t, [limited, DONE]);
  const { code, stdout } = await runExec(setup, ["hi"]);
  assert.deepEqual({ code, stdout }, { code: 0, stdout: "done\n" });
  const [first, second] = setup.server.requests;
  assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) >= 990);
});

test("a provider that is not there ends the run in bounded time", options, async (t) => {
  const setup = await setUpExec(t, [DONE]);
  const nowhere = 'model_providers.mock.base_url="http://127.0.0.1:9/v1"';
  const { code, stderr } = await runExec(setup, ["-c", nowhere, "hi"]);
  assert.equal(code, 1);
  assert.match(stderr, /ERROR: .*127\.0\.0\.1:9/u);
  assert.match(stderr, /ERROR: Cannot reach .*\nCheck that the server runs and that base_url/u);
});

test("a missing key exits with 1 and names its variable", options, async (t) => {
  const setup = await setUpExec(t, [DONE]);
  const { MOCK_KEY: _, ...env } = setup.env;
  const { code, stderr } = await runExec({ ...setup, env }, ["hi"]);
  assert.equal(code, 1);
  const advice = "Set it, or write it in $CODEX_HOME/.env, by default ~/.codex/.env.";
  assert.ok(
    stderr.includes(`ERROR: Missing environment variable: "MOCK_KEY"\n${advice}\n`),
    stderr,
  );
  writeFileSync(join(setup.codexHome, ".env"), "MOCK_KEY=from-the-file\n");
  assert.equal((await runExec({ ...setup, env }, ["hi"])).code, 0);
});

test("no key at all: told in one line, nothing is asked", options, async (t) => {
  const setup = await setUpExec(t, [DONE]);
  const openai = ["-c", "model_provider=openai", "hi"];
  const { code, stderr } = await runExec(setup, openai);
  assert.equal(code, 1);
  assert.match(stderr, /ERROR: There is no API key: store one with "codex login --api-key"/u);
  assert.doesNotMatch(stderr, /retrying/u);
  const proxied = { ...setup, env: { ...setup.env, OPENAI_BASE_URL: setup.server.url } };
  assert.deepEqual((await runExec(proxied, openai)).code, 0);
  assert.equal(setup.server.requests[0]?.headers.authorization, undefined);
});

test("an answer that nobody can have is no success", options, async (t) => {
  const setup = await setUpExec(t, [DONE]);
  const script = '"$0" exec --skip-git-repo-check hi >/dev/full';
  const { code, stderr } = await run(["sh", "-c", script, codexBinary], {
    cwd: setup.cwd,
    env: setup.env,
  });
  assert.equal(code, 1);
  assert.match(stderr, /\ncodex: Cannot write to standard output: no space left on the device\n$/u);
});

test("in a directory that was removed nothing works in the home instead", options, async (t) => {
  const setup = await setUpExec(t, [DONE]);
  const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$@"';
  const inRemoved = (...words: readonly string[]) =>
    run(["sh", "-c", script, codexBinary, ...words], { cwd: setup.cwd, env: setup.env });
  const message = /^codex: The current directory was removed: .* --cd and a whole path\n$/u;
  for (const cd of [[], ["--cd", "."]]) {
    const { code, stderr } = await inRemoved("exec", "--skip-git-repo-check", ...cd, "hi");
    assert.equal(code, 2);
    assert.match(stderr, message);
  }
  const proto = await inRemoved("proto");
  assert.deepEqual([proto.code, message.test(proto.stderr)], [1, true]);
  assert.equal((await inRemoved("config", "check")).code, 0);
  const named = await inRemoved("exec", "--skip-git-repo-check", "--cd", setup.cwd, "hi");
  assert.deepEqual([named.code, named.stdout], [0, "done\n"]);
});

test("the prompt from standard input", options, async (t) => {
  const setup = await setUpExec(t, [DONE]);
  const dash = await runExec(setup, ["-"], { stdin: "from stdin\n" });
  assert.equal(dash.code, 0);
  assert.doesNotMatch(dash.stderr, /Reading prompt/u);
  const absent = await runExec(setup, [], { stdin: "from stdin\n" });
  assert.equal(absent.code, 0);
  assert.match(absent.stderr, /^Reading prompt from stdin/u);
  for (const { body } of setup.server.requests) {
    assert.match(JSON.stringify(body), /"text":"from stdin\\n"/u);
  }
  const empty = await runExec(setup, [], { stdin: " \n" });
  assert.equal(empty.code, 2);
  assert.match(empty.stderr, /No prompt: standard input is empty/u);
});

test("a prompt on standard input that is no text is refused", options, async (t) => {
  const setup = await setUpExec(t, [DONE]);
  const foreign = Buffer.from([0xff]);
  for (const [bytes, place] of [
    [Buffer.concat([Buffer.from("ab\u00e9\ufffd"), foreign, Buffer.from("c")]), 8],
    [Buffer.from("gr\u00f6", "latin1"), 3],
    [Buffer.from("\u20ac").subarray(0, 2), 1],
  ] as const) {
    const { code, stdout, stderr } = await runExec(setup, ["-"], { stdin: bytes });
    const sentence = `codex: Cannot read the prompt: standard input is not UTF-8, at byte ${place}\n`;
    assert.deepEqual([code, stdout, stderr], [2, "", sentence]);
  }
  assert.equal(setup.server.requests.length, 0);
  assert.equal((await runExec(setup, ["-"], { stdin: "\ufffd \u20ac" })).code, 0);
});

test("outside of a repository only when asked to", options, async (t) => {
  const setup = await setUpExec(t, [DONE]);
  const { cwd, env } = setup;
  const outside = await run([codexBinary, "exec", "hi"], { cwd, env });
  assert.equal(outside.code, 2);
  assert.match(outside.stderr, /not in a git repository.*--skip-git-repo-check/u);
  mkdirSync(join(cwd, ".git"));
  assert.equal((await run([codexBinary, "exec", "hi"], { cwd, env })).code, 0);
});

test("--output-last-message holds exactly the last answer", options, async (t) => {
  const setup = await setUpExec(t, [HELLO]);
  const file = join(setup.cwd, "last.txt");
  assert.equal((await runExec(setup, ["--output-last-message", file, "hi"])).code, 0);
  assert.equal(readFileSync(file, "utf8"), "Hello");
  const nowhere = join(setup.cwd, "no", "last.txt");
  assert.equal((await runExec(setup, ["--output-last-message", nowhere, "hi"])).code, 2);
});

test("pictures and words are one message", options, async (t) => {
  const setup = await setUpExec(t, [DONE]);
  writeFileSync(join(setup.cwd, "p.png"), PNG);
  assert.equal((await runExec(setup, ["-i", "p.png", "--", "what is it"])).code, 0);
  assert.equal(setup.server.requests.length, 1);
  const body = JSON.stringify(setup.server.requests[0]?.body);
  const url = `data:image/png;base64,${PNG.toString("base64")}`;
  assert.ok(
    body.includes(
      `"content":[{"type":"input_image","image_url":"${url}"},{"type":"input_text","text":"what is it"}]`,
    ),
  );
  writeFileSync(join(setup.cwd, "p.txt"), "no picture");
  for (const name of ["p.txt", "missing.png"]) {
    const { code, stderr } = await runExec(setup, ["-i", name, "--", "what is it"]);
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`Cannot attach picture ".*${name}"`, "u"));
  }
});

test("an answer without a word is told to people, not to programs", options, async (t) => {
  const silent = { stream: [CREATED, COMPLETED] };
  const setup = await setUpExec(t, [silent]);
  const human = await runExec(setup, ["hi"]);
  assert.deepEqual([human.code, human.stdout], [0, ""]);
  assert.match(human.stderr, /\] \(no answer\)\n/u);
  const again = await setUpExec(t, [silent]);
  const json = await runExec(again, ["--json", "hi"]);
  assert.equal(json.code, 0);
  assert.doesNotMatch(json.stdout + json.stderr, /no answer/u);
  const spoken = await setUpExec(t, [DONE]);
  assert.doesNotMatch((await runExec(spoken, ["hi"])).stderr, /no answer/u);
});

test("--fail-on-denial: 3 only for what never succeeded", options, async (t) => {
  const refused = functionCall("shell", { command: ["bash", "-c", "echo x > ../outside"] }, "c1");
  const setup = await setUpExec(t, [respond(refused), DONE]);
  assert.equal((await runExec(setup, ["hi"])).code, 0);
  const again = await setUpExec(t, [respond(refused), DONE]);
  const { code, stderr } = await runExec(again, ["--fail-on-denial", "hi"]);
  assert.equal(code, 3);
  assert.match(stderr, /Refused: The sandbox did not let the command change ".*\/outside"/u);
  const failing = functionCall("shell", { command: ["false"] }, "c1");
  const plain = await setUpExec(t, [respond(failing), DONE]);
  assert.equal((await runExec(plain, ["--fail-on-denial", "hi"])).code, 0);
});

test("--fail-on-denial: what a login profile is denied does not count", options, async (t) => {
  const failing = functionCall("shell", { command: ["bash", "-lc", "false"] }, "c1");
  const setup = await setUpExec(t, [respond(failing), DONE]);
  writeFileSync(join(setup.cwd, ".bash_profile"), 'mktemp "$HOME/tmp.XXXXXXXXXX"\n');
  const home = `shell_environment_policy.set={HOME="${setup.cwd}"}`;
  const flags = ["-s", "read-only", "-c", home, "--fail-on-denial"];
  const { code, stderr } = await runExec(setup, [...flags, "hi"]);
  assert.equal(code, 0);
  assert.match(stderr, /tmp\.XXXXXXXXXX.*Permission denied/u);
  assert.doesNotMatch(stderr, /Refused/u);
});

test("resume goes on with the conversation, by id and the last one", options, async (t) => {
  const setup = await setUpExec(t, [
    respond(functionCall("shell", { command: ["echo", "tool"] })),
    respond(assistantMessage("first answer")),
    respond(assistantMessage("second answer")),
    respond(assistantMessage("third answer")),
  ]);
  assert.equal((await runExec(setup, ["one"])).code, 0);
  const { cwd, env } = setup;
  const [path = ""] = sessionFiles(setup);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const id = /([0-9a-f-]{36})\.jsonl$/u.exec(path)?.[1] ?? "";
  const flags = ["--skip-git-repo-check"];
  const resume = [codexBinary, "exec", ...flags, "resume"];
  const byId = await run([...resume, id, "two"], { cwd, env });
  assert.deepEqual([byId.code, byId.stdout], [0, "second answer\n"]);
  const last = await run([...resume, "--last", "three"], { cwd, env });
  assert.deepEqual([last.code, last.stdout], [0, "third answer\n"]);
  const body = JSON.stringify(setup.server.requests.at(-1)?.body);
  for (const words of ["one", "tool", "first answer", "two", "second answer", "three"]) {
    assert.ok(body.includes(words), words);
  }
  assert.equal(body.split("first answer").length, 2, "stored once");
  const nobody = "00000000-0000-4000-8000-000000000000";
  assert.equal((await run([...resume, nobody, "x"], { cwd, env })).code, 2);
});

test(
  "a session that another process is in is refused, until that is killed",
  options,
  async (t) => {
    const setup = await setUpExec(t, [
      { stream: [CREATED, textDelta("half"), HANG] },
      respond(assistantMessage("second answer")),
    ]);
    const holder = startExec(t, setup, ["one"]);
    assert.ok(await until(() => setup.server.requests.length === 1, 20_000));
    const [path = ""] = sessionFiles(setup);
    const id = /([0-9a-f-]{36})\.jsonl$/u.exec(path)?.[1] ?? "";
    const before = readFileSync(path, "utf8");
    const sentence = `codex: Cannot resume "${id}": process ${holder.pid} still has this session open; end it there first\n`;
    const { cwd, env } = setup;
    const onTerminal = ["script", "-qec", `${codexBinary} resume ${id} two`, "/dev/null"];
    for (const words of [
      [codexBinary, "exec", "--skip-git-repo-check", "resume", id, "two"],
      [codexBinary, "exec", "--skip-git-repo-check", "resume", "--last", "two"],
    ]) {
      const refused = await run(words, { cwd, env });
      assert.deepEqual([refused.code, refused.stdout, refused.stderr], [2, "", sentence]);
    }
    const refused = await run(onTerminal, { cwd, env: { ...env, TERM: "xterm" } });
    assert.deepEqual([refused.code, refused.stdout], [2, sentence.replace("\n", "\r\n")]);
    assert.equal(readFileSync(path, "utf8"), before);
    holder.kill("SIGKILL");
    await once(holder, "exit");
    const resumed = await runExec(setup, ["resume", id, "two"]);
    assert.deepEqual([resumed.code, resumed.stdout], [0, "second answer\n"]);
    assert.deepEqual(readdirSync(dirname(path)), [basename(path)]);
  },
);

test("of many that take a session up at once no two go on", options, async (t) => {
  const hang: ServerAnswer = { stream: [CREATED, textDelta("half"), HANG] };
  const setup = await setUpExec(t, [DONE, hang]);
  assert.equal((await runExec(setup, ["one"])).code, 0);
  const children = [1, 2, 3, 4].map(() => startExec(t, setup, ["resume", "--last", "two"]));
  const codes = children.map(async (child) => {
    await once(child, "exit");
    return child.exitCode;
  });
  const isSettled = (): boolean =>
    children.filter(({ exitCode }) => exitCode !== null).length + setup.server.requests.length >= 5;
  assert.ok(await until(isSettled, 30_000));
  assert.ok(setup.server.requests.length <= 2);
  for (const child of children) child.kill("SIGKILL");
  const refused = (await Promise.all(codes)).filter((code) => code === 2);
  assert.ok(refused.length >= 3, `${refused.length} refused`);
});

test("a session file torn at its end is repaired and gone on with", options, async (t) => {
  const setup = await setUpExec(t, [
    respond(assistantMessage("first answer")),
    respond(assistantMessage("second answer")),
  ]);
  assert.equal((await runExec(setup, ["one"])).code, 0);
  const [path = ""] = sessionFiles(setup);
  const whole = readFileSync(path, "utf8");
  writeFileSync(path, whole.slice(0, whole.indexOf("first answer") + "first".length));
  const resumed = await runExec(setup, ["resume", "--last", "two"]);
  assert.deepEqual([resumed.code, resumed.stdout], [0, "second answer\n"]);
  assert.deepEqual(sessionFiles(setup), [path]);
  // Every line is whole again.
  assert.ok(jsonLines(readFileSync(path, "utf8")).length > 3);
  const body = JSON.stringify(setup.server.requests.at(-1)?.body);
  assert.ok(body.includes('"one"') && body.includes('"two"') && !body.includes("first answer"));
});

test(
  "a patch larger than an argument may be reaches the file, and its diff is told",
  options,
  async (t) => {
    const lines = Array.from({ length: 6000 }, (_, index) => `${index} ${"x".repeat(50)}\n`);
    const added = lines.map((line) => `+${line}`).join("");
    const patch = `*** Begin Patch\n*** Add File: big.txt\n${added}*** End Patch\n`;
    assert.ok(patch.length > 300 * 1024);
    const setup = await setUpExec(t, [
      respond(functionCall("apply_patch", { input: patch })),
      DONE,
    ]);
    const { code, stdout } = await runExec(setup, ["--full-auto", "--json", "patch"]);
    assert.equal(code, 0);
    assert.equal(readFileSync(join(setup.cwd, "big.txt"), "utf8"), lines.join(""));
    const diffs = stdout.split("\n").filter((line) => line.includes('"type":"turn_diff"'));
    assert.equal(diffs.length, 1);
    assert.match(diffs[0] ?? "", /diff --git a\/big\.txt b\/big\.txt\\nnew file mode 100644/u);
    assert.deepEqual(readdirSync(join(setup.codexHome, "tmp")), []);
  },
);

test(
  "AGENTS.md of the home and of the repository are told, with a notice when cut",
  options,
  async (t) => {
    const setup = await setUpExec(t, [DONE]);
    mkdirSync(join(setup.cwd, ".git"));
    mkdirSync(join(setup.cwd, "sub"));
    writeFileSync(join(setup.codexHome, "AGENTS.md"), "from home");
    writeFileSync(join(setup.cwd, "AGENTS.md"), "from root");
    writeFileSync(join(setup.cwd, "sub", "AGENTS.md"), `from sub ${"y".repeat(1000)}`);
    const limit = ["-c", "project_doc_max_bytes=100"];
    const { code, stderr } = await runExec(setup, [...limit, "-C", "sub", "hi"]);
    assert.equal(code, 0);
    const body = JSON.stringify(setup.server.requests[0]?.body);
    const places = ["from home", "from root", "from sub"].map((words) => body.indexOf(words));
    assert.ok(
      places.every((place, index) => place > (places[index - 1] ?? 0)),
      places.join(),
    );
    assert.match(stderr, /AGENTS\.md.*100/u);
  },
);

test("a recording of a run can be replayed, and holds no key", options, async (t) => {
  const setup = await setUpExec(t, [
    respond(functionCall("shell", { command: ["bash", "-c", "echo made > made.txt"] })),
    respond(assistantMessage("made it with sk-mock-secret-key")),
  ]);
  const file = join(setup.cwd, "run.jsonl");
  const recorded = await runExec(setup, ["--full-auto", "--record", file, "hi"]);
  assert.deepEqual([recorded.code, recorded.stdout], [0, "made it with sk-mock-secret-key\n"]);
  assert.ok(!readFileSync(file, "utf8").includes("secret-key"));
  assert.equal(setup.server.requests.length, 2);
  const place = join(setup.cwd, "elsewhere");
  mkdirSync(place);
  const { MOCK_KEY: _, ...env } = setup.env;
  const replayed = await runExec({ ...setup, env, cwd: place }, [
    "--full-auto",
    "--replay",
    file,
    "hi",
  ]);
  const { code, stdout, stderr } = replayed;
  assert.deepEqual([code, stdout], [0, "made it with (key removed)\n"], stderr);
  assert.match(stderr, /come from a recording/u);
  assert.equal(readFileSync(join(place, "made.txt"), "utf8"), "made\n");
  assert.equal(setup.server.requests.length, 2, "nobody was asked");
  assert.equal((await runExec(setup, ["--record", file, "hi"])).code, 2, "not overwritten");
  assert.equal((await runExec(setup, ["--replay", "nothing.jsonl", "hi"])).code, 2);
});

test("notify is told the words of the turn", options, async (t) => {
  const setup = await setUpExec(t, [HELLO]);
  const file = join(setup.cwd, "told.json");
  const script = `printf %s "$1" > ${file}.part && mv ${file}.part ${file}`;
  const notify = `notify=["sh","-c",${JSON.stringify(script)},"sh"]`;
  assert.equal((await runExec(setup, ["-c", notify, "hi there"])).code, 0);
  assert.ok(await until(() => existsSync(file), 5000));
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), {
    type: "agent-turn-complete",
    "turn-id": "0",
    "input-messages": ["hi there"],
    "last-assistant-message": "Hello",
  });
});

test("a notify program that cannot be started is told of", options, async (t) => {
  const setup = await setUpExec(t, [HELLO]);
  writeFileSync(join(setup.cwd, "plain"), "", { mode: 0o644 });
  for (const [program, reason] of [
    ["no-such-program", "not found in PATH"],
    [join(setup.cwd, "plain"), "permission denied"],
  ] as const) {
    const notify = `notify=[${JSON.stringify(program)}]`;
    const { code, stderr } = await runExec(setup, ["-c", notify, "hi there"]);
    assert.equal(code, 0);
    assert.ok(stderr.includes(`notify: Cannot start "${program}": ${reason}`), stderr);
  }
});

function sessionFiles({ codexHome }: ExecSetup): readonly string[] {
  const sessions = join(codexHome, "sessions");
  return readdirSync(sessions, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => join(sessions, name));
}
