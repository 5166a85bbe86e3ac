import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ModelClient } from "../../src/model/client.ts";
import { isRecord } from "../../src/model/json-record.ts";
import { shellTool } from "../../src/model/tool-specs.ts";
import type { ModelItem } from "../../src/protocol/model-item.ts";
import {
  assistantMessage,
  COMPLETED,
  CREATED,
  CUT,
  functionCall,
  HANG,
  itemDone,
  needsLoopback,
  respond,
  sseText,
  startModelServer,
  textDelta,
} from "../support/model-server.ts";
import { ask, endpoint, notices, prompt, usage } from "./model-request.ts";

const options = { skip: needsLoopback, timeout: 30_000 };

const helloItem = {
  type: "message",
  id: "msg_1",
  role: "assistant",
  content: [{ type: "output_text", text: "Hello" }],
} as const;

const helloEvents = [
  { kind: "created" },
  { kind: "item-done", item: helloItem },
  { kind: "completed", usage },
] as const;

test("a streamed answer gives its deltas, its item and its token counts", options, async (t) => {
  const server = await startModelServer(t, [
    respond(textDelta("Hel"), textDelta("lo"), assistantMessage("Hello")),
  ]);
  assert.deepEqual(await ask(endpoint(server.url)), {
    events: [
      { kind: "created" },
      { kind: "output-text-delta", delta: "Hel" },
      { kind: "output-text-delta", delta: "lo" },
      { kind: "item-done", item: helloItem },
      { kind: "completed", usage },
    ],
    error: null,
  });
});

test("the request has the headers and the body of the Responses API", options, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("Hello"))]);
  const shell = shellTool({ approvalPolicy: "never", sandboxPolicy: { mode: "read-only" } });
  await ask(endpoint(server.url), undefined, { ...prompt, tools: [shell] });
  const [request] = server.requests;
  assert.ok(request !== undefined);
  const { host: _host, connection: _connection, ...headers } = request.headers;
  assert.deepEqual(
    { method: request.method, path: request.path, headers, body: request.body },
    {
      method: "POST",
      path: "/v1/responses",
      headers: {
        accept: "text/event-stream",
        authorization: "Bearer sk-test",
        "content-length": headers["content-length"],
        "content-type": "application/json",
        "openai-beta": "responses=experimental",
        originator: "codex_cli_rs",
        session_id: prompt.promptCacheKey,
        "user-agent": "codex_cli_rs/0.0.0",
      },
      body: {
        model: "gpt-5",
        instructions: "Be brief",
        input: [
          {
            type: "message",
            id: null,
            role: "user",
            content: [{ type: "input_text", text: "hi" }],
          },
        ],
        tools: [shell],
        tool_choice: "auto",
        parallel_tool_calls: false,
        reasoning: { effort: "medium", summary: "auto" },
        store: true,
        stream: true,
        include: [],
        prompt_cache_key: prompt.promptCacheKey,
      },
    },
  );
});

test("a provider's headers and query are added, a slash at the end is not", options, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("Hello"))]);
  await ask(
    endpoint(`${server.url}//?tenant=a`, {
      apiKey: null,
      headers: { "X-Foo": "bar", "User-Agent": "mine" },
      query: { "api-version": "2025", "a b": "c&d" },
    }),
  );
  const [request] = server.requests;
  assert.equal(request?.path, "/v1/responses?tenant=a&api-version=2025&a+b=c%26d");
  assert.equal(request.headers["x-foo"], "bar");
  assert.equal(request.headers["user-agent"], "mine");
  assert.equal("authorization" in request.headers, false);
});

test("several calls in one answer arrive one by one", options, async (t) => {
  const server = await startModelServer(t, [
    respond(
      functionCall("shell", { command: ["ls"] }, "call_1"),
      functionCall("shell", "{not json", "call_2"),
      itemDone({ type: "web_search_call", id: "ws" }),
    ),
  ]);
  const { events } = await ask(endpoint(server.url));
  assert.deepEqual(events, [
    { kind: "created" },
    {
      kind: "item-done",
      item: {
        type: "function_call",
        id: "fc_call_1",
        name: "shell",
        arguments: `{"command":["ls"]}`,
        call_id: "call_1",
      },
    },
    {
      kind: "item-done",
      item: {
        type: "function_call",
        id: "fc_call_2",
        name: "shell",
        arguments: "{not json",
        call_id: "call_2",
      },
    },
    { kind: "completed", usage },
  ]);
});

test("reasoning comes in parts, raw and summarised", options, async (t) => {
  const server = await startModelServer(t, [
    respond(
      { type: "response.reasoning_summary_part.added" },
      { type: "response.reasoning_summary_text.delta", delta: "sum" },
      { type: "response.reasoning_text.delta", delta: "raw" },
      itemDone({ type: "reasoning", id: "rs", summary: [], encrypted_content: "ENC" }),
    ),
  ]);
  const { events } = await ask(endpoint(server.url));
  assert.deepEqual(events, [
    { kind: "created" },
    { kind: "reasoning-section-break" },
    { kind: "reasoning-summary-delta", delta: "sum" },
    { kind: "reasoning-raw-delta", delta: "raw" },
    {
      kind: "item-done",
      item: { type: "reasoning", id: "rs", summary: [], content: null, encrypted_content: "ENC" },
    },
    { kind: "completed", usage },
  ]);
});

test("a character cut at every byte arrives whole", options, async (t) => {
  const bytes = Buffer.from(sseText(textDelta("a€𝄞é")));
  const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  const server = await startModelServer(t, [{ stream: [...single, COMPLETED] }]);
  const { events } = await ask(endpoint(server.url));
  assert.deepEqual(events, [
    { kind: "output-text-delta", delta: "a€𝄞é" },
    { kind: "completed", usage },
  ]);
});

test("garbage, comments and unknown events are passed over", options, async (t) => {
  const garbage = Buffer.from(
    ": ping\n\ndata: {broken\n\ndata: 7\n\ndata: null\n\nevent: x\n\nretry: 5\n\n\n\ndata: [DONE]\n\n",
  );
  const server = await startModelServer(t, [
    {
      stream: [
        garbage,
        { type: "response.unheard_of", delta: "no" },
        { type: "response.output_text.delta", delta: 7 },
        { type: "response.output_item.done", item: { type: "message" } },
        assistantMessage("Hello"),
        COMPLETED,
      ],
    },
  ]);
  assert.deepEqual((await ask(endpoint(server.url))).events, helloEvents.slice(1));
});

test("the kind of an event may be in its name, lines may end in CR LF", options, async (t) => {
  const text = `event: response.output_text.delta\r\ndata: {"delta":"x"}\r\n\r\n`;
  const server = await startModelServer(t, [{ stream: [Buffer.from(text), COMPLETED] }]);
  assert.deepEqual((await ask(endpoint(server.url))).events, [
    { kind: "output-text-delta", delta: "x" },
    { kind: "completed", usage },
  ]);
});

test("a completed response without token counts has none", options, async (t) => {
  const server = await startModelServer(t, [{ stream: [{ type: "response.completed" }] }]);
  assert.deepEqual(await ask(endpoint(server.url)), {
    events: [{ kind: "completed", usage: null }],
    error: null,
  });
});

test("one very large delta arrives whole", options, async (t) => {
  const delta = "0123456789abcdef".repeat(300_000);
  const server = await startModelServer(t, [respond(textDelta(delta))]);
  const { events } = await ask(endpoint(server.url));
  assert.deepEqual(
    events.map((event) =>
      event.kind === "output-text-delta" ? event.delta === delta : event.kind,
    ),
    ["created", true, "completed"],
  );
});

test("the end of the stream is not awaited once the response is complete", options, async (t) => {
  const server = await startModelServer(t, [
    { stream: [CREATED, assistantMessage("Hello"), COMPLETED, HANG] },
  ]);
  const client = new ModelClient(endpoint(server.url));
  assert.deepEqual((await ask(client)).events, helloEvents);
  await server.requests[0]?.closed; // the client gives up on the rest by itself
});

test("requests of a client share a connection", options, async (t) => {
  const server = await startModelServer(t, [respond(assistantMessage("Hello"))]);
  const client = new ModelClient(endpoint(server.url));
  for (let i = 0; i < 10; i += 1) {
    assert.deepEqual((await ask(client)).events, helloEvents);
    // The end of the bytes may come a moment after the end of the answer.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const ports = new Set(server.requests.map(({ clientPort }) => clientPort));
  assert.ok(ports.size < 10, `${ports.size} connections`);
  client.close();
});

test("a retry sends what the broken stream had already given", options, async (t) => {
  const server = await startModelServer(t, [
    { stream: [CREATED, functionCall("shell", {}, "call_1"), CUT] },
    respond(assistantMessage("Hello")),
  ]);
  const history: ModelItem[] = [];
  const client = new ModelClient(endpoint(server.url));
  const kinds: string[] = [];
  const request = { ...prompt, input: () => history };
  for await (const event of client.stream(request, new AbortController().signal)) {
    kinds.push(event.kind);
    if (event.kind !== "item-done") continue;
    history.push(event.item);
    if (event.item.type === "function_call") {
      history.push({ type: "function_call_output", call_id: event.item.call_id, output: "ran" });
    }
  }
  assert.deepEqual(kinds, [
    "created",
    "item-done",
    "retrying",
    "created",
    "item-done",
    "completed",
  ]);
  const inputs = server.requests.map(({ body }) => (isRecord(body) ? body["input"] : null));
  assert.deepEqual(inputs, [[], history.slice(0, 2)]);
});

test("the time a consumer takes is not the server's silence", options, async (t) => {
  const server = await startModelServer(t, [
    { stream: [functionCall("shell", {}), 50, assistantMessage("Hello"), COMPLETED] },
  ]);
  const client = new ModelClient(endpoint(server.url, { streamIdleTimeoutMs: 400 }));
  const kinds: string[] = [];
  for await (const event of client.stream(prompt, new AbortController().signal)) {
    kinds.push(event.kind);
    if (kinds.length === 1) await new Promise((resolve) => setTimeout(resolve, 900));
  }
  assert.deepEqual(kinds, ["item-done", "item-done", "completed"]);
});

test("leaving the loop closes the connection", options, async (t) => {
  const server = await startModelServer(t, [{ stream: [textDelta("a"), HANG] }]);
  const client = new ModelClient(endpoint(server.url));
  for await (const event of client.stream(prompt, new AbortController().signal)) {
    assert.deepEqual(event, { kind: "output-text-delta", delta: "a" });
    break;
  }
  await server.requests[0]?.closed;
});

test("a file can stand in for the server", { timeout: 10_000 }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "model-client-"));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, "answer.sse");
  const text = [CREATED, assistantMessage("Hello"), COMPLETED]
    .map((data) => sseText(data))
    .join("");
  await writeFile(path, text.trimEnd());
  const fixture = endpoint("http://127.0.0.1:9/v1", { sseFixturePath: path });
  assert.deepEqual(await ask(fixture), { events: helloEvents, error: null });
  const missing = await ask({ ...fixture, sseFixturePath: join(directory, "none") });
  assert.deepEqual(notices(missing).length, 2);
  assert.match(missing.error?.message ?? "", /ENOENT/);
});

test("a proxy of the environment is used, except where it says not to", options, async (t) => {
  const proxy = await startModelServer(t, [respond(assistantMessage("Hello"))]);
  const proxyEnv = { HTTP_PROXY: new URL(proxy.url).origin, NO_PROXY: "127.0.0.1" };
  const far = await ask(endpoint("http://model.invalid/v1", { proxyEnv }));
  assert.deepEqual(far.events, helloEvents);
  assert.equal(proxy.requests[0]?.path, "http://model.invalid/v1/responses");
  const near = await startModelServer(t, [respond(assistantMessage("Hello"))]);
  await ask(endpoint(near.url, { proxyEnv }));
  assert.deepEqual([proxy.requests.length, near.requests.length], [1, 1]);
});
