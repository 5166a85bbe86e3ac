import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type SseMessage, sseMessages, WholeEvents } from "../../src/model/sse-messages.ts";

async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const size of sizes) {
    if (start >= bytes.length) return;
    yield bytes.subarray(start, start + size);
    start += size;
  }
  yield bytes.subarray(start);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function read(text: string, sizes: readonly number[]): Promise<SseMessage[]> {
  const messages = await all(sseMessages(cut(Buffer.from(text), sizes)));
  return messages.map(({ event, data }) => ({ event, data }));
}

test("events have a name and data, comments have neither", async () => {
  assert.deepEqual(await read("event: a\ndata: 1\n\n: no\n\ndata: 2\ndata:3\n\n", []), [
    { event: "a", data: "1" },
    { event: null, data: "2\n3" },
  ]);
});

test("the last event needs no blank line", async () => {
  assert.deepEqual(await read("data: 1\n\ndata: 2", []), [
    { event: null, data: "1" },
    { event: null, data: "2" },
  ]);
  assert.deepEqual(await read("", []), []);
});

const line = fc.stringMatching(/^[ -~€𝄞é]{0,12}$/u);

test("how the bytes are cut makes no difference", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 8 }),
      fc.constantFrom("\n", "\r\n", "\r"),
      fc.array(fc.integer({ min: 1, max: 9 })),
      async (lines, end, sizes) => {
        const text = lines.map((data) => `data: ${data}${end}${end}`).join("");
        const expected = lines.map((data) => ({ event: null, data: data.replace(/^ /, " ") }));
        assert.deepEqual(await read(text, sizes), expected);
      },
    ),
  );
});

test("pieces end where events end, and nothing is lost", async () => {
  const pieces = await all(
    new WholeEvents(cut(Buffer.from("data: 1\n\ndata: 2\n\ndata"), [3, 8, 4])),
  );
  const texts = pieces.map((piece) => Buffer.from(piece).toString());
  assert.deepEqual(texts, ["data: 1\n\n", "data: 2\n\n", "data\n\n"]);
});

test("many events in one piece are handed on in small pieces", async () => {
  const text = "data: 0123456789\n\n".repeat(10_000);
  const pieces = await all(new WholeEvents(cut(Buffer.from(text), [])));
  assert.equal(Buffer.concat(pieces).toString(), text);
  assert.ok(pieces.every((piece) => piece.length < 8192 && piece.length % 18 === 0));
});

test("an event without end is refused before it fills the memory", async () => {
  const endless = cut(
    Buffer.alloc(4000, "x"),
    Array.from({ length: 39 }, () => 100),
  );
  await assert.rejects(all(new WholeEvents(endless, 1000)), {
    name: "ModelError",
    message: "stream disconnected before completion: an event exceeds 1000 bytes",
  });
});

test("an answer without end is refused, however small its events", async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield* cut(Buffer.from("data: 0123456789\n\n"), []);
  }
  await assert.rejects(all(new WholeEvents(endless(), 1000, 1500)), {
    name: "ModelError",
    message: "stream disconnected before completion: the answer exceeds 1500 bytes",
  });
});

test("an event that comes byte by byte takes the memory of its bytes", async () => {
  const length = 300_000;
  let left = length;
  const sizes = new Set<number>();
  const onePiece = Buffer.alloc(64 * 1024, "x");
  const bytes: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => bytes,
    next: () => {
      left -= 1;
      if (left % 10_000 === 0) sizes.add(process.memoryUsage().heapUsed);
      if (left < 0) return Promise.resolve({ done: true, value: undefined });
      return Promise.resolve({ done: false, value: onePiece.subarray(0, 1) });
    },
  };
  const [event] = await all(new WholeEvents(bytes));
  assert.equal(event?.length, length + 2);
  const grown = Math.max(...sizes) - Math.min(...sizes);
  assert.ok(grown < 60 * 1024 * 1024, `${grown} bytes`);
});
