import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";

import { countLineEnds, OutputCapture } from "../../src/process/output-capture.ts";

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) =>
  // Many line ends.
  array.map((byte) => (byte % 4 === 0 ? 0x0a : byte)),
);

function capture(chunks: readonly Uint8Array[], headBytes: number, tailBytes: number) {
  const output = new OutputCapture({ headBytes, tailBytes });
  for (const chunk of chunks) output.add(chunk, countLineEnds(chunk));
  return output.result();
}

suite("OutputCapture", () => {
  test("keeps the beginning and the end of any pieces, and counts what is between them", () => {
    fc.assert(
      fc.property(fc.array(bytes), fc.nat(30), fc.nat(30), (chunks, headBytes, tailBytes) => {
        const all = Buffer.concat(chunks);
        const isCut = all.length > headBytes + tailBytes;
        const head = isCut ? all.subarray(0, headBytes) : all;
        const tail = isCut ? all.subarray(all.length - tailBytes) : Buffer.alloc(0);
        const omitted = isCut ? all.subarray(headBytes, all.length - tailBytes) : Buffer.alloc(0);
        const result = capture(chunks, headBytes, tailBytes);
        assert.deepEqual(
          { ...result, head: Buffer.from(result.head), tail: Buffer.from(result.tail) },
          {
            head: Buffer.from(head),
            tail: Buffer.from(tail),
            totalBytes: all.length,
            totalLines: countLineEnds(all),
            omittedBytes: omitted.length,
            omittedLines: countLineEnds(omitted),
          },
        );
      }),
    );
  });

  test("copies what it keeps", () => {
    const chunk = Buffer.from("first");
    const output = new OutputCapture({ headBytes: 3, tailBytes: 2 });
    output.add(chunk, 0);
    chunk.fill("x");
    assert.equal(Buffer.from(output.result().head).toString(), "first");
  });

  test("takes memory for what is there, not for what may come", () => {
    const before = process.memoryUsage().arrayBuffers;
    const captures = Array.from({ length: 100 }, () => {
      const output = new OutputCapture({ headBytes: 1_000_000, tailBytes: 1_000_000 });
      output.add(Buffer.from("short\n"), 1);
      return output;
    });
    const grown = process.memoryUsage().arrayBuffers - before;
    assert.ok(grown < 1_000_000, `${grown} bytes for ${captures.length} short outputs`);
  });
});
