import assert from "node:assert/strict";
import { suite, test } from "node:test";

import {
  limitDeltas,
  MAX_DELTA_BYTES,
  MAX_DELTAS,
  type OutputStream,
} from "../../src/process/output-deltas.ts";

suite("limitDeltas", () => {
  test("passes small pieces on as they are", () => {
    const seen: [OutputStream, string][] = [];
    const listen = limitDeltas((stream, bytes) =>
      seen.push([stream, Buffer.from(bytes).toString()]),
    );
    listen("stdout", Buffer.from("one"));
    listen("stderr", Buffer.from("two"));
    listen("stdout", Buffer.from(""));
    assert.deepEqual(seen, [
      ["stdout", "one"],
      ["stderr", "two"],
    ]);
  });

  test("cuts large ones", () => {
    const sizes: number[] = [];
    const listen = limitDeltas((_stream, bytes) => sizes.push(bytes.length));
    listen("stdout", new Uint8Array(2 * MAX_DELTA_BYTES + 1));
    listen("stdout", new Uint8Array(MAX_DELTA_BYTES));
    assert.deepEqual(sizes, [MAX_DELTA_BYTES, MAX_DELTA_BYTES, 1, MAX_DELTA_BYTES]);
  });

  test("counts both pipes together and stops at the limit", () => {
    let count = 0;
    const listen = limitDeltas(() => {
      count += 1;
    });
    for (let index = 0; index < MAX_DELTAS; index += 1) {
      listen(index % 2 === 0 ? "stdout" : "stderr", new Uint8Array(MAX_DELTA_BYTES * 2));
    }
    assert.equal(count, MAX_DELTAS);
  });
});
