/** Bytes of a response: in order, no more of them waiting than allowed, an end that is told. */
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { ResponseBytes } from "../../src/model/response-bytes.ts";

const PIECE = Buffer.alloc(16 * 1024, "x");

/** A source of so many pieces, and how many of them it was asked for. */
function pieces(count: number): { readonly source: Readable; readonly asked: () => number } {
  let asked = 0;
  const source = new Readable({
    read() {
      asked += 1;
      this.push(asked <= count ? PIECE : null);
    },
  });
  return { source, asked: () => asked };
}

test("a reader that is busy makes the source wait, and gets everything", async () => {
  const { source, asked } = pieces(1000);
  const bytes = new ResponseBytes(source);
  assert.equal((await bytes.next()).done, false);
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  assert.ok(asked() < 20, `${asked()} pieces of 16 KiB were read ahead`);
  let size = PIECE.length;
  for await (const piece of bytes) size += piece.length;
  assert.equal(size, 1000 * PIECE.length);
  assert.deepEqual(await bytes.next(), { done: true, value: undefined });
});

test("a reader that leaves does not close the source, which can be drained", async () => {
  const { source } = pieces(100);
  const bytes = new ResponseBytes(source);
  for await (const piece of bytes) {
    assert.equal(piece.length, PIECE.length);
    break;
  }
  assert.equal(source.destroyed, false);
  const end = new Promise((resolve) => source.once("end", resolve));
  source.resume();
  await end;
});

test("a failure is told once, after what came before it, and is no failure of the process", async () => {
  const source = new Readable({ read() {} });
  const bytes = new ResponseBytes(source);
  source.push(PIECE);
  await new Promise(setImmediate);
  source.destroy(new Error("cut"));
  assert.equal((await bytes.next()).done, false);
  await assert.rejects(bytes.next(), /cut/u);
});

test("a source that closes before its end has failed", async () => {
  const source = new Readable({ read() {} });
  const bytes = new ResponseBytes(source);
  const next = bytes.next();
  source.destroy();
  await assert.rejects(next, { code: "ERR_STREAM_PREMATURE_CLOSE" });
});
