import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";

import {
  brand,
  bytesOf,
  byteStringFromBytes,
  byteStringFromText,
  quoted,
  textOf,
} from "../../src/runtime/byte-string.ts";
import { needsLinux } from "../support/skip-reasons.ts";
import { pinnedNode, projectRoot } from "../support/codex-binary.ts";
import { run } from "../support/run.ts";

suite("ByteString", () => {
  test("keeps any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        assert.deepEqual(new Uint8Array(bytesOf(byteStringFromBytes(bytes))), bytes);
      }),
    );
  });

  test("keeps any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        assert.equal(textOf(byteStringFromText(text)), text.toWellFormed());
      }),
    );
  });

  test("takes the part of a buffer that a view shows", () => {
    const whole = Uint8Array.of(65, 66, 67, 68);
    assert.equal(byteStringFromBytes(whole.subarray(1, 3)), "BC");
  });

  test("shows invalid UTF-8 as U+FFFD, for people only", () => {
    assert.equal(textOf(brand("a\xffb")), "a\ufffdb");
  });
});

test("quoted puts one value on one line, from bytes or from text", () => {
  assert.equal(quoted(byteStringFromText('é\n"x"')), '"é\\n\\"x\\""');
  assert.equal(quoted("日本"), '"日本"');
  assert.equal(quoted(brand("\x1b[31m")), '"\\u001b[31m"');
});

suite("readProcList", { skip: needsLinux }, () => {
  const source = `
    import { readProcList } from ${JSON.stringify(`${projectRoot}/src/runtime/byte-string.ts`)};
    console.log(JSON.stringify([readProcList("cmdline"), readProcList("environ")]));`;
  const list = ["--input-type=module-typescript", "-e", source];

  test("gives arguments and environment byte for byte", async () => {
    // printf makes the bytes, since Node's own spawn takes text only.
    const script = `exec env -i "A=$(printf '\\377')" B= "$0" "$@" "$(printf 'x\\376')" ''`;
    const ended = await run(["sh", "-c", script, pinnedNode, ...list]);
    assert.equal(ended.stderr, "");
    const decoded: unknown = JSON.parse(ended.stdout);
    assert.deepEqual(decoded, [
      [pinnedNode, ...list, "x\xfe", ""],
      ["A=\xff", "B="],
    ]);
  });

  test("gives an empty environment as an empty list", async () => {
    const ended = await run(["env", "-i", pinnedNode, ...list]);
    const decoded: unknown = JSON.parse(ended.stdout);
    assert.deepEqual(decoded, [[pinnedNode, ...list], []]);
  });
});
