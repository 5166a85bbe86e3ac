import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { suite, test, type TestContext } from "node:test";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { needsBinary } from "../support/codex-binary.ts";
import { firstReason, needsLinux, needsNetwork } from "../support/skip-reasons.ts";
import { calls, makePlace, ofType, runExec } from "./exec-with-servers.ts";

const options = { skip: firstReason(needsLinux, needsBinary, needsNetwork) };

interface HttpServer {
  readonly url: string;
  /** Method and Authorization of each request. */
  readonly requests: { readonly method: string; readonly authorization: string | undefined }[];
  /** Forgets all sessions, as a server that was started anew. */
  readonly forget: () => void;
}

/** The SDK's own server, with one tool and sessions. `redirect` sends every request elsewhere. */
async function startServer(t: TestContext, redirect?: string): Promise<HttpServer> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const requests: HttpServer["requests"] = [];
  const http = createServer((request, response) => {
    const { method = "", headers } = request;
    requests.push({ method, authorization: headers.authorization });
    if (redirect !== undefined) {
      response.writeHead(307, { location: redirect }).end();
    } else if (headers.authorization !== "Bearer secret") {
      response.writeHead(401).end("no");
    } else {
      void handle(request, response, sessions);
    }
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    http.closeAllConnections();
    http.close();
  });
  const address = http.address();
  assert.ok(address !== null && typeof address === "object");
  return {
    url: `http://127.0.0.1:${address.port}/mcp`,
    requests,
    forget: () => sessions.clear(),
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  sessions: Map<string, StreamableHTTPServerTransport>,
): Promise<void> {
  const id = request.headers["mcp-session-id"];
  const known = typeof id === "string" ? sessions.get(id) : undefined;
  if (known !== undefined) return known.handleRequest(request, response);
  if (id !== undefined) {
    response.writeHead(404).end("no such session");
    return;
  }
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: () => `session-${Math.random()}`,
    onsessioninitialized: (made) => {
      sessions.set(made, transport);
    },
  });
  const server = new Server({ name: "web", version: "1" }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: [{ name: "greet", inputSchema: { type: "object" as const } }],
  }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
    const hasToForget = params.arguments?.["forget"] === true;
    if (hasToForget) sessions.clear();
    return { content: [{ type: "text", text: "hello" }] };
  });
  await server.connect(transport);
  await transport.handleRequest(request, response);
}

/** One that was just free: nobody listens there. */
async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  await new Promise((resolve) => server.close(resolve));
  return address.port;
}

function table(url: string): string {
  return `url = "${url}"\nbearer_token_env_var = "WEB_TOKEN"`;
}

suite("servers that are reached by HTTP", options, () => {
  test("the token of the variable opens it, and the session is ended at the end", async (t) => {
    const server = await startServer(t);
    const run = await runExec(t, {
      place: makePlace(t),
      servers: { web: table(server.url) },
      script: calls(["web__greet", {}]),
      env: { WEB_TOKEN: "secret" },
    });
    assert.deepEqual(run.outputs, ['[{"type":"text","text":"hello"}]']);
    assert.deepEqual(
      server.requests.filter(({ authorization }) => authorization !== "Bearer secret"),
      [],
    );
    assert.equal(server.requests.at(-1)?.method, "DELETE");
  });

  test("a session that the server has forgotten is opened once more", async (t) => {
    const server = await startServer(t);
    const run = await runExec(t, {
      place: makePlace(t),
      servers: { web: table(server.url) },
      script: calls(["web__greet", { forget: true }], ["web__greet", {}], ["web__greet", {}]),
      env: { WEB_TOKEN: "secret" },
    });
    assert.equal(run.outputs[0], '[{"type":"text","text":"hello"}]');
    assert.match(run.outputs[1] ?? "", /^tool call error: .*no such session/);
    assert.equal(run.outputs[2], '[{"type":"text","text":"hello"}]');
    const [news] = ofType(run.messages, "background_event");
    assert.match(news?.message ?? "", /^MCP server `web` is gone and is started again: /);
  });

  const failures: readonly (readonly [string, NodeJS.ProcessEnv, RegExp])[] = [
    ["no token", {}, /the environment variable WEB_TOKEN for its bearer token is not set$/],
    ["a wrong token", { WEB_TOKEN: "wrong" }, /401|no$|Unauthorized/],
  ];
  for (const [name, env, reason] of failures) {
    test(`${name}: the server fails, the turn does not, and no token is told`, async (t) => {
      const server = await startServer(t);
      const run = await runExec(t, {
        place: makePlace(t),
        servers: { web: table(server.url) },
        script: calls(),
        env,
      });
      assert.equal(run.code, 0);
      const [error] = ofType(run.messages, "error");
      assert.match(error?.message ?? "", /^MCP client for `web` failed to start: /);
      assert.match(error?.message ?? "", reason);
      assert.doesNotMatch(error?.message ?? "", /Bearer|wrong/);
    });
  }

  test("nobody there: told at once with the reason", async (t) => {
    const run = await runExec(t, {
      place: makePlace(t),
      servers: { web: `url = "http://127.0.0.1:${await unusedPort()}/mcp"` },
      script: calls(),
    });
    assert.deepEqual(
      ofType(run.messages, "error").map(({ message }) => message),
      ["MCP client for `web` failed to start: it cannot be reached: ECONNREFUSED"],
    );
  });

  test("a redirect to another place does not get the token", async (t) => {
    const target = await startServer(t);
    const server = await startServer(t, target.url);
    const run = await runExec(t, {
      place: makePlace(t),
      servers: { web: table(server.url) },
      script: calls(),
      env: { WEB_TOKEN: "secret" },
    });
    assert.equal(ofType(run.messages, "error").length, 1);
    assert.deepEqual(target.requests, []);
  });
});
