import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer, connect, type Socket } from "node:net";
import { test } from "node:test";
import { ModelClient } from "../../src/model/client.ts";
import { createAgent, postJson } from "../../src/model/http-post.ts";
import {
  assistantMessage,
  COMPLETED,
  CREATED,
  needsLoopback,
  sseText,
} from "../support/model-server.ts";
import { ask, endpoint, notices } from "./model-request.ts";

const options = { skip: needsLoopback, timeout: 30_000 };

const body = [CREATED, assistantMessage("Hello"), COMPLETED].map((data) => sseText(data)).join("");
const answer = `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

test(
  "a kept connection that the server just closed is replaced without a word",
  options,
  async (t) => {
    // Answers the first request of each connection, and resets the connection at the second.
    const sockets: Socket[] = [];
    const resets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      let answered = false;
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        if (!bytes.toString("latin1").startsWith("POST")) return;
        if (answered) {
          resets.push(socket);
          socket.resetAndDestroy();
        } else {
          answered = true;
          socket.write(answer);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    const client = new ModelClient(endpoint(`http://127.0.0.1:${address.port}/v1`));
    for (let i = 0; i < 10 && resets.length === 0; i += 1) {
      const outcome = await ask(client);
      assert.deepEqual([notices(outcome), outcome.error], [[], null]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(resets.length, 1);
    client.close();
  },
);

/** Listens, and never takes a connection: once its queue is full, the kernel drops all knocking. */
const DEAF_SERVER = `
  const server = require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
    require("node:fs").writeSync(1, String(server.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;

test(
  "an address that never answers to a connection is given up in bounded time",
  options,
  async (t) => {
    const child = spawn(process.execPath, ["-e", DEAF_SERVER], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => child.kill("SIGKILL"));
    const port = await new Promise<number>((resolve) =>
      child.stdout.once("data", (bytes: Buffer) => resolve(Number(bytes.toString()))),
    );
    const fillers = Array.from({ length: 4 }, () =>
      connect(port, "127.0.0.1").on("error", () => {}),
    );
    t.after(() => {
      for (const socket of fillers) socket.destroy();
    });
    await new Promise((resolve) => fillers[0]?.once("connect", resolve));
    const url = new URL(`http://127.0.0.1:${port}/v1/responses`);
    const agent = createAgent(url, null);
    t.after(() => agent.destroy());
    const { signal } = new AbortController();
    const post = { url, headers: {}, body: "{}", agent, signal, connectTimeoutMs: 500 };
    const startedAt = performance.now();
    await assert.rejects(postJson(post), {
      kind: "connection",
      message: /responses": ETIMEDOUT$/u,
    });
    assert.ok(performance.now() - startedAt < 10_000);
  },
);
