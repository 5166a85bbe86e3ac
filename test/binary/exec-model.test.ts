/**
 * What the built `codex exec` makes of a model that is good, bad, or out of its mind: for each way
 * to answer the requests sent, the events, the files, and the exit code.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  type ExecSetup,
  jsonLines,
  lineChecker,
  needsExec,
  runExec,
  setUpExec,
} from "../exec-mode/exec-harness.ts";
import {
  assistantMessage,
  COMPLETED,
  CREATED,
  CUT,
  functionCall,
  HANG,
  itemDone,
  respond,
  type ServerAnswer,
  sseText,
  textDelta,
} from "../support/model-server.ts";

const options = { skip: needsExec, timeout: 60_000 };
const DONE = respond(assistantMessage("done"));
/** Each run of it leaves one more line. */
const tick = (id: string) =>
  functionCall("shell", { command: ["bash", "-c", "echo tick >> ticks"] }, id);
const COMMAND = ["exec_command_begin", "exec_command_end"];
const ENDING = ["agent_message", "token_count"];

interface Scenario {
  readonly script: readonly [ServerAnswer, ...ServerAnswer[]];
  readonly config?: string;
  readonly code: number;
  readonly requests: number;
  /** Without the output of commands. */
  readonly events: readonly string[];
  /** Lines in the file that `tick` writes. */
  readonly ticks?: number;
  /** In order, of the last request: calls and their outputs. */
  readonly calls?: readonly string[];
  /** In a message of the stream. */
  readonly words?: RegExp;
  /** Milliseconds between the first two requests, at least. */
  readonly waitsMs?: number;
}

/** One answer, cut after each byte: characters, lines and events. */
const CRUMBS = Array.from(
  Buffer.from(
    [CREATED, textDelta("größe 🦊"), assistantMessage("größe 🦊"), COMPLETED].map(sseText).join(""),
  ),
  (byte) => Uint8Array.of(byte),
);
const HUGE = "🦊".repeat(1_200_000);
const retried = ["task_started", "background_event", ...ENDING];
const failed = ["task_started", "error"];
const status = (code: number, error: object, headers = {}): ServerAnswer => {
  return { status: code, headers, body: { error } };
};

const scenarios: Readonly<Record<string, Scenario>> = {
  "a plain answer": {
    script: [respond(textDelta("do"), textDelta("ne"), assistantMessage("done"))],
    code: 0,
    requests: 1,
    events: ["task_started", ...ENDING],
  },
  "tools over many turns": {
    script: [
      respond(tick("c1")),
      respond(tick("c2")),
      respond(tick("c3")),
      respond(tick("c4")),
      DONE,
    ],
    code: 0,
    requests: 5,
    events: [
      "task_started",
      ...["c1", "c2", "c3", "c4"].flatMap(() => [...COMMAND, "token_count"]),
      ...ENDING,
    ],
    ticks: 4,
    calls: ["c1", "c1 out", "c2", "c2 out", "c3", "c3 out", "c4", "c4 out"],
  },
  "several calls in one answer": {
    script: [respond(tick("c1"), tick("c2"), tick("c3")), DONE],
    code: 0,
    requests: 2,
    events: ["task_started", ...COMMAND, ...COMMAND, ...COMMAND, "token_count", ...ENDING],
    ticks: 3,
    calls: ["c1", "c1 out", "c2", "c2 out", "c3", "c3 out"],
  },
  "an answer in single bytes": {
    script: [{ stream: CRUMBS }],
    code: 0,
    requests: 1,
    events: ["task_started", ...ENDING],
    words: /^größe 🦊$/u,
  },
  "an early close before a tool ran": {
    script: [{ stream: [CREATED, textDelta("do"), CUT] }, respond(tick("c1")), DONE],
    code: 0,
    requests: 3,
    events: ["task_started", "background_event", ...COMMAND, "token_count", ...ENDING],
    ticks: 1,
    words: /^stream error: .*; retrying 1\/1 in \d+ms…$/u,
  },
  "an early close after a tool ran": {
    script: [{ stream: [CREATED, tick("c1"), CUT] }, DONE],
    code: 0,
    requests: 2,
    events: ["task_started", ...COMMAND, "background_event", ...ENDING],
    ticks: 1,
    calls: ["c1", "c1 out"],
  },
  "the end of the stream before the end of the answer": {
    script: [{ stream: [CREATED, textDelta("do")] }, DONE],
    code: 0,
    requests: 2,
    events: retried,
    words: /stream closed before response\.completed; retrying 1\/1/u,
  },
  "a stall": {
    script: [{ stream: [CREATED, textDelta("do"), HANG] }, DONE],
    config: "stream_idle_timeout_ms = 300",
    code: 0,
    requests: 2,
    events: retried,
    words: /idle.*retrying 1\/1/iu,
    waitsMs: 450,
  },
  "a server that accepts and says nothing": {
    script: [{ silent: true }],
    config: "stream_idle_timeout_ms = 300",
    code: 1,
    requests: 2,
    events: ["task_started", "background_event", "error"],
    words: /idle/iu,
  },
  "a long call does not count as silence": {
    script: [
      respond(functionCall("shell", { command: ["bash", "-c", "sleep 1; echo tick >> ticks"] })),
      DONE,
    ],
    config: "stream_idle_timeout_ms = 400",
    code: 0,
    requests: 2,
    events: ["task_started", ...COMMAND, "token_count", ...ENDING],
    ticks: 1,
  },
  "garbage and unknown events": {
    script: [
      {
        stream: [
          CREATED,
          Buffer.from("data: {not json\n\n: a comment\n\nnonsense\n\ndata:\n\nevent: x\n\n"),
          Buffer.from([0x64, 0x61, 0x74, 0x61, 0x3a, 0xff, 0xfe, 0x0a, 0x0a]),
          { type: "response.surprise", value: [1, { two: 3 }] },
          { type: 7 },
          itemDone({ type: "hologram", id: "h1" }),
          itemDone({ type: "message", role: 5 }),
          { type: "response.output_text.delta", delta: 9 },
          assistantMessage("done"),
          COMPLETED,
        ],
      },
    ],
    code: 0,
    requests: 1,
    events: ["task_started", ...ENDING],
  },
  "one huge delta": {
    script: [respond(textDelta(HUGE), assistantMessage(HUGE))],
    code: 0,
    requests: 1,
    events: ["task_started", ...ENDING],
    words: /^🦊{1000}/u,
  },
  "429 with Retry-After": {
    script: [status(429, { message: "slow" }, { "retry-after": "1" }), DONE],
    code: 0,
    requests: 2,
    events: retried,
    words: /429.*slow.*retrying 1\/1 in 1(?:\.\d+)?s…$/u,
    waitsMs: 990,
  },
  "500 once": {
    script: [status(500, { message: "oops" }), DONE],
    code: 0,
    requests: 2,
    events: retried,
    words: /500.*oops.*retrying 1\/1 in \d+ms…$/u,
  },
  "500 for ever": {
    script: [status(500, { message: "oops" })],
    code: 1,
    requests: 2,
    events: ["task_started", "background_event", "error"],
    words: /500.*oops/u,
  },
  "400": {
    script: [status(400, { message: "bad field" })],
    code: 1,
    requests: 1,
    events: failed,
    words: /400.*bad field/u,
  },
  "401": {
    script: [status(401, { message: "wrong key" })],
    code: 1,
    requests: 1,
    events: failed,
    words: /401.*wrong key/u,
  },
  "403": {
    script: [status(403, { message: "not your model" })],
    code: 1,
    requests: 1,
    events: failed,
    words: /403.*not your model/u,
  },
  "404": {
    script: [status(404, { message: "no such model" })],
    code: 1,
    requests: 1,
    events: failed,
    words: /404.*no such model/u,
  },
  "a used-up quota": {
    script: [status(429, { code: "insufficient_quota", message: "pay first" })],
    code: 1,
    requests: 1,
    events: failed,
    words: /pay first/u,
  },
  "a usage limit": {
    script: [status(429, { type: "usage_limit_reached", message: "none left" })],
    code: 1,
    requests: 1,
    events: failed,
    words: /none left/u,
  },
  "a context overflow": {
    script: [status(400, { code: "context_length_exceeded", message: "too long" })],
    code: 1,
    requests: 1,
    events: failed,
    words: /compact/u,
  },
  "a context overflow in the stream": {
    script: [
      {
        stream: [
          CREATED,
          {
            type: "response.failed",
            response: { error: { code: "context_length_exceeded", message: "too long" } },
          },
        ],
      },
    ],
    code: 1,
    requests: 1,
    events: failed,
    words: /compact/u,
  },
  "a connection closed instead of an answer": {
    script: [{ refuse: true }, DONE],
    code: 0,
    requests: 2,
    events: retried,
    words: /retrying 1\/1/u,
  },
  "a call nobody knows, and arguments that are none": {
    script: [respond(functionCall("fly", {}, "c1"), functionCall("shell", "{oops", "c2")), DONE],
    code: 0,
    requests: 2,
    events: ["task_started", "token_count", ...ENDING],
    calls: ["c1", "c1 out", "c2", "c2 out"],
  },
  "an empty answer": {
    script: [respond()],
    code: 0,
    requests: 1,
    events: ["task_started", "token_count"],
  },
};

for (const [name, scenario] of Object.entries(scenarios)) {
  test(name, options, async (t) => {
    const setup = await setUpExec(t, scenario.script, scenario.config);
    const { code, stdout, stderr } = await runExec(setup, ["--full-auto", "--json", "go"]);
    const lines = jsonLines(stdout);
    const check = await lineChecker();
    for (const line of lines)
      assert.equal(check(line), undefined, JSON.stringify(line).slice(0, 300));
    const messages = lines.slice(2).map(messageOf);
    const types = messages
      .map(({ type }) => type)
      .filter((type) => type !== "exec_command_output_delta");
    assert.deepEqual(
      { code, stderr, types, requests: setup.server.requests.length, ticks: ticksIn(setup) },
      {
        code: scenario.code,
        stderr: "",
        types: scenario.events,
        requests: scenario.requests,
        ticks: scenario.ticks ?? 0,
      },
    );
    if (scenario.calls !== undefined) assert.deepEqual(callsIn(setup), scenario.calls);
    const { words } = scenario;
    if (words !== undefined) {
      assert.ok(
        messages.some(({ message }) => words.test(message)),
        stdout.slice(0, 5000),
      );
    }
    const [first, second] = setup.server.requests;
    const waitedMs = (second?.atMs ?? 0) - (first?.atMs ?? 0);
    if (scenario.waitsMs !== undefined) assert.ok(waitedMs >= scenario.waitsMs, `${waitedMs} ms`);
  });
}

function messageOf(line: unknown): { readonly type: string; readonly message: string } {
  assert.ok(typeof line === "object" && line !== null && "msg" in line);
  const { msg } = line;
  assert.ok(typeof msg === "object" && msg !== null && "type" in msg);
  return { type: String(msg.type), message: "message" in msg ? String(msg.message) : "" };
}

function ticksIn({ cwd }: ExecSetup): number {
  const file = join(cwd, "ticks");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;
}

function callsIn({ server }: ExecSetup): readonly string[] {
  const body: unknown = server.requests.at(-1)?.body;
  assert.ok(typeof body === "object" && body !== null && "input" in body);
  assert.ok(Array.isArray(body.input));
  return (body.input as readonly unknown[]).flatMap((item) => {
    if (typeof item !== "object" || item === null || !("call_id" in item)) return [];
    return [`${String(item.call_id)}${"output" in item ? " out" : ""}`];
  });
}
