import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { ModelClient } from "../../src/model/client.ts";
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
