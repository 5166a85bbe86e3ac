import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { ModelClient } from "../../src/model/client.ts";
import type { ModelErrorKind } from "../../src/model/model-error.ts";
import {
  assistantMessage,
  COMPLETED,
  CREATED,
  CUT,
  HANG,
  needsLoopback,
  respond,
  type ServerAnswer,
  startModelServer,
  textDelta,
} from "../support/model-server.ts";
import { ask, endpoint, notices, type Outcome, prompt } from "./model-request.ts";

const options = { skip: needsLoopback, timeout: 30_000 };

const ok = respond(assistantMessage("Hello"));
const once = { requestMaxRetries: 1, streamMaxRetries: 1 } as const;

function failed(code: string | null, message: string): ServerAnswer {
  const error = code === null ? null : { code, message };
  return { stream: [CREATED, { type: "response.failed", response: { id: "r", error } }] };
}

function kindsOf(outcome: Outcome): readonly string[] {
  return outcome.events.map((event) => event.kind);
}

// What ends a turn at once: one request, no notice, the server's own words.
const fatal: readonly {
  readonly name: string;
  readonly answer: ServerAnswer;
  readonly kind: ModelErrorKind;
  readonly status: number | null;
  readonly message: string;
}[] = [
  {
    name: "400",
    answer: { status: 400, body: { error: { message: "bad request here", type: "x" } } },
    kind: "bad-request",
    status: 400,
    message: "unexpected status 400 Bad Request: bad request here",
  },
  {
    name: "401",
    answer: { status: 401, body: { error: { message: "Incorrect API key" } } },
    kind: "unauthorized",
    status: 401,
    message: "unexpected status 401 Unauthorized: Incorrect API key",
  },
  {
    name: "401 that repeats the key",
    answer: { status: 401, body: { error: { message: "Incorrect API key: sk-test" } } },
    kind: "unauthorized",
    status: 401,
    message: "unexpected status 401 Unauthorized: Incorrect API key: [API key]",
  },
  {
    name: "403 of a proxy",
    answer: { status: 403, body: "<h1>no</h1>" },
    kind: "unauthorized",
    status: 403,
    message: "unexpected status 403 Forbidden: <h1>no</h1>",
  },
  {
    name: "404 without words",
    answer: { status: 404, body: "" },
    kind: "not-found",
    status: 404,
    message: "unexpected status 404 Not Found",
  },
  {
    name: "context overflow as a status",
    answer: {
      status: 400,
      body: { error: { message: "Too many tokens", code: "context_length_exceeded" } },
    },
    kind: "context-overflow",
    status: 400,
    message:
      "Conversation is too long for the model, compact it or start a new one: Too many tokens",
  },
  {
    name: "context overflow in the stream",
    answer: failed("context_length_exceeded", "Your input exceeds the context window."),
    kind: "context-overflow",
    status: null,
    message:
      "Conversation is too long for the model, compact it or start a new one: Your input exceeds the context window.",
  },
  {
    name: "usage limit",
    answer: {
      status: 429,
      body: {
        error: {
          type: "usage_limit_reached",
          message: "No more",
          plan_type: "plus",
          resets_in_seconds: 3700,
        },
      },
    },
    kind: "usage-limit",
    status: 429,
    message: `Usage limit of plan "plus" reached, it resets in 1 h 2 min: No more`,
  },
  {
    name: "quota in the stream",
    answer: failed("insufficient_quota", "You exceeded your current quota"),
    kind: "usage-limit",
    status: null,
    message: "Usage limit reached: You exceeded your current quota",
  },
  {
    name: "invalid prompt in the stream",
    answer: failed("invalid_prompt", "Not like this"),
    kind: "bad-request",
    status: null,
    message: "Not like this",
  },
];

for (const { name, answer, kind, status, message } of fatal) {
  test(`${name} is fatal at once`, options, async (t) => {
    const server = await startModelServer(t, [answer, ok]);
    const outcome = await ask(endpoint(server.url));
    assert.equal(server.requests.length, 1);
    assert.deepEqual(notices(outcome), []);
    assert.deepEqual(
      {
        kind: outcome.error?.kind,
        status: outcome.error?.status,
        message: outcome.error?.message,
        retryable: outcome.error?.retryable,
      },
      { kind, status, message, retryable: false },
    );
  });
}

// Not a stream at all: asking again would bring the same.
const PAGE = "<!DOCTYPE html>\n<title>Sign in\u001b[2J\u202e</title>sk-test";
const notStreams: readonly (readonly [name: string, type: string, body: unknown, shown: string])[] =
  [
    [
      "a page",
      "Text/HTML; charset=utf-8",
      PAGE,
      "text/html instead of a stream of events: <!DOCTYPE html> <title>Sign in<U+001B>[2J<U+202E></title>[API key]",
    ],
    [
      "a long page",
      "text/html",
      "x".repeat(100_000),
      `text/html instead of a stream of events: ${"x".repeat(120)}…`,
    ],
    ["an empty page", "text/html", "", "text/html instead of a stream of events: it is empty"],
    [
      "a JSON error",
      "application/json",
      { error: { message: "no such model" } },
      "application/json instead of a stream of events: no such model",
    ],
    [
      "a JSON problem",
      "application/problem+json",
      { detail: "gone" },
      "application/problem+json instead of a stream of events: gone",
    ],
    [
      "a JSON answer",
      "application/json",
      { object: "response" },
      'application/json instead of a stream of events: {"object":"response"}',
    ],
  ];

for (const [name, type, body, shown] of notStreams) {
  test(`${name} with status 200 is fatal at once`, options, async (t) => {
    const server = await startModelServer(t, [
      { status: 200, headers: { "content-type": type }, body },
      ok,
    ]);
    const { error, events } = await ask(endpoint(`${server.url}?token=secret`));
    assert.equal(server.requests.length, 1);
    assert.deepEqual(events, []);
    assert.deepEqual(
      { kind: error?.kind, status: error?.status, message: error?.message },
      {
        kind: "not-a-stream",
        status: 200,
        message: `"${server.url}/responses" answered with ${shown}; check base_url of the model provider`,
      },
    );
  });
}

test("a quota that a JSON document tells of is a quota", options, async (t) => {
  const error = { code: "insufficient_quota", message: "You exceeded your current quota" };
  const server = await startModelServer(t, [{ status: 200, body: { error } }, ok]);
  const outcome = await ask(endpoint(server.url));
  assert.equal(outcome.error?.kind, "usage-limit");
  assert.equal(server.requests.length, 1);
});

for (const type of ["application/x-ndjson", "text/plain", "application/json", "text/html", ""]) {
  test(`events are read as such under the type "${type}"`, options, async (t) => {
    const server = await startModelServer(t, [{ ...ok, headers: { "content-type": type } }]);
    const outcome = await ask(endpoint(server.url));
    assert.equal(outcome.error, null);
    assert.equal(outcome.events.at(-1)?.kind, "completed");
  });
}

test("events under a wrong type may come in any pieces", options, async (t) => {
  const events = ok.stream.map((step) => `data: ${JSON.stringify(step)}\n\n`);
  const text = `\n: hello\n\n${events.join("")}`;
  const pieces = text.split("").map((character) => Buffer.from(character));
  const server = await startModelServer(t, [
    { stream: pieces, headers: { "content-type": "application/json" } },
  ]);
  const outcome = await ask(endpoint(server.url));
  assert.equal(outcome.error, null);
  assert.equal(outcome.events.at(-1)?.kind, "completed");
});

// What is tried again: a notice, then the answer.
const passing: readonly (readonly [name: string, answer: ServerAnswer, notice: string])[] = [
  [
    "500",
    { status: 500, body: { error: { message: "boom" } } },
    "unexpected status 500 Internal Server Error: boom",
  ],
  [
    "502 in plain text",
    { status: 502, body: "bad gateway" },
    "unexpected status 502 Bad Gateway: bad gateway",
  ],
  [
    "an early end",
    { stream: [CREATED] },
    "stream disconnected before completion: stream closed before response.completed",
  ],
  ["a cut socket", { stream: [CREATED, CUT] }, "stream disconnected before completion: ECONNRESET"],
  [
    "an incomplete response",
    {
      stream: [
        {
          type: "response.incomplete",
          response: { incomplete_details: { reason: "max_output_tokens" } },
        },
      ],
    },
    "stream disconnected before completion: the response is incomplete (max_output_tokens)",
  ],
  [
    "a failure without words",
    failed(null, ""),
    "stream disconnected before completion: the server reported a failure without saying which",
  ],
  [
    "an error event",
    { stream: [{ type: "error", code: "server_error", message: "try later" }] },
    "stream disconnected before completion: try later",
  ],
];

for (const [name, answer, notice] of passing) {
  test(`${name} is tried again and reported`, options, async (t) => {
    const server = await startModelServer(t, [answer, ok]);
    const outcome = await ask(endpoint(server.url));
    assert.deepEqual(notices(outcome), [`stream error: ${notice}; retrying 1/2 in <delay>…`]);
    assert.equal(outcome.error, null);
    assert.deepEqual(kindsOf(outcome).slice(-3), ["created", "item-done", "completed"]);
    assert.equal(server.requests.length, 2);
  });
}

test(
  "a server that always fails is asked as often as the larger limit says",
  options,
  async (t) => {
    const server = await startModelServer(t, [
      { status: 503 },
      { stream: [CREATED] },
      { status: 503 },
    ]);
    const outcome = await ask(endpoint(server.url, { requestMaxRetries: 2, streamMaxRetries: 3 }));
    assert.equal(server.requests.length, 3);
    assert.equal(outcome.error?.status, 503);
    assert.deepEqual(
      notices(outcome).map((notice) => /\d+\/\d+/.exec(notice)?.[0]),
      ["1/2", "2/3"],
    );
  },
);

test("the back-off doubles", options, async (t) => {
  const server = await startModelServer(t, [{ stream: [CREATED, CUT] }]);
  const outcome = await ask(endpoint(server.url, { streamMaxRetries: 3 }));
  assert.equal(server.requests.length, 4);
  const delays = outcome.events.map((event) => (event.kind === "retrying" ? event.delayMs : null));
  const waits = server.requests.map(({ atMs }, i) => atMs - (server.requests[i - 1]?.atMs ?? atMs));
  delays
    .filter((delay) => delay !== null)
    .forEach((delay, i) => {
      const base = 200 * 2 ** i;
      assert.ok(delay >= base * 0.9 && delay <= base * 1.1, `${delay}`);
      assert.ok((waits[i + 1] ?? 0) >= delay - 2);
    });
});

test("no retries means one request", options, async (t) => {
  const server = await startModelServer(t, [{ stream: [CREATED] }]);
  const outcome = await ask(endpoint(server.url, { streamMaxRetries: 0 }));
  assert.deepEqual(notices(outcome), []);
  assert.equal(
    outcome.error?.message,
    "stream disconnected before completion: stream closed before response.completed",
  );
});

for (const wireApi of ["responses", "chat"] as const) {
  test(`Retry-After is obeyed on the ${wireApi} wire`, options, async (t) => {
    const server = await startModelServer(t, [
      { status: 429, headers: { "retry-after": "1" }, body: { error: { message: "slow" } } },
      { status: 401 },
    ]);
    const outcome = await ask(endpoint(server.url, { wireApi }));
    const expected =
      "stream error: unexpected status 429 Too Many Requests: slow; retrying 1/2 in 1s…";
    assert.deepEqual(
      outcome.events.map((event) => (event.kind === "retrying" ? event.message : event.kind)),
      [expected],
    );
    const [first, second] = server.requests;
    assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) >= 990);
  });

  test(`"try again in" is obeyed on the ${wireApi} wire`, options, async (t) => {
    const error = { code: "rate_limit_exceeded", message: "Please try again in 0.35s. Visit x" };
    const inStream =
      wireApi === "chat" ? { error } : { type: "response.failed", response: { error } };
    const server = await startModelServer(t, [
      { stream: [inStream] },
      { status: 429, body: { error } },
      { status: 401 },
    ]);
    const outcome = await ask(endpoint(server.url, { wireApi }));
    assert.deepEqual(
      outcome.events.map((event) => (event.kind === "retrying" ? event.delayMs : event.kind)),
      [350, 350],
    );
  });
}

test("a silent stream ends at the idle limit", options, async (t) => {
  const server = await startModelServer(t, [{ stream: [CREATED, HANG] }, ok]);
  const outcome = await ask(endpoint(server.url, { streamIdleTimeoutMs: 150 }));
  assert.deepEqual(notices(outcome), [
    "stream error: stream disconnected before completion: idle timeout, nothing came for 150 ms; retrying 1/2 in <delay>…",
  ]);
  assert.equal(outcome.error, null);
  await server.requests[0]?.closed;
});

test("the idle limit covers the wait for headers", options, async (t) => {
  const server = await startModelServer(t, [{ silent: true }]);
  const outcome = await ask(endpoint(server.url, { ...once, streamIdleTimeoutMs: 150 }));
  assert.equal(server.requests.length, 2);
  assert.equal(outcome.error?.kind, "idle-timeout");
  await Promise.all(server.requests.map(({ closed }) => closed));
});

test("comments do not count as a sign of life", options, async (t) => {
  const pings = Array.from({ length: 40 }, () => [Buffer.from(": ping\n\n"), 50]).flat();
  const server = await startModelServer(t, [{ stream: [CREATED, ...pings, HANG] }]);
  const limits = { streamMaxRetries: 0, streamIdleTimeoutMs: 300 };
  assert.equal((await ask(endpoint(server.url, limits))).error?.kind, "idle-timeout");
});

test("slow events within the limit are no silence", options, async (t) => {
  const slow = Array.from({ length: 6 }, () => [textDelta("a"), 100]).flat();
  const server = await startModelServer(t, [{ stream: [...slow, COMPLETED] }]);
  const outcome = await ask(endpoint(server.url, { streamIdleTimeoutMs: 450 }));
  assert.deepEqual(notices(outcome), []);
  assert.equal(outcome.events.length, 7);
});

test("nobody listening is reported with the address", options, async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  await new Promise((resolve) => server.close(resolve));
  t.diagnostic(`port ${address.port}`);
  const url = `http://user:secret@127.0.0.1:${address.port}/v1?token=secret`;
  const outcome = await ask(endpoint(url, once));
  const message = `Cannot reach "http://127.0.0.1:${address.port}/v1/responses": ECONNREFUSED`;
  assert.deepEqual(notices(outcome), [`stream error: ${message}; retrying 1/1 in <delay>…`]);
  assert.equal(outcome.error?.message, message);
  assert.equal(outcome.error.kind, "connection");
});

test("a connection closed instead of an answer is tried again", options, async (t) => {
  const server = await startModelServer(t, [{ refuse: true }, ok]);
  const outcome = await ask(endpoint(server.url));
  assert.equal(notices(outcome).length, 1);
  assert.equal(outcome.error, null);
});

for (const status of [301, 302, 303, 307, 308]) {
  test(`a redirect with ${status} is not followed`, options, async (t) => {
    const other = await startModelServer(t, [ok]);
    const server = await startModelServer(t, [
      { status, headers: { location: `${other.url}/responses` } },
    ]);
    const outcome = await ask(endpoint(server.url));
    assert.deepEqual([server.requests.length, other.requests.length], [1, 0]);
    assert.equal(outcome.error?.kind, "redirect");
    assert.equal(outcome.error.status, status);
    assert.equal(
      outcome.error.message,
      `Cannot follow the redirect of "${server.url}/responses" to host "${new URL(other.url).host}": nothing is sent on to another address, set base_url to the final address`,
    );
  });
}

for (const [what, answer] of [
  ["silent before its headers", { silent: true }],
  ["silent after its first event", { stream: [CREATED, HANG] }],
] as const) {
  test(`an abort closes the socket of a server ${what}`, options, async (t) => {
    const server = await startModelServer(t, [answer]);
    const controller = new AbortController();
    const outcome = ask(endpoint(server.url), controller.signal);
    await received(server.requests);
    controller.abort();
    assert.equal((await outcome).error?.kind, "aborted");
    assert.equal((await outcome).error?.message, "Model request aborted");
    await server.requests[0]?.closed;
    assert.equal(server.requests.length, 1);
  });
}

test("an abort ends the pause before a retry", options, async (t) => {
  const server = await startModelServer(t, [
    { status: 429, headers: { "retry-after": "20" }, body: {} },
  ]);
  const controller = new AbortController();
  const client = new ModelClient(endpoint(server.url));
  const kinds: string[] = [];
  await assert.rejects(async () => {
    for await (const event of client.stream(prompt, controller.signal)) {
      kinds.push(event.kind);
      setImmediate(() => controller.abort());
    }
  }, /Model request aborted/);
  assert.deepEqual(kinds, ["retrying"]);
});

test("an abort while the consumer is busy stops what is already here", options, async (t) => {
  const server = await startModelServer(t, [respond(textDelta("a"), textDelta("b"))]);
  const controller = new AbortController();
  const client = new ModelClient(endpoint(server.url));
  const kinds: string[] = [];
  await assert.rejects(async () => {
    for await (const event of client.stream(prompt, controller.signal)) {
      kinds.push(event.kind);
      controller.abort();
    }
  }, /Model request aborted/);
  assert.deepEqual(kinds, ["created"]);
});

test("an abort before the start asks nobody", options, async (t) => {
  const server = await startModelServer(t, [ok]);
  const outcome = await ask(endpoint(server.url), AbortSignal.abort());
  assert.equal(outcome.error?.kind, "aborted");
  assert.equal(server.requests.length, 0);
});

for (const [name, changes, message] of [
  [
    "no address",
    { baseUrl: "localhost" },
    `Cannot use base_url of model provider "scripted": not an http or https address`,
  ],
  [
    "a foreign scheme",
    { baseUrl: "file:///etc" },
    `Cannot use base_url of model provider "scripted": not an http or https address`,
  ],
  [
    "a broken header",
    { baseUrl: "http://127.0.0.1:9/v1", apiKey: "sk-\nsecret" },
    `Cannot send a request to "http://127.0.0.1:9/v1/responses": Invalid character in header content ["authorization"]`,
  ],
] as const) {
  test(`${name} is a fault of the configuration`, options, async () => {
    const outcome = await ask(endpoint("", changes));
    assert.deepEqual(
      [outcome.error?.kind, outcome.error?.message, outcome.events],
      ["bad-endpoint", message, []],
    );
  });
}

/** Until a request is there; the test's own time limit bounds it. */
async function received(requests: readonly unknown[]): Promise<void> {
  while (requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
}
