import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  decodeChunk,
  durationFromMs,
  durationToMs,
  encodeChunk,
  encodeEvent,
} from "../../src/protocol/event-encoding.ts";

test("a chunk is standard base64 with padding", () => {
  assert.equal(encodeChunk(new Uint8Array([0xfb, 0xff, 0xfe, 0x0a])), "+//+Cg==");
  assert.equal(encodeChunk(new Uint8Array(0)), "");
});

test("any bytes survive, also as a view into a larger buffer", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(8), (bytes, offset) => {
      const larger = new Uint8Array(bytes.length + offset + 3);
      larger.set(bytes, offset);
      const view = larger.subarray(offset, offset + bytes.length);
      assert.deepEqual(new Uint8Array(decodeChunk(encodeChunk(view))), new Uint8Array(bytes));
    }),
  );
});

test("a duration is whole seconds and the rest in nanoseconds", () => {
  assert.deepEqual(durationFromMs(0), { secs: 0, nanos: 0 });
  assert.deepEqual(durationFromMs(1500), { secs: 1, nanos: 500_000_000 });
  assert.deepEqual(durationFromMs(0.25), { secs: 0, nanos: 250_000 });
  assert.deepEqual(durationFromMs(999.9999999), { secs: 1, nanos: 0 });
  assert.deepEqual(durationFromMs(-4), { secs: 0, nanos: 0 });
  assert.deepEqual(durationFromMs(Number.NaN), { secs: 0, nanos: 0 });
});

test("a duration keeps a microsecond", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), (ms) => {
      assert.ok(Math.abs(durationToMs(durationFromMs(ms)) - ms) < 0.001);
    }),
  );
});

test("an event is one line", () => {
  assert.equal(
    encodeEvent({ id: "1", msg: { type: "agent_message", message: "a\nb\u2028" } }),
    `{"id":"1","msg":{"type":"agent_message","message":"a\\nb\u2028"}}`,
  );
});
